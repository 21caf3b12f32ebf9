"""The growing text of one field of a JSON object, whatever the cuts between chunks."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.json_stream import JsonTextField

# Lone surrogates cannot be written to JSON as UTF-8; every other character may occur in an answer.
# NUL is replaced: PostgreSQL cannot hold it.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


def fed(reply: str, cuts: list[int]) -> str:
    stream = JsonTextField("answer")
    borders = sorted({0, len(reply), *(cut % (len(reply) + 1) for cut in cuts)})
    return "".join(stream.feed(reply[start:end]) for start, end in pairwise(borders))


@given(answer=TEXTS, other=TEXTS, ascii_only=st.booleans(), cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_the_field_comes_out_whole_however_the_reply_is_cut(
    answer: str, other: str, ascii_only: bool, cuts: list[int]
) -> None:
    reply = json.dumps({"citations": [{"answer": other}], "answer": answer, "x": other}, ensure_ascii=ascii_only)

    assert fed(reply, cuts) == answer


@given(answer=TEXTS)
def test_every_letter_is_given_as_soon_as_it_has_come(answer: str) -> None:
    stream = JsonTextField("answer")
    head = stream.feed('{"answer": "')

    grown = [stream.feed(letter) for letter in json.dumps(answer, ensure_ascii=False)[1:-1]]

    assert head == ""
    assert "".join(grown) == answer


def test_a_pair_of_surrogates_split_over_two_chunks_is_one_character() -> None:
    stream = JsonTextField("answer")

    pieces = [stream.feed(part) for part in ('{"answer": "a\\ud8', "3d", "\\ude0", '0b"}')]

    assert pieces == ["a", "", "", "😀b"]


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert fed('{"answer": "a\\ud83dz"}', []) == "a\ufffdz"


def test_an_equally_named_field_of_a_nested_object_is_not_taken() -> None:
    assert fed('{"a": {"answer": "no"}, "b": ["answer", {"answer": "no"}], "answer": "yes"}', []) == "yes"


def test_a_value_equal_to_the_field_name_is_not_taken_for_the_name() -> None:
    assert fed('{"a": "answer", "answer": "yes", "b": "no"}', []) == "yes"


@pytest.mark.parametrize("opening", ["```json\n", "Here is the JSON: "], ids=["fence", "preamble"])
def test_what_stands_before_the_object_is_skipped(opening: str) -> None:
    assert fed(opening + '{"answer": "yes"}\n```', []) == "yes"


def test_a_field_that_is_no_string_gives_nothing() -> None:
    assert fed('{"answer": {"text": "no"}, "x": 1}', []) == ""
