"""Is the document valid OpenAPI, and does a conversation (JSON on standard input) keep to it?"""

import json
import re
import sys
from urllib.parse import parse_qs

import yaml
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

document = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
validate(document)

registry = Registry().with_resource("urn:contract", Resource(document, DRAFT202012))


def follow(node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def absolute(schema):
    """The schema with its references made absolute, so that it can stand alone."""
    if isinstance(schema, dict):
        return {
            key: "urn:contract" + value if key == "$ref" else absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [absolute(each) for each in schema]
    return schema


def check(where, schema, value):
    validator = OAS31Validator(absolute(schema), registry=registry, format_checker=oas31_format_checker)
    for error in validator.iter_errors(value):
        sys.exit(f"{where}: {error.json_path}: {error.message}")


def content(where, described, media_type, value):
    offered = described.get("content", {})
    if not offered:
        if value is not None:
            sys.exit(f"{where}: a body where none is described")
        return
    if media_type not in offered:
        sys.exit(f"{where}: {media_type} is not described")
    check(where, offered[media_type]["schema"], value)


used = set()
conversation = json.load(sys.stdin)
for said in conversation:
    for template, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), said["path"]) and said["method"] in operations:
            operation = operations[said["method"]]
            break
    else:
        sys.exit(f"{said['method']} {said['path']}: no such operation")
    where = f"{operation['operationId']} {said['status']}"
    used.add(operation["operationId"])
    known = {follow(each)["name"]: follow(each) for each in operation.get("parameters", [])}
    for name, values in parse_qs(said["query"], strict_parsing=bool(said["query"])).items():
        if name not in known or known[name]["in"] != "query":
            sys.exit(f"{where}: the query parameter {name} is not described")
        for value in values:
            check(where, known[name]["schema"], value)
    if "requestBody" in operation:
        content(f"{where} request", follow(operation["requestBody"]), "application/json", said["request"])
    elif said["request"] is not None:
        sys.exit(f"{where}: a request body where none is described")
    responses = operation["responses"]
    described = responses.get(str(said["status"]))
    if described is None:
        sys.exit(f"{where}: the status is not described")
    content(where, follow(described), said["media_type"], said["response"])

every = {op["operationId"] for ops in document["paths"].values() for op in ops.values()}
if used != every:
    sys.exit(f"never used: {sorted(every - used)}")
print(f"{len(conversation)} exchanges, {len(used)} operations")
