"""Writes crates/changeset/data/schemas.bin: what AWS's resource schemas demand of properties. See README.md beside this file."""

import argparse
import pathlib

import container
import schemas

# What a value is held against; everything else of a schema is for people or for other tools.
KEYWORDS = ("type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "required")
ALTERNATIVES = ("oneOf", "anyOf", "allOf")
DEFINITION = "#/definitions/"


def trimmed(node: object, used: set[str]) -> dict:
    """A schema as far as it demands something; adds the definitions that it refers to."""
    if not isinstance(node, dict):
        return {}
    kept = {key: node[key] for key in KEYWORDS if key in node}
    if isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"]]
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith(DEFINITION):
        kept["ref"] = reference.removeprefix(DEFINITION)
        used.add(kept["ref"])
    elif isinstance(reference, str) and reference.startswith("#/properties/"):
        # A few schemas refer to another property in place of a definition.
        kept["ref"] = reference
        used.add(reference)
    for key in ("properties", "patternProperties"):
        if isinstance(node.get(key), dict) and node[key]:
            kept[key] = {name: trimmed(inner, used) for name, inner in node[key].items()}
    if node.get("additionalProperties") is False:
        kept["closed"] = True
    elif isinstance(node.get("additionalProperties"), dict):
        kept["others"] = trimmed(node["additionalProperties"], used)
    if isinstance(node.get("items"), dict):
        kept["items"] = trimmed(node["items"], used)
    for key in ALTERNATIVES:
        choices = [trimmed(each, used) for each in node.get(key, []) if isinstance(each, dict)]
        if choices and all(choices):
            kept[key] = choices
    return kept


def record(schema: dict) -> dict:
    used: set[str] = set()
    top = trimmed({**schema, "type": "object"}, used)
    definitions: dict[str, dict] = {}
    while missing := used - set(definitions):
        for name in sorted(missing):
            path = name.removeprefix("#/properties/")
            node = schema["properties"].get(path, {}) if path != name else schema.get("definitions", {}).get(name, {})
            definitions[name] = trimmed(node, used)
    top["definitions"] = definitions
    return top


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=root / "crates" / "changeset" / "data" / "schemas.bin")
    arguments = parser.parse_args()

    version, base = schemas.load()
    records = {name: record(schema) for name, schema in base.items()}
    header = {"types": len(records), "sources": {"cfn-lint": version}, "disputed": 0}
    packed = container.pack(header, records, block_of=lambda name: name)
    arguments.output.write_bytes(packed)
    print(f"{len(records)} types, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
