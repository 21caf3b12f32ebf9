"""Users and their tokens, in the hands of admins."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql


def test_an_admin_makes_a_user_and_shows_the_token_once(admin: Caller, nobody: Caller, sql: Sql) -> None:
    name = f"Иван {uuid4()}"
    user = made(admin.post("/admin/users", json={"username": name}))
    shown = made(admin.post(f"/admin/users/{user['id']}/tokens", json={"name": "ноутбук"}))

    exchanged = made(nobody.post("/auth/exchange", json={"static_token": shown["static_token"]}))
    listed = made(admin.get(f"/admin/users/{user['id']}/tokens"))

    assert exchanged["user"]["username"] == name
    assert [(token["id"], token["name"]) for token in listed] == [(shown["id"], "ноутбук")]
    assert shown["static_token"] not in str(listed)
    assert sql("select count(*) from credentials where secret_hash = $1", shown["static_token"])[0][0] == 0


def test_a_taken_name_is_a_conflict(admin: Caller) -> None:
    name = str(uuid4())
    made(admin.post("/admin/users", json={"username": name}))

    problem(admin.post("/admin/users", json={"username": name}), 409, "conflict")


@pytest.mark.parametrize("role", ["user", "premium", "admin"])
def test_a_user_is_made_with_a_role_that_can_be_changed(admin: Caller, role: str) -> None:
    user = made(admin.post("/admin/users", json={"username": str(uuid4()), "role": role}))

    changed = made(admin.patch(f"/admin/users/{user['id']}", json={"role": "premium", "status": "inactive"}))

    assert (user["role"], user["status"]) == (role, "active")
    assert (changed["role"], changed["status"]) == ("premium", "inactive")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.username"),
        ({"username": ""}, "$.username"),
        ({"username": " ivan"}, "$.username"),
        ({"username": "ivan\n"}, "$.username"),
        ({"username": "i" * 201}, "$.username"),
        ({"username": "ivan\0"}, "$.username"),
        ({"username": "ivan", "role": "root"}, "$.role"),
        ({"username": "ivan", "role": "admin\n"}, "$.role"),
    ],
)
def test_a_user_with_a_strange_name_or_role_is_not_made(admin: Caller, body: dict[str, Any], path: str) -> None:
    assert paths(problem(admin.post("/admin/users", json=body), 422)) == [path]


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "$"), ({"status": "gone"}, "$.status"), ({"role": "admin\n"}, "$.role"), ({"username": "x"}, "$.username")],
)
def test_a_change_that_is_not_valid_is_refused(admin: Caller, anna: Caller, body: dict[str, Any], path: str) -> None:
    assert paths(problem(admin.patch(f"/admin/users/{anna.user_id}", json=body), 422)) == [path]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"expires_at": "2030-01-01T00:00:00"}, "$.expires_at"),
        ({"expires_at": "soon"}, "$.expires_at"),
        ({"name": "n" * 201}, "$.name"),
        ({"name": "\0"}, "$"),
    ],
)
def test_a_token_with_strange_terms_is_not_made(admin: Caller, anna: Caller, body: dict[str, Any], path: str) -> None:
    assert paths(problem(admin.post(f"/admin/users/{anna.user_id}/tokens", json=body), 422)) == [path]


def test_users_and_tokens_that_do_not_exist_are_not_found(admin: Caller, anna: Caller) -> None:
    unknown = uuid4()

    problem(admin.patch(f"/admin/users/{unknown}", json={"role": "user"}), 404)
    problem(admin.post(f"/admin/users/{unknown}/tokens", json={}), 404)
    problem(admin.get(f"/admin/users/{unknown}/tokens"), 404)
    problem(admin.delete(f"/admin/users/{anna.user_id}/tokens/{unknown}"), 404)


def test_a_token_is_revoked_only_under_its_own_user(admin: Caller, anna: Caller, boris: Caller) -> None:
    token_id = made(admin.post(f"/admin/users/{anna.user_id}/tokens", json={}))["id"]

    problem(admin.delete(f"/admin/users/{boris.user_id}/tokens/{token_id}"), 404)

    assert made(admin.get(f"/admin/users/{anna.user_id}/tokens"))[0]["revoked_at"] is None


def test_users_are_listed_in_pages(admin: Caller) -> None:
    first = made(admin.get("/admin/users", params={"limit": 2}))
    second = made(admin.get("/admin/users", params={"limit": 2, "offset": 1}))

    assert len(first) == 2
    assert first[1] == second[0]


def test_every_change_is_audited(admin: Caller, sql: Sql) -> None:
    user = made(admin.post("/admin/users", json={"username": str(uuid4())}))
    token = made(admin.post(f"/admin/users/{user['id']}/tokens", json={}))
    made(admin.patch(f"/admin/users/{user['id']}", json={"status": "blocked"}))
    made(admin.delete(f"/admin/users/{user['id']}/tokens/{token['id']}"))

    rows = sql("select actor_id, action from audit where subject = $1 order by id", user["id"])

    assert [row["action"] for row in rows] == ["user.created", "token.created", "user.changed", "token.revoked"]
    assert {row["actor_id"] for row in rows} == {admin.user_id}


def test_an_admin_sees_what_embedding_has_cost(admin: Caller, sql: Sql) -> None:
    sql("insert into embedding_spending values ('2099-01', 'fake:model', 'documents', 1000000, 150000)")

    seen = made(admin.get("/admin/embeddings"))

    assert seen["spent"][0] == {
        "month": "2099-01",
        "model": "fake:model",
        "purpose": "documents",
        "tokens": 1_000_000,
        "usd": 0.15,
    }
