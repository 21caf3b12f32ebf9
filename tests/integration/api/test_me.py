"""The caller, and the seven settings that shape their answers."""

from typing import Any

import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

DEFAULTS = {
    "model_profile": "simple",
    "selected_role_prompt_id": None,
    "temperature": 1.0,
    "top_p": 0.95,
    "thinking_enabled": True,
    "thinking_budget": 0,
    "media_resolution": "high",
}
SETTINGS = "/me/settings"


@pytest.fixture
def role_id(sql: Sql) -> int:
    """A role that everyone may choose."""
    return sql("insert into role_prompts (name, content) values ('Инженер', 'Отвечай как инженер.') returning id")[0][0]


def test_a_new_user_has_the_default_settings(anna: Caller) -> None:
    me = made(anna.get("/me"))

    assert me["user"]["id"] == str(anna.user_id)
    assert me["settings"] == DEFAULTS
    assert me["gemini_api_key_configured"] is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_profile", "complex"),
        ("temperature", 0),
        ("temperature", 2),
        ("top_p", 0.5),
        ("thinking_enabled", False),
        ("thinking_budget", 24576),
        ("media_resolution", "low"),
    ],
)
def test_a_changed_setting_leaves_the_others(anna: Caller, name: str, value: object) -> None:
    made(anna.patch(SETTINGS, json={"top_p": 0.25} if name != "top_p" else {}))

    changed = made(anna.patch(SETTINGS, json={name: value}))

    expected = {**DEFAULTS, "top_p": 0.25, name: value}
    assert changed == expected
    assert made(anna.get("/me"))["settings"] == expected


def test_the_former_path_changes_settings_too(anna: Caller) -> None:
    assert made(anna.post("/settings", json={"media_resolution": "medium"}))["media_resolution"] == "medium"


def test_settings_of_one_user_are_not_those_of_another(anna: Caller, boris: Caller) -> None:
    made(anna.patch(SETTINGS, json={"temperature": 0.1}))

    assert made(boris.get("/me"))["settings"] == DEFAULTS


def test_a_role_is_chosen_and_taken_away_by_null(anna: Caller, role_id: int) -> None:
    assert made(anna.patch(SETTINGS, json={"selected_role_prompt_id": role_id}))["selected_role_prompt_id"] == role_id

    assert made(anna.patch(SETTINGS, json={"selected_role_prompt_id": None}))["selected_role_prompt_id"] is None


def test_the_roles_for_everyone_and_ones_own_are_listed(anna: Caller, boris: Caller, role_id: int, sql: Sql) -> None:
    own = "insert into role_prompts (name, content, owner_id) values ('Своя', 'Кратко.', $1) returning id"
    own_id = sql(own, anna.user_id)[0][0]

    assert {role["id"] for role in made(anna.get("/prompts/roles"))} >= {role_id, own_id}
    assert own_id not in {role["id"] for role in made(boris.get("/prompts/roles"))}


@pytest.mark.parametrize("case", ["missing", "beyond integers", "inactive", "of another user"])
def test_a_role_that_cannot_be_chosen_is_not_found(anna: Caller, boris: Caller, sql: Sql, case: str) -> None:
    insert = "insert into role_prompts (name, content, owner_id, is_active) values ('Р', 'т', $1, $2) returning id"
    role_id = {
        "missing": 2**31 - 1,
        "beyond integers": 2**70,
        "inactive": sql(insert, None, False)[0][0],
        "of another user": sql(insert, boris.user_id, True)[0][0],
    }[case]

    body = problem(anna.patch(SETTINGS, json={"selected_role_prompt_id": role_id}), 404, "not_found")

    assert paths(body) == ["$.selected_role_prompt_id"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"temperature": 2.1}, "$.temperature"),
        ({"temperature": -0.1}, "$.temperature"),
        ({"temperature": "warm"}, "$.temperature"),
        ({"temperature": None}, "$.temperature"),
        ({"top_p": 1.1}, "$.top_p"),
        ({"thinking_budget": 24577}, "$.thinking_budget"),
        ({"thinking_budget": 1.5}, "$.thinking_budget"),
        ({"thinking_enabled": 2}, "$.thinking_enabled"),
        ({"model_profile": "simple\n"}, "$.model_profile"),
        ({"media_resolution": "ultra"}, "$.media_resolution"),
        ({"selected_role_prompt_id": "engineer"}, "$.selected_role_prompt_id"),
        ({"unknown": 1}, "$.unknown"),
        ([], "$"),
        (None, "$"),
    ],
)
def test_a_setting_that_is_not_valid_changes_nothing(anna: Caller, change: Any, path: str) -> None:
    body = problem(anna.patch(SETTINGS, json=change), 422, "invalid_input")

    assert paths(body) == [path]
    assert made(anna.get("/me"))["settings"] == DEFAULTS
