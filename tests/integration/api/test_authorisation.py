"""The authorisation matrix: every route and method of the app, for everybody who may come (reliability.md §6, test 11).

The routes are read from the app; one without a row here fails. `own` is the answer to the user whose objects the
address names, `other` to a user who has nothing to do with them, `admin` to an admin who does not own them. Whoever has
no valid token gets 401 from all but the open routes.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.app import make_app
from api.settings import read_api_settings
from domain.ids import new_id
from launch.stack import REPOSITORY, Stack
from storage.prompts import read_prompts
from tests.conftest import TREE
from tests.integration.api.caller import Caller, access_token, made, problem
from tests.integration.api.conftest import MakeUser, Sql

TEXT = "Расход П1 равен 5200 м³/ч.".encode()
SECRET = "s" * 40
PROMPTS = REPOSITORY / "prompts"
SOCKETS = {"/chats/{chat_id:uuid}/stream"}


class Row(NamedTuple):
    """Statuses of one route and method, and what is sent to it."""

    own: int
    other: int
    admin: int
    sent: Mapping[str, Any] = MappingProxyType({})
    is_open: bool = False


def open_to_all(status: int, **sent: Any) -> Row:
    return Row(status, status, status, sent, is_open=True)


def for_users(status: int, **sent: Any) -> Row:
    """For what names no object: everybody sees their own."""
    return Row(status, status, status, sent)


def for_owner(status: int, **sent: Any) -> Row:
    """For objects that admins, too, see only when they are theirs."""
    return Row(status, 404, 404, sent)


def for_admins(status: int, **sent: Any) -> Row:
    return Row(403, 403, status, sent)


TRIED = "asking/repair"
TRIED_TEXT = {"text": (TREE / f"prompts/{TRIED}.md").read_text()}
FILE = {"file": ("a.txt", TEXT, "text/plain")}
ROLE = {"name": "Монтажник", "content": "Говори о креплении."}
NO_VERSION = {"version": "v0", "seen_revision": 0}
POLLED = {"headers": {"Accept": "application/json"}, "params": {"wait": 0}}

ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/"): open_to_all(200),
    ("GET", "/health"): open_to_all(200),
    ("GET", "/ready"): open_to_all(200),
    ("GET", "/docs"): open_to_all(200),
    ("GET", "/docs/swagger"): open_to_all(200),
    ("GET", "/docs/redoc"): open_to_all(200),
    ("GET", "/docs/openapi.json"): open_to_all(200),
    ("GET", "/docs/oauth2-redirect.html"): open_to_all(200),
    ("GET", "/docs/{path:str}"): open_to_all(404),
    ("GET", "/docs/files/{file_path:path}"): open_to_all(404),
    ("HEAD", "/docs/files/{file_path:path}"): open_to_all(404),
    ("POST", "/auth/exchange"): open_to_all(401, json={"static_token": "azd_unknown"}),
    ("GET", "/me"): for_users(200),
    ("PATCH", "/me/settings"): for_users(200, json={}),
    ("POST", "/settings"): for_users(200, json={}),
    ("GET", "/me/provider-keys"): for_users(200),
    ("PUT", "/me/provider-keys/{provider:str}"): for_users(200, json={"api_key": "key-of-a-test-0001"}),
    ("DELETE", "/me/provider-keys/{provider:str}"): for_users(204),
    ("GET", "/prompts"): for_users(200),
    ("GET", "/prompts/roles"): for_users(200),
    ("POST", "/prompts/roles"): for_users(201, json=ROLE),
    # Admins change roles for everyone, not those of others.
    ("PATCH", "/prompts/roles/{role_id:int}"): for_owner(200, json=ROLE),
    ("DELETE", "/prompts/roles/{role_id:int}"): for_owner(204),
    ("GET", "/prompts/roles/{role_id:int}/versions"): for_owner(200),
    ("POST", "/prompts/roles/{role_id:int}/rollback"): for_owner(200, json={"version": 1}),
    ("GET", "/admin/roles"): for_admins(200),
    ("POST", "/admin/roles"): for_admins(201, json=ROLE),
    ("PATCH", "/admin/roles/{service_role_id:int}"): for_admins(200, json=ROLE),
    ("DELETE", "/admin/roles/{service_role_id:int}"): for_admins(204),
    ("GET", "/admin/roles/{service_role_id:int}/versions"): for_admins(200),
    ("POST", "/admin/roles/{service_role_id:int}/rollback"): for_admins(200, json={"version": 1}),
    ("GET", "/admin/prompts"): for_admins(200),
    ("GET", "/admin/prompts/{family:str}/{name:str}"): for_admins(200),
    # Refused for what is sent, so that no other test finds the prompt changed.
    ("PUT", "/admin/prompts/{family:str}/{name:str}"): for_admins(422, json={"text": "x", "seen_revision": 0}),
    ("DELETE", "/admin/prompts/{family:str}/{name:str}"): for_admins(409, params={"seen_revision": 999_999}),
    ("GET", "/admin/prompts/{family:str}/{name:str}/versions"): for_admins(200),
    ("GET", "/admin/prompts/{family:str}/{name:str}/versions/{version:str}"): for_admins(200),
    ("GET", "/admin/prompts/{family:str}/{name:str}/diff"): for_admins(200),
    ("POST", "/admin/prompts/{family:str}/{name:str}/publish"): for_admins(422, json=NO_VERSION),
    ("POST", "/admin/prompts/{family:str}/{name:str}/rollback"): for_admins(422, json=NO_VERSION),
    ("GET", "/chats"): for_users(200),
    ("POST", "/chats"): for_users(201, json={}),
    ("GET", "/chats/{chat_id:uuid}"): for_owner(200),
    ("PATCH", "/chats/{chat_id:uuid}"): for_owner(200, json={"title": "Имя"}),
    ("DELETE", "/chats/{chat_id:uuid}"): for_owner(202),
    ("GET", "/chats/{chat_id:uuid}/messages"): for_owner(200),
    ("POST", "/chats/{chat_id:uuid}/messages"): for_owner(202, json={"content": "Что там?", "document_ids": []}),
    ("GET", "/chats/{chat_id:uuid}/stream"): for_owner(200),
    ("POST", "/chats/{chat_id:uuid}/estimate"): for_owner(200, json={}),
    ("GET", "/estimates"): for_users(200),
    ("POST", "/messages/{message_id:uuid}/regenerate"): for_owner(202),
    ("PATCH", "/messages/{message_id:uuid}"): for_owner(202, json={"content": "А там?", "document_ids": []}),
    ("POST", "/messages/{message_id:uuid}/feedback"): for_owner(422, json={"rating": True}),
    ("GET", "/jobs"): for_users(200),
    ("GET", "/jobs/{job_id:uuid}"): Row(200, 404, 200),
    ("GET", "/jobs/{job_id:uuid}/events"): Row(200, 404, 200, POLLED),
    ("POST", "/jobs/{job_id:uuid}/cancel"): Row(200, 404, 200),
    # The job is a cancelled one: its owner may repeat failed ones only.
    ("POST", "/jobs/{job_id:uuid}/requeue"): Row(403, 404, 202, {"json": {}}),
    ("GET", "/jobs/{job_id:uuid}/dialogue"): Row(200, 404, 200),
    # The job was cancelled before it asked a model: there is no record of it, and it is no replay.
    ("POST", "/jobs/{job_id:uuid}/replay"): Row(409, 404, 409),
    ("GET", "/jobs/{job_id:uuid}/replay"): Row(404, 404, 404),
    ("POST", "/admin/jobs/{job_id:uuid}/replay"): for_admins(409),
    ("POST", "/admin/prompts/trial"): for_admins(202, json={"jobs": [str(new_id())], "prompts": {TRIED: TRIED_TEXT}}),
    ("GET", "/admin/prompts/trial/{trial_id:uuid}"): for_admins(200),
    ("POST", "/files/upload"): for_users(201, files=FILE),
    ("POST", "/files/upload-for-llm"): for_users(201, files=FILE),
    ("GET", "/files"): for_users(200),
    ("GET", "/files/{file_id:uuid}"): for_owner(200),
    ("GET", "/files/{file_id:uuid}/content"): for_owner(200),
    ("DELETE", "/files/{file_id:uuid}"): for_owner(204),
    # The file has no password.
    ("POST", "/files/{file_id:uuid}/password"): for_owner(409, json={"password": "x"}),
    ("GET", "/documents"): for_users(200),
    ("GET", "/documents/search"): for_users(200, params={"query": "расход"}),
    ("POST", "/documents/import"): for_users(202, files={"document": ("a_document.md", TEXT, "text/markdown")}),
    ("POST", "/documents/compare"): for_users(404, json={"a": str(new_id()), "b": str(new_id())}),
    ("GET", "/documents/compare/{job_id:uuid}/overlays/{place:int}"): Row(404, 404, 404),
    ("POST", "/documents/matrix"): for_users(404, json={"requirements": str(new_id()), "drawings": [str(new_id())]}),
    ("GET", "/documents/matrix/{job_id:uuid}"): Row(404, 404, 404),
    ("GET", "/documents/matrix/{job_id:uuid}/export"): Row(404, 404, 404),
    ("GET", "/documents/{document_id:uuid}"): for_owner(200),
    ("DELETE", "/documents/{document_id:uuid}"): for_owner(204),
    ("GET", "/documents/{document_id:uuid}/blocks"): for_owner(200),
    ("GET", "/documents/{document_id:uuid}/pages"): for_owner(200),
    ("GET", "/documents/{document_id:uuid}/index"): for_owner(200),
    ("POST", "/documents/{document_id:uuid}/index"): for_owner(202, json={}),
    ("POST", "/documents/{document_id:uuid}/supersede"): for_owner(200, json={"supersedes_id": None}),
    ("GET", "/documents/{document_id:uuid}/grants"): for_owner(200),
    ("POST", "/documents/{document_id:uuid}/share"): for_owner(200, json={"everyone": True, "access": "read"}),
    ("DELETE", "/documents/{document_id:uuid}/share/{who:str}"): for_owner(204),
    ("GET", "/projects/tree"): for_users(200),
    ("GET", "/projects/search"): for_users(200, params={"q": "Проект"}),
    ("GET", "/projects/documents/{document_id:uuid}/results"): for_owner(200),
    # The file is no part of a prepared document.
    ("GET", "/projects/documents/{document_id:uuid}/files/{file_id:uuid}"): for_owner(404),
    ("GET", "/projects/nodes/{node_id:uuid}/grants"): for_owner(200),
    ("POST", "/projects/nodes/{node_id:uuid}/share"): for_owner(404, json={"username": "nobody at all"}),
    ("DELETE", "/projects/nodes/{node_id:uuid}/share/{who:str}"): for_owner(204),
    ("GET", "/documents/{document_id:uuid}/pages/{page_no:int}/render"): for_owner(422, params={"region": "1,1,0,0"}),
    # The document is text: it has no tiles.
    ("GET", "/documents/{document_id:uuid}/pages/{page_no:int}/tiles.json"): for_owner(404),
    ("GET", "/documents/{document_id:uuid}/pages/{page_no:int}/tiles/{z:int}/{x:int}/{y:int}"): for_owner(404),
    # The document has no such block.
    ("GET", "/documents/{document_id:uuid}/crops/{block_id:str}"): for_owner(404),
    ("GET", "/pictures/{digest:str}"): open_to_all(403, params={"exp": 1, "sig": "forged"}),
    ("GET", "/admin/jobs"): for_admins(200),
    ("POST", "/admin/jobs/{job_id:uuid}/requeue"): for_admins(202, json={}),
    ("POST", "/admin/jobs/requeue"): for_admins(202, json={"ids": [str(new_id())]}),
    ("POST", "/admin/probe"): for_admins(202, json={}),
    ("POST", "/admin/index/warm-up"): for_admins(202, json={"document_ids": [str(new_id())]}),
    ("GET", "/admin/users"): for_admins(200),
    ("POST", "/admin/users"): for_admins(201, json={"username": "@name"}),
    ("PATCH", "/admin/users/{user_id:uuid}"): for_admins(200, json={"role": "user"}),
    ("GET", "/admin/users/{user_id:uuid}/tokens"): for_admins(200),
    ("POST", "/admin/users/{user_id:uuid}/tokens"): for_admins(201, json={}),
    ("GET", "/admin/embeddings"): for_admins(200),
    ("GET", "/me/quota"): for_users(200),
    ("GET", "/admin/users/{user_id:uuid}/quota"): for_admins(200),
    ("PUT", "/admin/users/{user_id:uuid}/quota"): for_admins(200, json={"monthly_usd": 5}),
    ("DELETE", "/admin/users/{user_id:uuid}/tokens/{token_id:uuid}"): for_admins(204),
    ("POST", "/auth/logout"): for_users(200),
}


@pytest.fixture(scope="module")
def app(stack: Stack) -> Litestar:
    return make_app(read_api_settings(stack.env))


def _routes(app: Litestar) -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"
    }


def test_every_route_has_a_row_and_every_row_a_route(app: Litestar) -> None:
    assert _routes(app) == ROWS.keys()
    assert {route.path for route in app.routes if isinstance(route, WebSocketRoute)} == SOCKETS


def _new_node(user: Caller) -> str:
    """A project with one document that only the user sees."""
    name = f"Проект {new_id()}"
    files = {"document": ("a_document.md", TEXT, "text/markdown")}
    made(user.post("/documents/import", files=files, data={"node_path": name, "visibility": "private"}))
    return made(user.get("/projects/search", params={"q": name}))[0]["id"]


def _new_trial(sql: Sql, user: Caller, job_id: str) -> str:
    """A trial of the job, by the job itself."""
    trial_id = new_id()
    statement = "insert into replays (job_id, source_job_id, owner_id, trial_id) values ($1, $1, $2, $3)"
    sql(statement, UUID(job_id), user.user_id, trial_id)
    return str(trial_id)


@pytest.fixture
def names(admin: Caller, make_user: MakeUser, sql: Sql) -> Iterator[Callable[[Caller], dict[str, str]]]:
    """Makes objects of a user, by the names that addresses have for them. What is everyone's is taken back."""

    def make(user: Caller) -> dict[str, str]:
        uploaded = made(user.upload("a.txt", TEXT, "text/plain"))
        chat_id = user.new_chat()
        message = made(user.post(f"/chats/{chat_id}/messages", json={"content": "Что там?"}))
        job_id = message["job_id"]
        made(user.post(f"/jobs/{job_id}/cancel"))
        subject = make_user()
        token_id = made(admin.post(f"/admin/users/{subject.user_id}/tokens", json={}))["id"]
        return {
            "chat_id": chat_id,
            "job_id": job_id,
            "message_id": message["id"],
            "file_id": uploaded["id"],
            "document_id": uploaded["document_id"],
            "node_id": _new_node(user),
            "who": "everyone",
            "page_no": "1",
            "user_id": str(subject.user_id),
            "token_id": token_id,
            "trial_id": _new_trial(sql, user, job_id),
            "provider": "gemini",
            "role_id": str(made(user.post("/prompts/roles", json=ROLE))["id"]),
            "service_role_id": str(made(admin.post("/admin/roles", json=ROLE))["id"]),
            "family": "analysis",
            "name": "answer",
            "version": read_prompts(PROMPTS)["analysis/answer"].version,
            "z": "0",
            "x": "0",
            "y": "0",
            "digest": "0" * 64,
            "block_id": "AAAA-AAAA-AAA",
            "place": "0",
            "path": "nothing",
            "file_path": "nothing.js",
        }

    yield make
    sql("delete from grants where user_id is null")


@pytest.fixture
def refused(stack: Stack, make_user: MakeUser) -> dict[str, Caller]:
    """Those who once were somebody, or never were, by what is wrong with them."""
    secret, now = stack.env["AIZOOMDOC_SECRET"], int(time.time())
    user, left, blocked, inactive = make_user(), make_user(), make_user(status="blocked"), make_user(status="inactive")
    made(left.post("/auth/logout"))

    def with_token(token: str) -> Caller:
        return Caller(stack.url, user.user_id, token)

    return {
        "without a token": with_token(""),
        "garbage": with_token("garbage"),
        "signed by others": with_token(access_token(SECRET, user.user_id)),
        "expired": with_token(access_token(secret, user.user_id, iat=now - 120, exp=now - 60)),
        "a refresh token": with_token(access_token(secret, user.user_id, extras={"typ": "refresh"})),
        "for another audience": with_token(access_token(secret, user.user_id, aud="others")),
        "unknown": with_token(access_token(secret, new_id())),
        "logged out": left,
        "blocked": blocked,
        "inactive": inactive,
    }


@pytest.mark.parametrize(("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in ROWS])
def test_each_caller_gets_exactly_the_expected_answer(
    make_user: MakeUser,
    names: Callable[[Caller], dict[str, str]],
    refused: dict[str, Caller],
    method: str,
    path: str,
) -> None:
    row, owner = ROWS[method, path], make_user()
    named = names(owner)
    address = re.sub(r"\{(\w+):\w+\}", lambda found: named[found[1]], path)

    def status(caller: Caller) -> int:
        sent = {**row.sent}
        if sent.get("json") == {"username": "@name"}:
            sent["json"] = {"username": str(new_id())}
        return caller.request(method, address, **sent).status_code

    without = {what: status(caller) for what, caller in refused.items()}
    assert without == dict.fromkeys(refused, row.own if row.is_open else 401)
    # First those who can change nothing: what the owner or an admin does may take the object away.
    assert status(make_user()) == row.other
    assert status(make_user("premium")) == row.other
    callers = [(make_user("admin"), row.admin), (owner, row.own)]
    for caller, expected in callers if row.admin in (404, row.other) else reversed(callers):
        assert status(caller) == expected


@pytest.mark.parametrize(("method", "path"), [key for key, row in ROWS.items() if 404 in (row.other, row.admin)])
def test_a_foreign_object_looks_like_a_missing_one(
    anna: Caller, boris: Caller, names: Callable[[Caller], dict[str, str]], method: str, path: str
) -> None:
    row, foreign = ROWS[method, path], names(anna)
    numbers = {"page_no": "1", "role_id": str(2**40)}
    missing = {name: numbers.get(name) or str(new_id()) for name in foreign}
    answers = [
        boris.request(method, re.sub(r"\{(\w+):\w+\}", lambda found, ids=ids: ids[found[1]], path), **row.sent)
        for ids in (foreign, missing)
    ]

    bodies = [problem(answer, 404) for answer in answers] if not row.is_open else [{}, {}]

    for body in bodies:
        body.pop("instance", None)
        body.pop("trace_id", None)
    assert bodies[0] == bodies[1]
    assert answers[0].headers.keys() == answers[1].headers.keys()


@pytest.mark.parametrize("path", sorted({path for _, path in ROWS}))
def test_what_a_path_can_do_is_told_without_a_token(nobody: Caller, path: str) -> None:
    address = re.sub(r"\{(\w+):(\w+)\}", lambda found: "1" if found[2] == "int" else str(new_id()), path)

    response = nobody.request("OPTIONS", address)

    assert (response.status_code, response.content) == (204, b"")


def test_only_the_owner_opens_the_socket_of_a_chat(
    owner: Caller, make_user: MakeUser, refused: dict[str, Caller], answered: dict[str, Any]
) -> None:
    def opens(caller: Caller) -> bool:
        url = caller.url.replace("http", "ws") + f"/chats/{answered['chat_id']}/stream?token={caller.token}"
        try:
            with connect(url, proxy=None):
                return True
        except InvalidStatus as error:
            return error.response.status_code != 403

    others = {**refused, "another user": make_user(), "an admin": make_user("admin")}
    assert {what: opens(caller) for what, caller in others.items()} == dict.fromkeys(others, False)
    assert opens(owner)
