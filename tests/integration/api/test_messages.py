"""Asking: what a message may say, the documents it is about, and being accepted once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

QUESTION = {"content": "Какой расход воздуха у системы П1?", "document_ids": []}


def _post(caller: Caller, chat_id: str, key: str, body: Any = QUESTION) -> Any:
    return caller.post(f"/chats/{chat_id}/messages", json=body, headers={"Idempotency-Key": key})


def test_a_message_is_accepted_with_the_links_to_its_job(anna: Caller) -> None:
    chat_id = anna.new_chat()

    response = anna.post(f"/chats/{chat_id}/messages", json=QUESTION)

    message = response.json()
    assert response.status_code == 202
    assert message.items() >= {"chat_id": chat_id, "role": "user", "message_type": "text", "status": "queued"}.items()
    assert message["content"] == QUESTION["content"]
    assert message["links"] == {
        "job": f"/jobs/{message['job_id']}",
        "events": f"/jobs/{message['job_id']}/events",
        "stream": f"/chats/{chat_id}/stream",
        "cancel": f"/jobs/{message['job_id']}/cancel",
    }
    assert made(anna.get(message["links"]["job"]))["chat_id"] == chat_id


@pytest.mark.parametrize("content", ["", "   ", "\n\t\u00a0", "в" * 32_001, None, 5])
def test_a_content_that_is_none_or_too_long_is_refused(anna: Caller, content: object) -> None:
    chat_id = anna.new_chat()

    body = problem(anna.post(f"/chats/{chat_id}/messages", json={"content": content}), 422, "invalid_input")

    assert paths(body) == ["$.content"]
    assert made(anna.get(f"/chats/{chat_id}/messages")) == []


def test_a_message_without_content_is_refused(anna: Caller) -> None:
    assert paths(problem(anna.post(f"/chats/{anna.new_chat()}/messages", json={}), 422)) == ["$.content"]


def test_the_longest_content_is_kept_as_it_was_sent(anna: Caller) -> None:
    content = ("Ё\u0301 \U0001f4d0 <b>&amp;</b> \u202e" + "в" * 32_000)[:32_000]
    chat_id = anna.new_chat()

    anna.ask(chat_id, content)

    assert made(anna.get(f"/chats/{chat_id}/messages"))[0]["content"] == content


@pytest.mark.parametrize(
    "field", ["document_ids", "attached_document_ids", "attached_file_ids", "compare_document_ids_a", "regions"]
)
def test_documents_and_files_that_are_not_there_are_named(anna: Caller, field: str) -> None:
    ids: list[Any] = [str(uuid4()), str(uuid4())]
    tail = ""
    if field == "regions":
        ids, tail = [{"document_id": document_id, "page_no": 1} for document_id in ids], ".document_id"
    chat_id = anna.new_chat()

    body = problem(anna.post(f"/chats/{chat_id}/messages", json={"content": "Что там?", field: ids}), 404, "not_found")

    shown = "document_ids" if field == "attached_document_ids" else field
    assert paths(body) == [f"$.{shown}[0]{tail}", f"$.{shown}[1]{tail}"]
    assert made(anna.get(f"/chats/{chat_id}/messages")) == []


def test_a_document_of_somebody_else_is_not_found(anna: Caller, plan: str) -> None:
    chat_id = anna.new_chat()

    response = anna.post(f"/chats/{chat_id}/messages", json={"content": "Что там?", "document_ids": [plan]})

    assert paths(problem(response, 404)) == ["$.document_ids[0]"]


def test_an_attached_file_makes_its_document_the_scope(anna: Caller, sql: Sql) -> None:
    uploaded = made(anna.upload("Записка.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain"))
    body = {"content": "Какой расход?", "attached_file_ids": [uploaded["id"]]}

    job_id = made(anna.post(f"/chats/{anna.new_chat()}/messages", json=body))["job_id"]

    payload = sql("select payload from jobs where id = $1::uuid", job_id)[0]["payload"]
    assert json.loads(payload)["scope"]["document_ids"] == [uploaded["document_id"]]


def test_the_same_key_and_message_are_accepted_once(anna: Caller) -> None:
    chat_id, key = anna.new_chat(), str(uuid4())

    first, second = _post(anna, chat_id, key), _post(anna, chat_id, key)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert len([m for m in made(anna.get(f"/chats/{chat_id}/messages")) if m["role"] == "user"]) == 1


@pytest.mark.parametrize("change", [{"content": "Другой вопрос?"}, {"document_ids": None}, {"client_id": "page"}])
def test_the_same_key_with_another_message_is_refused(anna: Caller, change: dict[str, Any]) -> None:
    chat_id, key = anna.new_chat(), str(uuid4())
    made(_post(anna, chat_id, key))

    problem(_post(anna, chat_id, key, {**QUESTION, **change}), 422, "idempotency_mismatch")


def test_the_same_key_in_another_chat_is_refused(anna: Caller) -> None:
    key = str(uuid4())
    made(_post(anna, anna.new_chat(), key))

    problem(_post(anna, anna.new_chat(), key), 422, "idempotency_mismatch")


def test_a_key_of_another_user_is_another_key(anna: Caller, boris: Caller) -> None:
    key = str(uuid4())
    made(_post(anna, anna.new_chat(), key))

    assert "idempotent-replayed" not in _post(boris, boris.new_chat(), key).headers


def test_a_refused_message_does_not_use_up_its_key(anna: Caller) -> None:
    chat_id, key = anna.new_chat(), str(uuid4())
    problem(_post(anna, chat_id, key, {**QUESTION, "document_ids": [str(uuid4())]}), 404)

    response = _post(anna, chat_id, key)

    assert response.status_code == 202
    assert "idempotent-replayed" not in response.headers


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_is_none_or_too_long_is_refused(anna: Caller, key: str) -> None:
    assert paths(problem(_post(anna, anna.new_chat(), key), 422)) == ["header:Idempotency-Key"]


def test_twenty_twins_at_once_are_one_job(anna: Caller, sql: Sql) -> None:
    chat_id, key = anna.new_chat(), str(uuid4())

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: _post(anna, chat_id, key), range(20)))

    assert {answer.status_code for answer in answers} == {202}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert sql("select count(*) from jobs where chat_id = $1::uuid", chat_id)[0][0] == 1


def test_messages_at_once_get_their_places_one_after_another(anna: Caller) -> None:
    chat_id = anna.new_chat()

    with ThreadPoolExecutor(10) as pool:
        jobs = list(pool.map(lambda number: anna.ask(chat_id, f"Вопрос {number}")["job_id"], range(10)))
    for job_id in jobs:
        assert anna.ended(job_id)["status"] == "succeeded"

    messages = made(anna.get(f"/chats/{chat_id}/messages"))
    asked = [message["job_id"] for message in messages if message["role"] == "user"]
    told = [message["job_id"] for message in messages if message["role"] == "assistant"]
    assert sorted(asked) == sorted(jobs)
    assert told == asked
