"""Searching over HTTP: by page and by block, in what one may see."""

from typing import Any

import pytest

from tests.integration.api.caller import Caller, made, paths, problem

SEARCH = "/documents/search"
ROOM = "Конференц-зал"


def _hits(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    return made(caller.get(SEARCH, params=query))["items"]


def test_blocks_are_found_with_snippet_and_boxes(owner: Caller, plan: str) -> None:
    hits = _hits(owner, query=ROOM, document_ids=[plan])

    best = hits[0]
    assert (best["document_id"], best["page_no"]) == (plan, 1)
    assert ROOM in best["snippet"]
    assert best["block_id"] in {block["id"] for block in made(owner.get(f"/documents/{plan}/blocks"))["items"]}
    assert all(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 for x0, y0, x1, y1 in best["boxes"])
    assert best["boxes"]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_pages_are_found_without_a_block(owner: Caller, plan: str) -> None:
    hits = _hits(owner, query=ROOM, document_ids=[plan], level="page")

    assert [(hit["document_id"], hit["page_no"], hit["block_id"]) for hit in hits] == [(plan, 1, None)]


def test_a_limit_bounds_the_hits(owner: Caller, plan: str) -> None:
    assert len(_hits(owner, query="помещение воздух клапан", document_ids=[plan], limit=2)) == 2


def test_words_are_found_in_other_forms_and_cases(owner: Caller, plan: str) -> None:
    forms = ["конференц-зала", "КОНФЕРЕНЦ-ЗАЛ", "конференц-залу"]

    assert all(_hits(owner, query=form, document_ids=[plan]) for form in forms)


def test_a_designation_is_not_another_that_begins_alike(anna: Caller) -> None:
    text = "Система В2 обслуживает кухню.".encode()
    document = anna.read_document("В2.txt", text, "text/plain")["document_id"]

    assert [hit["document_id"] for hit in _hits(anna, query="В2")] == [document]
    assert _hits(anna, query="В21") == []


@pytest.mark.parametrize("query", ["ы", "!!!", "\u202e", "%00", "\\", "a" * 2000, "\U0001f4d0"])
def test_a_query_without_a_known_word_finds_nothing(owner: Caller, plan: str, query: str) -> None:
    assert _hits(owner, query=query, document_ids=[plan]) == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"query": "a" * 2001}, "query:query"),
        ({"query": ""}, "query:query"),
        ({"query": "a", "limit": 0}, "query:limit"),
        ({"query": "a", "limit": 101}, "query:limit"),
        ({"query": "a", "level": "line"}, "query:level"),
    ],
)
def test_a_search_that_is_none_is_refused(anna: Caller, query: dict[str, Any], path: str) -> None:
    assert paths(problem(anna.get(SEARCH, params=query), 422)) == [path]


def test_of_several_documents_the_hidden_ones_are_named(anna: Caller, plan: str) -> None:
    own = anna.read_document("а.txt", "Конференц-зал".encode(), "text/plain")["document_id"]

    body = problem(anna.get(SEARCH, params={"query": ROOM, "document_ids": [own, plan]}), 404)

    assert paths(body) == ["query:document_ids[1]"]


def test_who_has_no_documents_finds_nothing(anna: Caller, plan: str) -> None:
    assert _hits(anna, query=ROOM) == []
