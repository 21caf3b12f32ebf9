"""The chat's live view as Server-Sent Events: the former systems' names, resuming, and scopes that come late."""

import json
import time
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from launch.stack import Stack
from tests.integration.api.caller import Caller, Frame, access_token, made, paths, problem
from tests.integration.api.conftest import Sql

NOBODYS_ID = "5816d344-2359-4250-b3ab-344cdd068d57"

NAMES = {
    "queue_position",
    "processing_started",
    "phase_started",
    "phase_progress",
    "phase_completed",
    "llm_token",
    "llm_thinking",
    "llm_final",
    "tool_call",
    "image_ready",
    "error",
    "completed",
}
"""spec/aizoomdoc.md §1.2."""


def _stream(message: dict[str, Any]) -> str:
    return f"/chats/{message['chat_id']}/stream"


def _logged(frames: list[Frame]) -> list[Frame]:
    """Without the places in line, which are of the moment."""
    return [frame for frame in frames if frame.event != "queue_position"]


@pytest.fixture(scope="module")
def replay(owner: Caller, answered: dict[str, Any]) -> list[Frame]:
    """All frames of the answered question."""
    return owner.frames(_stream(answered))


@pytest.fixture
def unscoped(anna: Caller) -> dict[str, Any]:
    """A message that waits for its scope."""
    return made(anna.post(f"/chats/{anna.new_chat()}/messages", json={"content": "Что в документе?"}))


def test_a_live_stream_tells_an_answer_from_start_to_end(anna: Caller) -> None:
    message = anna.ask(anna.new_chat())

    frames = _logged(anna.frames(_stream(message)))

    names = [frame.event for frame in frames]
    assert set(names) <= NAMES
    assert (names[0], names[-1]) == ("processing_started", "completed")
    assert names.count("completed") + names.count("error") == 1
    assert names.index("llm_token") < names.index("llm_final")
    assert frames[0].data == {"request_id": message["job_id"]}


def test_frames_carry_the_fields_of_the_former_systems(replay: list[Frame]) -> None:
    fields = {frame.event: set(frame.data) for frame in replay}

    assert fields["phase_started"] == {"phase", "description"}
    assert fields["phase_completed"] == {"phase"}
    assert fields["llm_token"] == {"token"}
    assert fields["llm_final"] >= {"content", "model"}
    assert fields["completed"] >= {"message"}


def test_the_tokens_add_up_to_the_stored_answer(owner: Caller, answered: dict[str, Any], replay: list[Frame]) -> None:
    stored = made(owner.get(f"/chats/{answered['chat_id']}/messages"))[-1]["content"]

    assert "".join(frame.data["token"] for frame in replay if frame.event == "llm_token") == stored
    assert [frame.data["content"] for frame in replay if frame.event == "llm_final"] == [stored]


def test_ids_are_the_job_and_a_growing_number(answered: dict[str, Any], replay: list[Frame]) -> None:
    jobs, numbers = zip(*(frame.id.split(":") for frame in replay), strict=True)

    assert set(jobs) == {answered["job_id"]}
    assert list(numbers) == sorted(set(numbers), key=int)


def test_a_finished_job_is_replayed_alike_as_often_as_asked(
    owner: Caller, answered: dict[str, Any], replay: list[Frame]
) -> None:
    assert owner.frames(_stream(answered)) == replay


def test_resuming_after_any_frame_gives_the_rest(owner: Caller, answered: dict[str, Any], replay: list[Frame]) -> None:
    for number, frame in enumerate(replay[:-1]):
        rest = owner.frames(_stream(answered), headers={"Last-Event-ID": frame.id})
        assert rest == replay[number + 1 :]


def test_the_id_may_come_in_the_address_and_wins(owner: Caller, answered: dict[str, Any], replay: list[Frame]) -> None:
    request: dict[str, Any] = {"params": {"after": replay[-2].id}, "headers": {"Last-Event-ID": replay[0].id}}

    assert owner.frames(_stream(answered), **request) == replay[-1:]


def test_after_the_last_frame_there_is_nothing(owner: Caller, answered: dict[str, Any], replay: list[Frame]) -> None:
    response = owner.get(_stream(answered), headers={"Last-Event-ID": replay[-1].id})

    assert (response.status_code, response.content) == (204, b"")


def test_a_chat_without_a_message_has_no_stream(anna: Caller) -> None:
    problem(anna.get(f"/chats/{anna.new_chat()}/stream"), 404, "not_found")


@pytest.mark.parametrize(
    "event_id",
    [
        "x",
        "1",
        ":1",
        f"{NOBODYS_ID}:x",
        f"{NOBODYS_ID}:{'9' * 5000}",
        f"{NOBODYS_ID}:-1",
    ],
)
def test_an_id_that_is_none_is_refused(owner: Caller, answered: dict[str, Any], event_id: str) -> None:
    problem(owner.get(_stream(answered), headers={"Last-Event-ID": event_id}), 422, "invalid_input")


def test_an_id_beyond_the_end_is_a_conflict(owner: Caller, answered: dict[str, Any]) -> None:
    problem(owner.get(_stream(answered), headers={"Last-Event-ID": f"{answered['job_id']}:9999"}), 409, "conflict")


def test_an_id_of_another_chats_job_is_not_found(anna: Caller, owner: Caller, answered: dict[str, Any]) -> None:
    message = anna.ask(anna.new_chat())

    problem(anna.get(_stream(message), headers={"Last-Event-ID": f"{answered['job_id']}:1"}), 404)
    problem(anna.get(_stream(message), headers={"Last-Event-ID": f"{uuid4()}:1"}), 404)


def test_a_new_stream_follows_the_newest_job_and_a_resumed_one_its_own(anna: Caller) -> None:
    chat_id = anna.new_chat()
    first = anna.ask(chat_id)
    whole = anna.frames(f"/chats/{chat_id}/stream")
    second = anna.ask(chat_id)

    assert {frame.id.split(":")[0] for frame in _logged(anna.frames(f"/chats/{chat_id}/stream"))} == {second["job_id"]}
    resumed = anna.frames(f"/chats/{chat_id}/stream", headers={"Last-Event-ID": _logged(whole)[-2].id})
    assert [frame.id.split(":")[0] for frame in resumed] == [first["job_id"]]


def test_a_cancelled_job_ends_the_stream_with_one_error(anna: Caller, unscoped: dict[str, Any]) -> None:
    made(anna.post(f"/jobs/{unscoped['job_id']}/cancel"))

    assert [(frame.event, frame.data["code"]) for frame in anna.frames(_stream(unscoped))] == [("error", "cancelled")]


@pytest.mark.parametrize(("language", "words"), [("en", "Done."), ("ru", "Готово.")])
def test_descriptions_are_in_the_callers_language(
    owner: Caller, answered: dict[str, Any], language: str, words: str
) -> None:
    frames = owner.frames(_stream(answered), headers={"Accept-Language": language})

    assert frames[-1].data["message"] == words


def test_the_stream_begins_at_once_and_may_not_be_buffered(anna: Caller, unscoped: dict[str, Any]) -> None:
    with anna.http.stream("GET", _stream(unscoped)) as response:
        first = next(response.iter_raw())

    assert first.startswith(b"retry: ")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["cache-control"] == "no-store"


def test_a_message_without_a_scope_waits_and_then_runs_by_itself(anna: Caller, unscoped: dict[str, Any]) -> None:
    started = time.monotonic()

    frames = anna.frames(_stream(unscoped))

    assert time.monotonic() - started > 2
    assert frames[0].event == "queue_position"
    assert frames[-1].event == "completed"


def test_the_first_stream_request_brings_the_scope(owner: Caller, plan: str, sql: Sql) -> None:
    message = made(owner.post(f"/chats/{owner.new_chat()}/messages", json={"content": "Что в помещении 207?"}))
    started = time.monotonic()

    frames = owner.frames(_stream(message), params={"document_ids": [plan]})

    assert frames[-1].event == "completed"
    assert time.monotonic() - started < 3
    events = made(owner.get(message["links"]["events"], headers={"Accept": "application/json"}))["items"]
    scoped = [event["scope"] for event in events if event["event"] == "job.scoped"]
    assert [scope["document_ids"] for scope in scoped] == [[plan]]


def test_of_two_scopes_the_first_counts(owner: Caller, plan: str, sql: Sql) -> None:
    message = made(owner.post(f"/chats/{owner.new_chat()}/messages", json={"content": "Что в помещении 207?"}))
    other = owner.read_document("Записка.txt", b"Nothing of interest.", "text/plain")["document_id"]

    owner.frames(_stream(message), params={"document_ids": [plan]})
    owner.frames(_stream(message), params={"document_ids": [other]})

    payload = json.loads(sql("select payload from jobs where id = $1::uuid", message["job_id"])[0]["payload"])
    assert payload["scope"]["document_ids"] == [plan]


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "page-1"},
        {"google_files": json.dumps([{"uri": "x", "mime_type": "text/plain", "storage_path": "x"}])},
        {"tree_files": json.dumps([{"r2_key": "other/place", "file_type": "ocr_html"}])},
    ],
)
def test_fields_that_name_no_document_open_the_scope_to_all(
    anna: Caller, unscoped: dict[str, Any], sql: Sql, query: dict[str, str]
) -> None:
    started = time.monotonic()

    anna.frames(_stream(unscoped), params=query)

    assert time.monotonic() - started < 3
    payload = json.loads(sql("select payload from jobs where id = $1::uuid", unscoped["job_id"])[0]["payload"])
    assert payload["scope"]["document_ids"] is None


def test_tree_files_name_documents_by_their_keys(owner: Caller, plan: str, sql: Sql) -> None:
    message = made(owner.post(f"/chats/{owner.new_chat()}/messages", json={"content": "Что в помещении 207?"}))
    tree_files = json.dumps([{"r2_key": f"tree_docs/{plan}/plan_document.md", "file_type": "result_md"}])

    owner.frames(_stream(message), params={"tree_files": tree_files})

    payload = json.loads(sql("select payload from jobs where id = $1::uuid", message["job_id"])[0]["payload"])
    assert payload["scope"]["document_ids"] == [plan]


def test_two_sets_make_a_comparison(owner: Caller, plan: str, sql: Sql) -> None:
    message = made(owner.post(f"/chats/{owner.new_chat()}/messages", json={"content": "Что изменилось?"}))

    owner.frames(_stream(message), params={"compare_document_ids_a": [plan], "compare_document_ids_b": [plan]})

    row = sql("select payload from jobs where id = $1::uuid", message["job_id"])[0]
    scope = json.loads(row["payload"])["scope"]
    assert (scope["compare_document_ids_a"], scope["compare_document_ids_b"]) == ([plan], [plan])


@pytest.mark.parametrize(
    ("query", "status", "path"),
    [
        ({"tree_files": "{"}, 422, "query:tree_files"),
        ({"tree_files": '[{"r2_key": "tree_docs/x/y.md"}]'}, 422, "query:tree_files"),
        ({"document_ids": "x"}, 422, "query:document_ids"),
        ({"document_ids": NOBODYS_ID}, 404, "$.document_ids[0]"),
    ],
)
def test_a_scope_that_is_none_is_refused_and_changes_nothing(
    anna: Caller, unscoped: dict[str, Any], sql: Sql, query: dict[str, str], status: int, path: str
) -> None:
    body = problem(anna.get(_stream(unscoped), params=query), status)

    assert [fault.split("[")[0] for fault in paths(body)] == [path.split("[")[0]]
    payload = json.loads(sql("select payload from jobs where id = $1::uuid", unscoped["job_id"])[0]["payload"])
    assert payload["scope"] is None


def test_a_user_may_hold_twenty_streams_and_no_more(anna: Caller) -> None:
    chat_id = anna.new_chat()
    waiting = made(anna.post(f"/chats/{chat_id}/messages", json={"content": "Жду"}))
    with ExitStack() as held:
        readers = []
        for _ in range(20):
            response = held.enter_context(anna.http.stream("GET", _stream(waiting)))
            # A reader that is forgotten closes its stream.
            readers.append(response.iter_raw())
            next(readers[-1])

        refused = anna.get(_stream(waiting))

    problem(refused, 429, "too_many_requests")
    assert int(refused.headers["retry-after"]) >= 1


def test_a_stream_ends_with_its_token(anna: Caller, unscoped: dict[str, Any], stack: Stack) -> None:
    token = access_token(stack.env["AIZOOMDOC_SECRET"], anna.user_id, exp=int(time.time()) + 2)
    started = time.monotonic()

    frames = anna.frames(_stream(unscoped), headers={"Authorization": f"Bearer {token}"})

    assert time.monotonic() - started < 2.9
    assert "completed" not in [frame.event for frame in frames]


def test_leaving_a_stream_does_not_cancel_the_job(anna: Caller) -> None:
    message = anna.ask(anna.new_chat())

    with anna.http.stream("GET", _stream(message)) as response:
        assert response.status_code == httpx.codes.OK

    assert anna.ended(message["job_id"])["status"] == "succeeded"
