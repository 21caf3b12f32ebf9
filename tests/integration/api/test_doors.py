"""Who gets in: static tokens, access tokens, logging out, and users who lose their right."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from launch.stack import REPOSITORY, Stack
from tests.integration.api.caller import Caller, access_token, made, problem
from tests.integration.api.conftest import MakeUser

PAST = int(datetime.now(UTC).timestamp()) - 60


@pytest.fixture
def static_token(admin: Caller, anna: Caller) -> str:
    """A static token of Anna's."""
    return made(admin.post(f"/admin/users/{anna.user_id}/tokens", json={"name": "laptop"}))["static_token"]


def test_the_printed_admin_token_opens_the_admin_routes(nobody: Caller, said: list[str]) -> None:
    token = said[0].rpartition(" ")[2]

    exchanged = made(nobody.post("/auth/exchange", json={"static_token": token}))

    users = nobody.get("/admin/users", headers={"Authorization": f"Bearer {exchanged['access_token']}"})
    assert "admin" in [user["username"] for user in made(users)]


def test_a_static_token_is_exchanged_for_an_access_token_of_an_hour(
    nobody: Caller, anna: Caller, static_token: str
) -> None:
    exchanged = made(nobody.post("/auth/exchange", json={"static_token": static_token}))

    assert (exchanged["token_type"], exchanged["expires_in"]) == ("bearer", 3600)
    assert exchanged["user"].items() >= {"id": str(anna.user_id), "role": "user", "status": "active"}.items()
    me = nobody.get("/me", headers={"Authorization": f"Bearer {exchanged['access_token']}"})
    assert made(me)["user"]["id"] == str(anna.user_id)


@pytest.mark.parametrize("token", ["azd_" + "A" * 43 + "_d44d2523", "azd_", "", "x" * 10_000, "azd_\0", "токен"])
def test_a_static_token_that_nobody_has_is_refused(nobody: Caller, token: str) -> None:
    problem(nobody.post("/auth/exchange", json={"static_token": token}), 401, "not_authenticated")


def test_a_revoked_static_token_is_refused(nobody: Caller, admin: Caller, anna: Caller, static_token: str) -> None:
    token_id = made(admin.get(f"/admin/users/{anna.user_id}/tokens"))[0]["id"]

    made(admin.delete(f"/admin/users/{anna.user_id}/tokens/{token_id}"))

    problem(nobody.post("/auth/exchange", json={"static_token": static_token}), 401)


def test_an_expired_static_token_is_refused(nobody: Caller, admin: Caller, anna: Caller) -> None:
    over = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    shown = made(admin.post(f"/admin/users/{anna.user_id}/tokens", json={"expires_at": over}))

    problem(nobody.post("/auth/exchange", json={"static_token": shown["static_token"]}), 401)


@pytest.mark.parametrize("status", ["blocked", "inactive"])
def test_a_user_who_is_not_active_gets_no_access_token(
    nobody: Caller, admin: Caller, anna: Caller, static_token: str, status: str
) -> None:
    made(admin.patch(f"/admin/users/{anna.user_id}", json={"status": status}))

    problem(nobody.post("/auth/exchange", json={"static_token": static_token}), 403, "not_allowed")


@pytest.mark.parametrize("status", ["blocked", "inactive"])
def test_blocking_a_user_counts_at_once(admin: Caller, anna: Caller, status: str) -> None:
    made(anna.get("/me"))

    made(admin.patch(f"/admin/users/{anna.user_id}", json={"status": status}))

    problem(anna.get("/me"), 401)


def test_a_user_whose_role_was_taken_away_is_no_admin_any_more(admin: Caller, make_user: MakeUser) -> None:
    other = make_user("admin")
    made(other.get("/admin/users"))

    made(admin.patch(f"/admin/users/{other.user_id}", json={"role": "user"}))

    problem(other.get("/admin/users"), 403)


def test_logging_out_ends_this_access_token_and_no_other(stack: Stack, anna: Caller) -> None:
    second = Caller(stack.url, anna.user_id, access_token(stack.env["AIZOOMDOC_SECRET"], anna.user_id))

    made(anna.post("/auth/logout"))

    problem(anna.get("/me"), 401)
    assert made(second.get("/me"))["user"]["id"] == str(anna.user_id)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"exp": PAST}, id="expired"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"nbf": PAST + 3600}, id="not yet"),
        pytest.param({"iat": PAST + 3600}, id="from the future"),
        pytest.param({"iat": None}, id="no beginning"),
        pytest.param({"aud": "somebody-else"}, id="other audience"),
        pytest.param({"aud": ["aizoomdoc-api", "somebody-else"]}, id="two audiences"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"iss": "somebody-else"}, id="other issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"jti": None}, id="no id"),
        pytest.param({"jti": "1"}, id="strange id"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": "1"}, id="strange user"),
        pytest.param({"sub": "5816d344-2359-4250-b3ab-344cdd068d57"}, id="unknown user"),
        pytest.param({"extras": {"typ": "refresh"}}, id="a refresh token"),
        pytest.param({"extras": {}}, id="no type"),
        pytest.param({"extras": None}, id="no extras"),
        pytest.param({"extras": [1]}, id="strange extras"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(stack: Stack, anna: Caller, changes: dict[str, Any]) -> None:
    token = access_token(stack.env["AIZOOMDOC_SECRET"], anna.user_id, **changes)

    problem(anna.get("/me", headers={"Authorization": f"Bearer {token}"}), 401)


def _signed(secret: str, algorithm: str, headers: dict[str, str] | None = None) -> str:
    claims = jwt.decode(access_token("s" * 40, uuid4()), options={"verify_signature": False})
    return jwt.encode(claims, secret, algorithm, headers=headers)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer nonsense", id="nonsense"),
        pytest.param("Bearer a.b.c", id="three parts"),
        pytest.param("Basic dXNlcjpwYXNz", id="password"),
        pytest.param("Token abc", id="other scheme"),
        pytest.param(f"Bearer {_signed('another secret of the right length', 'HS256')}", id="other secret"),
        pytest.param(f"Bearer {_signed('', 'none')}", id="no signature"),
        pytest.param(f"Bearer {_signed('s' * 64, 'HS512')}", id="other algorithm"),
        pytest.param(
            f"Bearer {_signed('s' * 40, 'HS256', {'jku': 'http://127.0.0.1/keys', 'kid': '../../dev/null'})}",
            id="keys from elsewhere",
        ),
    ],
)
def test_what_is_no_access_token_of_ours_is_refused(nobody: Caller, header: str) -> None:
    response = nobody.get("/me", headers={"Authorization": header})

    problem(response, 401, "not_authenticated")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_static_token_is_no_access_token(nobody: Caller, static_token: str) -> None:
    problem(nobody.get("/me", headers={"Authorization": f"Bearer {static_token}"}), 401)


def test_a_token_in_the_address_opens_no_http_route(nobody: Caller, anna: Caller) -> None:
    problem(nobody.get("/me", params={"token": anna.token}), 401)


def test_the_use_of_a_static_token_is_noted(nobody: Caller, admin: Caller, anna: Caller, static_token: str) -> None:
    assert made(admin.get(f"/admin/users/{anna.user_id}/tokens"))[0]["last_used_at"] is None

    nobody.post("/auth/exchange", json={"static_token": static_token})

    assert made(admin.get(f"/admin/users/{anna.user_id}/tokens"))[0]["last_used_at"] is not None


def test_an_operator_issues_tokens_from_the_command_line(nobody: Caller, stack: Stack) -> None:
    name = str(uuid4())

    def issue(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "api.tokens", "issue", name, *arguments]
        token = subprocess.run(command, cwd=REPOSITORY, env=stack.env, capture_output=True, text=True, check=True)
        return made(nobody.post("/auth/exchange", json={"static_token": token.stdout.strip()}))["user"]

    first, second = issue("--role", "premium"), issue()

    assert (first["username"], first["role"]) == (name, "premium")
    assert second == first


def test_the_open_pages_need_no_token(nobody: Caller) -> None:
    for path in ("/", "/health", "/ready"):
        assert nobody.get(path).status_code == httpx.codes.OK
