"""One record a resource type, from the schema (the base) and the service specification (the second opinion)."""

import schemas

ALWAYS, CONDITIONALLY, NEVER = "Always", "Conditionally", "Never"
FROM_SPECIFICATION = {"yes": ALWAYS, "maybe": CONDITIONALLY}


def record(schema: dict, second: dict | None) -> dict:
    """Keys are left out where they would be empty, so that a record stays small."""
    definitions = schema.get("definitions", {})
    required = schemas.required_of(schema)
    read_only = schemas.pointers(schema, "readOnlyProperties")
    create_only = schemas.pointers(schema, "createOnlyProperties")
    conditional = schemas.pointers(schema, "conditionalCreateOnlyProperties")
    made = {
        "properties": {name: property_record(node, definitions, name in required) for name, node in sorted(schema.get("properties", {}).items())},
        "required": required,
        "create_only": create_only,
        "conditional_create_only": conditional,
        "read_only": {path.strip("/").replace("/", "."): schemas.kind_at(schema, path) for path in read_only},
        "free_form": schemas.free_form(schema),
        "write_only": schemas.pointers(schema, "writeOnlyProperties"),
        "primary_identifier": [path.strip("/").replace("/", ".") for path in map(schemas.normal, schema.get("primaryIdentifier", []))],
        "reference": (second or {}).get("reference", []),
        "replacement_strategy": schema.get("replacementStrategy"),
        "handlers": {name: handler(each) for name, each in sorted(schema.get("handlers", {}).items())},
        "tagging": tagging(schema),
        "stateful_in_second": bool(second and second["stateful"]),
        "disputed": disputed(schema, second, create_only, conditional) if second else {},
        "known_to_second": second is not None,
    }
    return {key: value for key, value in made.items() if value not in ({}, [], None, False)}


def property_record(node: dict, definitions: dict, required: bool) -> dict:
    if required:
        return schemas.outline(node, definitions)
    node = schemas.resolve(node, definitions)
    kind = schemas.kind_of(node) or schemas.outline(node, definitions).get("type")
    kept = {"type": kind} if kind else {}
    if kind == "array":
        inner = node.get("items")
        inner_kind = schemas.kind_of(schemas.resolve(inner, definitions)) if isinstance(inner, dict) else None
        if inner_kind:
            kept["items"] = {"type": inner_kind}
    return kept


def handler(schema: dict) -> dict:
    kept = {"permissions": sorted(set(schema.get("permissions", [])))}
    if "timeoutInMinutes" in schema:
        kept["timeout_minutes"] = schema["timeoutInMinutes"]
    return kept


def tagging(schema: dict) -> dict:
    """The schema's own words; the older form is the single boolean `taggable`."""
    said = schema.get("tagging")
    if said is None:
        taggable = schema.get("taggable", "Tags" in schema.get("properties", {}))
        return {"taggable": taggable, "property": "/Tags"} if taggable else {}
    if not said.get("taggable", True):
        return {}
    return {
        "taggable": True,
        "property": schemas.normal(said.get("tagProperty", "/properties/Tags")),
        "on_create": said.get("tagOnCreate", True),
        "updatable": said.get("tagUpdatable", True),
        "system_tags": said.get("cloudFormationSystemTags", True),
        "permissions": sorted(said.get("permissions", [])),
    }


def disputed(schema: dict, second: dict, create_only: list[str], conditional: list[str]) -> dict:
    """Top-level properties on which the two sources differ: path to [schema's word, second opinion's word].

    Only the top level is compared: the second source marks nested properties on shared type definitions, so the path is lost.
    """
    differing = {}
    for name in sorted(schema.get("properties", {})):
        path = "/" + name
        if name not in second["properties"] or path in schemas.pointers(schema, "readOnlyProperties"):
            continue
        first_word = ALWAYS if path in create_only else CONDITIONALLY if path in conditional else NEVER
        second_word = FROM_SPECIFICATION.get(second["replacements"].get(path), NEVER)
        nested = any(each.startswith(path + "/") for each in create_only + conditional)
        if first_word != second_word and not nested:
            differing[path] = [first_word, second_word]
    return differing
