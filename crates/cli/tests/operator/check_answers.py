"""Holds what commands print against the schemas that the program prints.

Standard input: {"schemas": {id: schema}, "documents": [{"command", "document"}]}.
"""

import json
import re
import sys

from jsonschema import Draft202012Validator

# AWS's own form of a change set; and the members of its expectations and risks, which others' scripts read since the first releases.
AWS = {"Changes", "logical_id", "resource_type", "differs_from_aws", "changed_properties"}


def strict(schema):
    """The same schema that takes no member of which it says nothing."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(one) for name, one in schema.items()}
    # What stands beside a choice is common to all of it.
    if isinstance(made.get("properties"), dict) and made.get("type") != "string":
        made.setdefault("unevaluatedProperties", False)
    for choice in ("oneOf", "anyOf"):
        for one in made.get(choice, []):
            if isinstance(one, dict) and "properties" in made:
                one.pop("unevaluatedProperties", None)
    return made


def beside_members(schema, found):
    """Definitions that have more members where they are named."""
    if isinstance(schema, list):
        for one in schema:
            beside_members(one, found)
    elif isinstance(schema, dict):
        if "$ref" in schema and "properties" in schema:
            found.add(schema["$ref"].rsplit("/", 1)[-1])
        for one in schema.values():
            beside_members(one, found)


def strict_whole(schema):
    found = set()
    beside_members(schema, found)
    made = strict(schema)
    for name in found:
        made["$defs"][name].pop("unevaluatedProperties", None)
    return made


def badly_named(schema, at, found):
    """Names that are Rust's, and tuples."""
    if isinstance(schema, list):
        for number, one in enumerate(schema):
            badly_named(one, f"{at}/{number}", found)
    elif isinstance(schema, dict):
        for name in schema.get("properties", {}):
            if isinstance(schema["properties"], dict) and not re.fullmatch("[a-z][A-Za-z0-9]*", name) and name not in AWS:
                found.append(f"{at}: the member {name}")
        words = [*schema["enum"]] if isinstance(schema.get("enum"), list) else []
        words += [schema["const"]] if isinstance(schema.get("const"), str) else []
        for word in words:
            if not re.fullmatch("[a-z0-9/-]+", str(word)):
                found.append(f"{at}: the word {word}")
        if "prefixItems" in schema:
            found.append(f"{at}: a tuple")
        for name, one in schema.items():
            badly_named(one, f"{at}/{name}", found)


told = json.load(sys.stdin)
wrong = []
for name, schema in told["schemas"].items():
    Draft202012Validator.check_schema(schema)
    badly_named(schema, name, wrong)
checkers = {name: Draft202012Validator(strict_whole(schema)) for name, schema in told["schemas"].items()}
for one in told["documents"]:
    document = one["document"]
    for error in checkers[document["schema"]].iter_errors(document):
        wrong.append(f"{one['command']}: {error.json_path}: {error.message[:400]}")
for line in wrong:
    print(line)
print(f"{len(told['documents'])} documents of {len(told['schemas'])} schemas")
sys.exit(bool(wrong))
