"""A user's own keys of model providers: they go in and never come out."""

import pytest

from tests.integration.api.caller import Caller, made, problem
from tests.integration.api.conftest import Sql

KEYS = "/me/provider-keys"
GEMINI = f"{KEYS}/gemini"
KEY = "AIzaSyTestTestTestTestTestTestTestTest12"


def put(caller: Caller, key: str = KEY) -> dict[str, str]:
    return made(caller.request("PUT", GEMINI, json={"api_key": key}))


def test_a_new_user_has_no_keys(anna: Caller) -> None:
    assert made(anna.get(KEYS)) == []


def test_of_a_kept_key_only_its_end_is_shown(anna: Caller, boris: Caller) -> None:
    kept = put(anna)

    assert (kept["provider"], kept["last_four"]) == ("gemini", KEY[-4:])
    assert made(anna.get(KEYS)) == [kept]
    assert KEY not in str(kept)
    assert made(anna.get("/me"))["gemini_api_key_configured"] is True
    assert made(boris.get(KEYS)) == []
    assert made(boris.get("/me"))["gemini_api_key_configured"] is False


def test_a_key_is_replaced_and_deleted(anna: Caller) -> None:
    put(anna)
    put(anna, "another-key-0000000001")
    assert [kept["last_four"] for kept in made(anna.get(KEYS))] == ["0001"]

    assert anna.delete(GEMINI).status_code == 204
    assert anna.delete(GEMINI).status_code == 204

    assert made(anna.get(KEYS)) == []


def test_setting_and_deleting_a_key_is_audited_without_it(anna: Caller, sql: Sql) -> None:
    put(anna)
    anna.delete(GEMINI)

    rows = sql("select action, subject, details::text from audit where actor_id = $1 order by id", anna.user_id)
    assert [tuple(row) for row in rows] == [
        ("provider_key.put", "gemini", "{}"),
        ("provider_key.delete", "gemini", "{}"),
    ]


@pytest.mark.parametrize(
    "body",
    [{}, {"api_key": ""}, {"api_key": "short"}, {"api_key": "with a blank in it 123456"}, {"key": KEY}],
    ids=["nothing", "empty", "short", "blank", "another_name"],
)
def test_what_is_no_key_is_refused_and_not_repeated(anna: Caller, body: dict[str, str]) -> None:
    answer = anna.request("PUT", GEMINI, json=body)

    problem(answer, 422)
    assert not [value for value in body.values() if value and value in answer.text]


def test_an_unknown_provider_is_not_found(anna: Caller) -> None:
    problem(anna.request("PUT", f"{KEYS}/nobody", json={"api_key": KEY}), 404)
