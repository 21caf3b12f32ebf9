"""The chat's live view over a WebSocket: the same frames, and a way to ask."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.integration.api.caller import Caller, made
from tests.integration.api.conftest import Sql

NOBODYS_ID = "5816d344-2359-4250-b3ab-344cdd068d57"

LIVE_S = 20.0
QUESTION = {"content": "Какой расход воздуха у системы П1?", "document_ids": []}


@contextmanager
def _socket(caller: Caller, chat_id: str, query: str = "", **headers: str) -> Iterator[ClientConnection]:
    url = caller.url.replace("http", "ws") + f"/chats/{chat_id}/stream{query}"
    with connect(url, additional_headers=headers, open_timeout=LIVE_S, proxy=None) as socket:
        yield socket


def _bearer(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.token}"}


def _told(socket: ClientConnection) -> list[dict[str, Any]]:
    """The frames up to the end of one answer."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["event"] not in ("completed", "error"):
        frames.append(json.loads(socket.recv(timeout=LIVE_S)))
    return frames


def test_a_socket_tells_what_the_event_stream_tells(owner: Caller, answered: dict[str, Any]) -> None:
    streamed = owner.frames(f"/chats/{answered['chat_id']}/stream")

    with _socket(owner, answered["chat_id"], **_bearer(owner)) as socket:
        told = _told(socket)

    assert [(frame["id"], frame["event"], frame["data"]) for frame in told] == [tuple(frame) for frame in streamed]


def test_a_token_in_the_address_opens_a_socket(owner: Caller, answered: dict[str, Any]) -> None:
    with _socket(owner, answered["chat_id"], f"?token={owner.token}") as socket:
        assert _told(socket)[-1]["event"] == "completed"


def test_a_frame_asks_like_a_post(anna: Caller) -> None:
    chat_id = anna.new_chat()

    with _socket(anna, chat_id, **_bearer(anna)) as socket:
        socket.send(json.dumps(QUESTION))
        told = _told(socket)

    question, answer = made(anna.get(f"/chats/{chat_id}/messages"))
    assert question["content"] == QUESTION["content"]
    assert told[-1]["event"] == "completed"
    assert [frame["data"]["content"] for frame in told if frame["event"] == "llm_final"] == [answer["content"]]


def test_a_frame_without_a_scope_runs_at_once(anna: Caller) -> None:
    with _socket(anna, anna.new_chat(), **_bearer(anna)) as socket:
        socket.send(json.dumps({"content": "Что в документах?"}))
        assert _told(socket)[-1]["event"] == "completed"


def test_answers_of_several_frames_come_one_after_another(anna: Caller) -> None:
    chat_id = anna.new_chat()

    with _socket(anna, chat_id, **_bearer(anna)) as socket:
        for _ in range(3):
            socket.send(json.dumps(QUESTION))
        told = [_told(socket) for _ in range(3)]

    jobs = [{frame["id"].split(":")[0] for frame in frames if "id" in frame} for frames in told]
    asked = [m["job_id"] for m in made(anna.get(f"/chats/{chat_id}/messages")) if m["role"] == "user"]
    assert jobs == [{job_id} for job_id in asked]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_input"),
        ("[]", "invalid_input"),
        ('{"content": " "}', "invalid_input"),
        ('{"content": "a\\u0000b"}', "invalid_input"),
        (json.dumps({"content": "Что там?", "document_ids": [NOBODYS_ID]}), "not_found"),
        (b"\x00\xff", "invalid_input"),
    ],
    ids=["cut", "no object", "blank", "null character", "unknown document", "bytes"],
)
def test_a_frame_that_is_no_message_is_told_and_the_socket_stays(anna: Caller, frame: str | bytes, code: str) -> None:
    with _socket(anna, anna.new_chat(), **_bearer(anna)) as socket:
        socket.send(frame)
        refused = json.loads(socket.recv(timeout=LIVE_S))
        socket.send(json.dumps(QUESTION))

        assert (refused["event"], refused["data"]["code"]) == ("error", code)
        assert _told(socket)[-1]["event"] == "completed"


def test_the_address_brings_the_scope_of_messages_without_one(owner: Caller, plan: str, sql: Sql) -> None:
    chat_id = owner.new_chat()
    waiting = made(owner.post(f"/chats/{chat_id}/messages", json={"content": "Что в помещении 207?"}))

    with _socket(owner, chat_id, f"?document_ids={plan}", **_bearer(owner)) as socket:
        _told(socket)
        socket.send(json.dumps({"content": "А в 208?"}))
        _told(socket)

    rows = sql("select id, payload from jobs where chat_id = $1::uuid order by id", chat_id)
    assert str(rows[0]["id"]) == waiting["job_id"]
    assert [json.loads(row["payload"])["scope"]["document_ids"] for row in rows] == [[plan], [plan]]


@pytest.mark.parametrize("query", [f"document_ids={NOBODYS_ID}", "document_ids=x", "tree_files={"])
def test_a_socket_with_a_scope_that_is_none_is_refused(anna: Caller, query: str) -> None:
    chat_id = anna.new_chat()
    anna.ask(chat_id)

    with pytest.raises(InvalidStatus), _socket(anna, chat_id, f"?{query}", **_bearer(anna)):
        pass


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_socket_without_a_token_is_refused(anna: Caller, token: str) -> None:
    with pytest.raises(InvalidStatus) as refused, _socket(anna, anna.new_chat(), f"?token={token}"):
        pass

    assert refused.value.response.status_code == 403


def test_a_socket_to_a_foreign_chat_is_refused_like_one_to_a_missing_chat(anna: Caller, boris: Caller) -> None:
    statuses = []
    for chat_id in (boris.new_chat(), str(uuid4())):
        with pytest.raises(InvalidStatus) as refused, _socket(anna, chat_id, **_bearer(anna)):
            pass
        statuses.append(refused.value.response.status_code)

    assert statuses[0] == statuses[1]


def test_a_user_who_was_blocked_can_open_no_socket(anna: Caller, admin: Caller) -> None:
    chat_id = anna.new_chat()
    made(admin.patch(f"/admin/users/{anna.user_id}", json={"status": "blocked"}))

    with pytest.raises(InvalidStatus), _socket(anna, chat_id, **_bearer(anna)):
        pass


def test_sockets_count_as_streams(anna: Caller) -> None:
    chat_id = anna.new_chat()

    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(_socket(anna, chat_id, **_bearer(anna)))
        with pytest.raises((InvalidStatus, ConnectionClosed)), _socket(anna, chat_id, **_bearer(anna)) as socket:
            socket.recv(timeout=LIVE_S)
