"""JSON Schemas as they are sent to providers."""

import json

import msgspec

from domain.answers import AnswerReply
from workers.schemas import schema_of


class Inner(msgspec.Struct):
    title: str
    default: int = 3


class Outer(msgspec.Struct):
    first: bool
    inner: Inner
    others: tuple[Inner, ...] = ()
    last: str | None = None


def test_a_schema_refers_to_nothing_outside_itself() -> None:
    assert "$ref" not in json.dumps(schema_of(AnswerReply))


def test_every_object_is_closed() -> None:
    schema = schema_of(Outer)

    assert schema["additionalProperties"] is False
    assert schema["properties"]["inner"]["additionalProperties"] is False
    assert schema["properties"]["others"]["items"]["additionalProperties"] is False


def test_fields_keep_their_order() -> None:
    names = list(schema_of(AnswerReply)["properties"])

    assert names.index("needs_more_evidence") < names.index("citations") < names.index("answer_markdown")


def test_fields_named_like_keywords_stay() -> None:
    assert list(schema_of(Outer)["properties"]["inner"]["properties"]) == ["title", "default"]


def test_the_answer_must_not_be_empty() -> None:
    assert schema_of(AnswerReply)["properties"]["answer_markdown"]["minLength"] == 1
