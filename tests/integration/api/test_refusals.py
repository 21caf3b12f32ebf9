"""How requests are refused: one shape for every fault, in the caller's language, and never more than was asked."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import ORIGIN, Sql

NOBODYS_ID = "5816d344-2359-4250-b3ab-344cdd068d57"

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/nope", "/chats/not-a-uuid", f"/chats/{NOBODYS_ID}/nope", "/%2e%2e/me", "/%00"])
def test_an_unknown_path_is_not_found(anna: Caller, path: str) -> None:
    problem(anna.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "HEAD", "QUERY"])
def test_a_method_that_a_path_does_not_know_is_refused(anna: Caller, method: str) -> None:
    response = anna.request(method, "/me")

    assert response.status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'title': 1}", b"\xff\xfe", b'{"title": "\xd0"}', b'{"title": "\\ud800"}', b"nul", b"[" * 10_000],
    ids=["cut", "single quotes", "bytes", "broken utf-8", "lone surrogate", "no literal", "deep"],
)
def test_malformed_json_is_a_bad_request(anna: Caller, body: bytes) -> None:
    assert paths(problem(anna.post("/chats", content=body, headers=JSON), 400, "bad_request")) == ["$"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", "$"),
        (b"[]", "$"),
        (b"null", "$"),
        (b'"x"', "$"),
        (b'{"title": 1}', "$.title"),
        (b'{"title": ""}', "$.title"),
    ],
)
def test_json_that_does_not_fit_names_the_place(anna: Caller, body: bytes, path: str) -> None:
    assert paths(problem(anna.post("/chats", content=body, headers=JSON), 422, "invalid_input")) == [path]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("/chats?limit=0", "query:limit"),
        ("/chats?limit=many", "query:limit"),
        (f"/chats?offset={10**30}", "query:offset"),
        ("/jobs?status=lost", "query:status"),
        ("/jobs?cursor=1", "query:cursor"),
        ("/documents/search", "query:query"),
        ("/documents/search?query=", "query:query"),
        ("/documents/search?query=a&level=line", "query:level"),
        ("/documents/search?query=a&document_ids=1", "query:document_ids"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(anna: Caller, query: str, path: str) -> None:
    assert [fault.split("[")[0] for fault in paths(problem(anna.get(query), 422))] == [path]


def test_text_with_a_null_character_is_refused(anna: Caller) -> None:
    chat_id = anna.new_chat()

    problem(anna.post("/chats", json={"title": "a\0b"}), 422, "invalid_input")
    problem(anna.patch(f"/chats/{chat_id}", json={"description": "a\0b"}), 422, "invalid_input")
    problem(anna.post(f"/chats/{chat_id}/messages", json={"content": "a\0b"}), 422, "invalid_input")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Not found."),
        ("en-GB,en;q=0.9,ru;q=0.5", "Not found."),
        ("ru", "Не найдено."),
        ("de", "Не найдено."),
        ("", "Не найдено."),
    ],
)
def test_the_words_are_in_the_callers_language(anna: Caller, language: str, words: str) -> None:
    headers = {"Accept-Language": language}

    assert problem(anna.get(f"/chats/{uuid4()}", headers=headers), 404)["detail"] == words
    assert problem(anna.get("/nope", headers=headers), 404)["detail"] == words


def test_every_answer_has_an_id_of_its_own(anna: Caller, nobody: Caller) -> None:
    answers = [anna.get("/me"), anna.get("/me"), anna.get("/nope"), nobody.get("/me"), nobody.get("/health")]

    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


def test_a_body_of_two_megabytes_is_read_and_a_larger_one_refused(anna: Caller) -> None:
    def body(size: int) -> bytes:
        return b'{"description": ""' + b" " * (size - 19) + b"}"

    made(anna.post("/chats", content=body(2 * MIB), headers=JSON))

    problem(anna.post("/chats", content=body(2 * MIB + 1), headers=JSON), 413, "too_large")


def test_a_large_body_without_a_length_is_refused_too(anna: Caller) -> None:
    pieces = (b"x" * 65536 for _ in range(64))

    problem(anna.post("/chats", content=pieces, headers=JSON), 413, "too_large")


def test_more_ids_than_a_statement_takes_are_refused(anna: Caller) -> None:
    ids = [str(uuid4()) for _ in range(40_000)]

    assert paths(problem(anna.post("/chats", json={"document_ids": ids}), 422)) == ["$.document_ids"]


def test_a_listed_origin_may_call_and_another_may_not(anna: Caller) -> None:
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    allowed = anna.request("OPTIONS", "/chats", headers={"Origin": ORIGIN, **preflight})
    refused = anna.request("OPTIONS", "/chats", headers={"Origin": "https://evil.example", **preflight})

    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in refused.headers


def test_a_page_of_a_listed_origin_can_read_refusals(nobody: Caller) -> None:
    response = nobody.get("/me", headers={"Origin": ORIGIN})

    problem(response, 401)
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in response.headers["access-control-expose-headers"]


def test_a_foreign_chat_looks_like_a_missing_one(anna: Caller, boris: Caller) -> None:
    foreign, missing = boris.new_chat(), str(uuid4())

    for method, tail, body in [
        ("GET", "", None),
        ("PATCH", "", {"title": "Чужой"}),
        ("DELETE", "", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"content": "Что здесь?"}),
        ("GET", "/stream", None),
    ]:
        answers = [anna.request(method, f"/chats/{chat_id}{tail}", json=body) for chat_id in (foreign, missing)]
        bodies = [problem(answer, 404) for answer in answers]
        for answer, body_ in zip(answers, bodies, strict=True):
            body_.pop("instance"), body_.pop("trace_id")
            assert answer.headers.keys() == answers[0].headers.keys()
        assert bodies[0] == bodies[1]


def test_a_full_queue_refuses_before_anything_is_written(sql: Sql, anna: Caller) -> None:
    """A thousand waiting jobs are more than the queue takes; they are not due for an hour."""
    chat_id = anna.new_chat()
    filler = """
        insert into jobs (id, user_id, family, mode, queue, payload, run_at, last_seq)
        select gen_random_uuid(), $1, 'probe', '', 'interactive', '{}', now() + interval '1 hour', 0
        from generate_series(1, 1000)
    """
    sql(filler, anna.user_id)

    try:
        response = anna.post(f"/chats/{chat_id}/messages", json={"content": "Кто последний?"})
    finally:
        sql("delete from jobs where family = 'probe' and user_id = $1", anna.user_id)

    problem(response, 429, "queue_full")
    assert int(response.headers["retry-after"]) >= 1
    assert made(anna.get(f"/chats/{chat_id}/messages")) == []


def test_many_requests_at_once_are_all_answered(anna: Caller) -> None:
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: anna.get("/chats").status_code, range(200)))

    assert set(statuses) == {httpx.codes.OK}
