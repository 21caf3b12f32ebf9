"""JSON Schemas of our structs as model providers take them: self-contained, closed, in field order."""

from typing import Any

import msgspec


def schema_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of `struct` with every reference replaced by what it names, and `additionalProperties` false.

    Properties keep the order of the fields: models write them in that order (DESIGN §7). Structs that contain
    themselves are not supported: RecursionError.
    """
    (root,), definitions = msgspec.json.schema_components([struct], ref_template="{name}")
    return _closed(root, definitions)


def _closed(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_closed(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_closed(definitions[node["$ref"]], definitions), **rest}
    closed = {
        key: _properties(value, definitions) if key == "properties" else _closed(value, definitions)
        for key, value in node.items()
        if key not in ("default", "title")
    }
    if closed.get("type") == "object" and "properties" in closed:
        closed["additionalProperties"] = False
    return closed


def _properties(properties: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Names of fields are not keywords: a field called `title` or `default` stays."""
    return {name: _closed(value, definitions) for name, value in properties.items()}
