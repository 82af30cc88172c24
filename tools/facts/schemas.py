"""The CloudFormation resource schemas inside the Python package cfn-lint: the base of the facts."""

import importlib.metadata
import importlib.util
import json
import pathlib

MAXIMUM_DEPTH = 8
KEPT_CONSTRAINTS = ("enum", "const", "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems")


def load() -> tuple[str, dict[str, dict]]:
    """Gives the package's version and the schemas by type name, as AWS published them."""
    package = importlib.util.find_spec("cfnlint")
    if package is None or package.origin is None:
        raise SystemExit("cfn-lint isn't installed for this Python: see tools/facts/README.md")
    folder = pathlib.Path(package.origin).parent / "data" / "schemas" / "resources"
    schemas = {}
    for path in sorted(folder.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(schema, dict) and "typeName" in schema:
            schemas[schema["typeName"]] = schema
    return importlib.metadata.version("cfn-lint"), schemas


def pointers(schema: dict, key: str) -> list[str]:
    """A list of property pointers without the leading `/properties`, levels named `properties` or `items` taken out."""
    return sorted({normal(pointer) for pointer in schema.get(key, [])})


def normal(pointer: str) -> str:
    parts = [part for part in pointer.split("/") if part]
    if parts and parts[0] == "properties":
        parts = parts[1:]
    parts = ["*" if part in ("items", "[]") else part for part in parts if part != "properties"]
    return "/" + "/".join(parts)


def resolve(node: dict, definitions: dict) -> dict:
    """Follows `$ref` to a definition; keywords beside the reference stay."""
    for _ in range(MAXIMUM_DEPTH):
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/definitions/"):
            return node
        beside = {key: value for key, value in node.items() if key != "$ref"}
        node = {**definitions.get(reference.removeprefix("#/definitions/"), {}), **beside}
    return node


def outline(node: dict, definitions: dict, depth: int = 0) -> dict:
    """What is needed to make up a least valid value: the type, its constraints, and of an object the required parts."""
    node = resolve(node, definitions)
    kept = {key: node[key] for key in KEPT_CONSTRAINTS if key in node}
    kind = kind_of(node)
    if kind is None and depth < MAXIMUM_DEPTH:
        for alternatives in ("oneOf", "anyOf", "allOf"):
            for alternative in node.get(alternatives, []):
                found = outline(alternative, definitions, depth + 1)
                if "type" in found:
                    return {**found, **kept}
    if kind is not None:
        kept["type"] = kind
    if depth >= MAXIMUM_DEPTH:
        return kept
    if kind == "array" and isinstance(node.get("items"), dict):
        kept["items"] = outline(node["items"], definitions, depth + 1)
    if kind == "object":
        required = required_of(node)
        properties = node.get("properties", {})
        inner = {name: outline(properties[name], definitions, depth + 1) for name in required if name in properties}
        if required:
            kept["required"] = required
        if inner:
            kept["properties"] = inner
    return kept


def required_of(node: dict) -> list[str]:
    """The required names; where only alternatives are given, the first alternative's."""
    required = list(node.get("required", []))
    for alternatives in ("oneOf", "anyOf"):
        for alternative in node.get(alternatives, [])[:1]:
            if isinstance(alternative, dict):
                required += [name for name in alternative.get("required", []) if name not in required]
    for either in node.get("requiredXor", [])[:1] + node.get("requiredOr", [])[:1]:
        if either not in required:
            required.append(either)
    return required


def kind_of(node: dict) -> str | None:
    kind = node.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), None)
    if kind is None and "properties" in node:
        return "object"
    return kind


def kind_at(schema: dict, path: str) -> str:
    """The type at a property path, `string` where the schema doesn't say."""
    definitions = schema.get("definitions", {})
    node = {"type": "object", "properties": schema.get("properties", {})}
    for part in path.strip("/").split("/"):
        node = resolve(node, definitions)
        node = node.get("items", {}) if part == "*" else node.get("properties", {}).get(part, {})
        if not isinstance(node, dict):
            return "string"
    return kind_of(resolve(node, definitions)) or "string"


def free_form(schema: dict) -> list[str]:
    """The paths whose value is any JSON (a policy document, say): AWS compares such a value as a whole, not leaf by leaf."""
    definitions = schema.get("definitions", {})
    found: list[str] = []

    def walk(node: dict, path: str, above: tuple[str, ...]) -> None:
        reference = node.get("$ref", "")
        if reference in above or len(above) > MAXIMUM_DEPTH:
            return
        above = (*above, reference) if reference else above
        node = resolve(node, definitions)
        kinds = node.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        nested = node.get("properties", {})
        patterns = node.get("patternProperties", {})
        others = node.get("additionalProperties")
        alternatives = [each for key in ("oneOf", "anyOf") for each in node.get(key, []) if isinstance(each, dict)]
        if "object" in kinds and path and not nested and not patterns and not isinstance(others, dict) and not alternatives:
            found.append(path)
            return
        for name, inner in nested.items():
            if isinstance(inner, dict):
                walk(inner, f"{path}/{name}", above)
        for inner in [*patterns.values(), others, node.get("items")]:
            if isinstance(inner, dict):
                walk(inner, f"{path}/*", above)
        for inner in alternatives:
            walk(inner, path, above)

    walk({"type": "object", "properties": schema.get("properties", {})}, "", ())
    return sorted(set(found))
