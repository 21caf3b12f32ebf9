"""JSON Schemas as Gemini takes them in `responseJsonSchema`.

Quirks (the field's description in google-genai 3.3): only some keywords are supported; the order of properties is told
by the non-standard `propertyOrdering`, because an object on the wire has none; properties that are not required may be
left out, so that all are required here (empty lists and nulls cost few tokens, and the gate needs its fields).
"""

from typing import Any

_KEPT = frozenset(
    {
        "type",
        "format",
        "description",
        "enum",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "anyOf",
        "additionalProperties",
    }
)


def for_gemini(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of `workers.schemas.schema_of` with supported keywords only, every property required, in order."""
    kept = {key: _inner(value) for key, value in schema.items() if key in _KEPT}
    if "enum" in kept and "type" not in kept:
        kept["type"] = "string" if all(isinstance(value, str) for value in kept["enum"]) else "integer"
    if "prefixItems" in kept:
        kept = _as_list(kept)
    if "properties" in schema:
        names = list(schema["properties"])
        kept["properties"] = {name: for_gemini(value) for name, value in schema["properties"].items()}
        kept["required"] = names
        kept["propertyOrdering"] = names
    return kept


def _inner(value: Any) -> Any:
    if isinstance(value, dict):
        return for_gemini(value)
    if isinstance(value, list):
        return [_inner(item) for item in value]
    return value


def _as_list(node: dict[str, Any]) -> dict[str, Any]:
    """A tuple of equal items, such as a box, as a list of that many; `items: false` is no schema for Gemini."""
    items = node["prefixItems"]
    if any(item != items[0] for item in items):
        return {key: value for key, value in node.items() if key != "items"}
    return {**{key: value for key, value in node.items() if key != "prefixItems"}, "items": items[0]}
