"""Secrets and texts of users stay where they belong: canaries are planted, then looked for (reliability.md §6, 17)."""

import contextlib
import json
from collections.abc import Callable
from uuid import uuid4

import pytest
import redis
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from launch.stack import Stack
from tests.integration.api.caller import Caller, access_token, made
from tests.integration.api.conftest import Sql

Canaries = dict[str, str]


@pytest.fixture(scope="module")
def canaries(stack: Stack, owner: Caller, make_user: Callable[..., Caller]) -> Canaries:
    """Secrets that were sent in every place where one may be sent, by what they are."""
    planted = {name: f"canary{uuid4().hex}" for name in ("content", "title", "file", "query", "key", "body", "blank")}
    admin, anna = make_user("admin"), make_user()
    shown = made(admin.post(f"/admin/users/{anna.user_id}/tokens", json={"name": "laptop"}))["static_token"]
    access = made(anna.post("/auth/exchange", json={"static_token": shown}))["access_token"]
    foreign = access_token("s" * 40, anna.user_id)
    unknown = f"azd_{uuid4().hex}{uuid4().hex}_00000000"
    chat_id = anna.new_chat(title=planted["title"])
    anna.ask(chat_id, planted["content"])
    anna.get("/documents/search", params={"query": planted["query"]})
    anna.read_document("Записка.txt", planted["file"].encode(), "text/plain")
    anna.post("/auth/exchange", json={"static_token": unknown})
    anna.get("/me", headers={"Authorization": f"Bearer {foreign}"})
    anna.get("/me", params={"token": access})
    anna.post("/chats", content=b'{"title": "' + planted["body"].encode() + b'"', headers={"Content-Type": "a/b"})
    anna.post("/chats", json={"title": planted["blank"] + "\0"})
    anna.post(f"/chats/{chat_id}/messages", json={"content": planted["blank"] + "\0"})
    anna.post(f"/chats/{chat_id}/messages", json={"content": "x"}, headers={"Idempotency-Key": planted["key"] * 9})
    for token in (access, foreign, unknown):
        url = anna.url.replace("http", "ws") + f"/chats/{chat_id}/stream?token={token}"
        with contextlib.suppress(InvalidStatus), connect(url, proxy=None) as socket:
            socket.recv(timeout=20)
    anna.ended(made(anna.get("/jobs"))["items"][0]["id"])
    tokens = {"static": shown, "access": access, "signed by others": foreign, "unknown": unknown}
    return {**planted, **tokens, "signature": access.rpartition(".")[2]}


@pytest.fixture(scope="module")
def own_secrets(stack: Stack) -> Canaries:
    """The service's own."""
    env = stack.env
    names = ("AIZOOMDOC_SECRET", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    passwords = {name: env[name].split("://")[1].split("@")[0].rpartition(":")[2] for name in ("REDIS_URL",)}
    return {**{name: env[name] for name in names}, **passwords}


def _found(canaries: Canaries, text: str) -> list[str]:
    return [what for what, canary in canaries.items() if canary in text]


def test_no_log_holds_a_secret_or_a_text_of_a_user(stack: Stack, canaries: Canaries, own_secrets: Canaries) -> None:
    logs = sorted((stack.data_dir / "logs").glob("*.log*"))

    leaks = {log.name: _found({**canaries, **own_secrets}, log.read_text(errors="replace")) for log in logs}

    assert {"api.log", "worker-interactive.log", "worker-background.log"} <= leaks.keys()
    assert leaks == {log.name: [] for log in logs}


def test_the_log_tells_of_refusals_all_the_same(stack: Stack, canaries: Canaries) -> None:
    lines = (stack.data_dir / "logs" / "api.log").read_text().splitlines()

    events = [json.loads(line).get("event") for line in lines if line.startswith("{")]
    assert "request_refused" in events


def test_redis_holds_no_secret_and_no_text(stack: Stack, canaries: Canaries, own_secrets: Canaries) -> None:
    client = redis.Redis.from_url(stack.env["REDIS_URL"])
    kept = [key + b" " + (client.dump(key) or b"") for key in client.scan_iter()]
    client.close()

    assert _found({**canaries, **own_secrets}, b"\n".join(kept).decode(errors="replace")) == []


def test_the_database_holds_no_token_and_jobs_hold_no_text(sql: Sql, canaries: Canaries) -> None:
    tokens = {what: canaries[what] for what in ("static", "access", "signed by others", "unknown", "signature")}
    for table in ("users", "credentials", "revoked_tokens", "audit", "jobs", "job_events", "idempotency_keys"):
        rows = "\n".join(row[0] for row in sql(f"select t::text from {table} t"))
        assert _found(tokens, rows) == [], table
    payloads = "\n".join(row[0] for row in sql("select payload::text from jobs"))
    assert _found(canaries, payloads) == []


@pytest.mark.parametrize("what", ["static", "access", "unknown"])
def test_refusals_do_not_repeat_what_was_sent(anna: Caller, canaries: Canaries, what: str) -> None:
    secret = canaries[what]

    answers = [
        anna.post("/auth/exchange", json={"static_token": secret + "x"}),
        anna.post("/auth/exchange", json={"static_token": [secret]}),
        anna.get("/me", headers={"Authorization": f"Bearer {secret}x"}),
        anna.get("/nope", params={"token": secret}),
        anna.get("/documents/search", params={"token": secret}),
    ]

    assert [answer.status_code for answer in answers] == [401, 422, 401, 404, 422]
    assert not any(secret in answer.text for answer in answers)
