"""What Gemini is told and what its errors mean, without a wire."""

from typing import Any, Literal

import msgspec
import pytest

from domain.errors import ProviderLimited
from workers.gemini.faults import fault_of, redacted
from workers.gemini.models import capabilities_of
from workers.gemini.schemas import for_gemini
from workers.schemas import schema_of


class Spot(msgspec.Struct):
    box: tuple[float, float, float, float] | None = None
    kind: Literal["text", "image"] = "text"
    title: str = ""


class Reply(msgspec.Struct):
    enough: bool = True
    spots: tuple[Spot, ...] = ()
    text: str = ""


SUPPORTED = {
    *("type", "format", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum", "maximum"),
    *("anyOf", "properties", "additionalProperties", "required", "propertyOrdering"),
}


def keywords_of(schema: Any) -> set[str]:
    """Every keyword of a schema; names of properties are none."""
    if isinstance(schema, list):
        return set().union(*map(keywords_of, schema))
    if not isinstance(schema, dict):
        return set()
    inner = {key: list(value.values()) if key == "properties" else value for key, value in schema.items()}
    return set(schema).union(*map(keywords_of, inner.values()))


def test_only_keywords_that_gemini_supports_are_sent() -> None:
    assert keywords_of(for_gemini(schema_of(Reply))) <= SUPPORTED


def test_every_object_tells_the_order_of_its_fields_and_wants_them_all() -> None:
    schema = for_gemini(schema_of(Reply))
    spot = schema["properties"]["spots"]["items"]

    assert schema["propertyOrdering"] == schema["required"] == ["enough", "spots", "text"]
    assert spot["propertyOrdering"] == spot["required"] == ["box", "kind", "title"]


def test_a_box_is_a_list_of_four_numbers_or_nothing() -> None:
    spot = for_gemini(schema_of(Spot))

    box = {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}}
    assert spot["properties"]["box"]["anyOf"] == [box, {"type": "null"}]


def test_choices_are_told_with_their_type() -> None:
    assert for_gemini(schema_of(Spot))["properties"]["kind"] == {"enum": ["image", "text"], "type": "string"}


def test_a_picture_costs_more_at_a_higher_resolution() -> None:
    tokens = capabilities_of("gemini-3-flash-preview").image_tokens

    assert tokens["low"] < tokens["medium"] < tokens["high"] == 1120


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("12", 12.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0), ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0), ("soon", 10.0)],
    ids=["seconds", "date", "past_date", "nonsense"],
)
def test_a_wait_may_be_told_in_seconds_or_as_a_date(header: str, wait_s: float) -> None:
    fault = fault_of(429, {}, retry_after=header, now_s=60.0)

    assert isinstance(fault, ProviderLimited)
    assert fault.retry_after_s == wait_s


@pytest.mark.parametrize(
    "body",
    [None, [], "text", {"error": "text"}, {"error": {"details": "none"}}],
    ids=["nothing", "empty", "text", "error_as_text", "details_as_text"],
)
def test_a_body_of_any_shape_is_a_typed_fault(body: Any) -> None:
    assert fault_of(503, body).retryable


def test_keys_of_any_kind_are_blanked() -> None:
    message = redacted("Consumer 'api_key:AIzaSyA0000000000000000000000' and AIzaSyA0000000000000000000000")

    assert message == "Consumer '***' and ***"
