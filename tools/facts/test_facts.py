"""Run with `python -m unittest discover -s tools/facts`; needs neither cfn-lint nor a network."""

import json
import struct
import unittest
import zlib

import container
import merge
import schemas
import validations

SCHEMA = {
    "typeName": "AWS::Lab::Thing",
    "properties": {
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Kind": {"type": "string", "enum": ["A", "B"]},
        "Nested": {"$ref": "#/definitions/Nested"},
        "Policy": {"type": ["object", "string"]},
        "Arn": {"type": "string"},
        "Tags": {"type": "array", "items": {"$ref": "#/definitions/Tag"}},
    },
    "definitions": {
        "Nested": {"type": "object", "required": ["Deep"], "properties": {"Deep": {"type": "integer"}, "Again": {"$ref": "#/definitions/Nested"}}},
        "Tag": {"type": "object", "properties": {"Key": {"type": "string"}}},
    },
    "required": ["Kind", "Nested"],
    "createOnlyProperties": ["/properties/Name", "/properties/Nested/Deep"],
    "readOnlyProperties": ["/properties/Arn"],
    "handlers": {"create": {"permissions": ["lab:Create", "lab:Create"], "timeoutInMinutes": 9}},
}
SECOND = {
    "properties": ["Name", "Kind", "Nested", "Policy"],
    "replacements": {"/Name": "yes", "/Kind": "maybe", "/Nested/Deep": "yes"},
    "reference": ["Name"],
    "stateful": True,
}


class Records(unittest.TestCase):
    def setUp(self) -> None:
        self.record = merge.record(SCHEMA, SECOND)

    def test_paths_lose_their_prefix_and_name_list_items_with_a_star(self) -> None:
        cases = {"/properties/A": "/A", "/properties/A/properties/B": "/A/B", "/properties/A/*/B": "/A/*/B", "/properties/A/items/B": "/A/*/B"}
        for pointer, path in cases.items():
            self.assertEqual(schemas.normal(pointer), path)

    def test_a_required_property_keeps_what_it_takes_to_make_one_up(self) -> None:
        self.assertEqual(self.record["properties"]["Kind"], {"enum": ["A", "B"], "type": "string"})
        nested = {"type": "object", "required": ["Deep"], "properties": {"Deep": {"type": "integer"}}}
        self.assertEqual(self.record["properties"]["Nested"], nested)
        self.assertEqual(self.record["properties"]["Name"], {"type": "string"})

    def test_only_a_differing_top_level_property_is_disputed(self) -> None:
        self.assertEqual(self.record["disputed"], {"/Kind": ["Never", "Conditionally"]})

    def test_any_json_is_found_and_a_circle_of_definitions_ends(self) -> None:
        self.assertEqual(self.record["free_form"], ["/Policy"])

    def test_permissions_come_once_and_empty_parts_not_at_all(self) -> None:
        self.assertEqual(self.record["handlers"], {"create": {"permissions": ["lab:Create"], "timeout_minutes": 9}})
        self.assertNotIn("write_only", self.record)


class Validations(unittest.TestCase):
    def test_what_demands_something_is_kept_and_nothing_else(self) -> None:
        schema = {
            "description": "D", "additionalProperties": False, "required": ["A"],
            "properties": {"A": {"$ref": "#/definitions/One", "description": "d"}, "B": {"type": "string", "default": "x"}},
            "definitions": {"One": {"type": "array", "items": {"$ref": "#/definitions/Two"}}, "Two": {"pattern": "^a"}, "Unused": {}},
        }
        self.assertEqual(validations.record(schema), {
            "type": ["object"], "required": ["A"], "closed": True,
            "properties": {"A": {"ref": "One"}, "B": {"type": ["string"]}},
            "definitions": {"One": {"type": ["array"], "items": {"ref": "Two"}}, "Two": {"pattern": "^a"}},
        })


class Container(unittest.TestCase):
    def test_what_is_packed_can_be_found_through_the_index(self) -> None:
        records = {"AWS::A::One": {"x": 1}, "AWS::A::Two": {"y": "ä"}, "AWS::B::One": {}}
        packed = container.pack({"types": 3}, records)
        self.assertTrue(packed.startswith(container.MAGIC + bytes([container.VERSION])))
        start = len(container.MAGIC) + 1
        (length,) = struct.unpack(">I", packed[start : start + 4])
        index = zlib.decompress(packed[start + 4 : start + 4 + length], -15).decode()
        blocks = packed[start + 4 + length :]
        header, *lines = index.splitlines()
        self.assertEqual(json.loads(header), {"types": 3})
        found, block = {}, b""
        for line in lines:
            name, type_name, offset, size = ([*line.split("\t"), ""])[:4] if line.startswith("\t") else (line.split("\t")[0], None, *map(int, line.split("\t")[1:]))
            if type_name is None:
                block = zlib.decompress(blocks[offset : offset + size], -15)
            else:
                found[type_name] = json.loads(block[int(offset) : int(offset) + int(size)])
        self.assertEqual(found, records)


if __name__ == "__main__":
    unittest.main()
