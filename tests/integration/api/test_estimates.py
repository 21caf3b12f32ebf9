"""What a job will cost and how long it will take: told when it is accepted, and before."""

from typing import Any
from uuid import UUID

import pytest

from domain.ids import new_id
from tests.integration.api.caller import Caller, made, problem
from tests.integration.api.conftest import Sql


def test_an_accepted_message_carries_its_estimate_and_its_replay_the_same(owner: Caller, plan: str) -> None:
    chat_id = owner.new_chat()
    body = {"content": "Какова площадь помещения 207?", "document_ids": [plan]}
    key = {"Idempotency-Key": str(new_id())}

    first = made(owner.post(f"/chats/{chat_id}/messages", json=body, headers=key))
    again = made(owner.post(f"/chats/{chat_id}/messages", json=body, headers=key))

    assert first["estimate"].keys() == {"cost_micro_usd", "seconds", "based_on"}
    assert again == first


def test_a_message_is_quoted_without_being_sent(anna: Caller, admin: Caller) -> None:
    chat_id = anna.new_chat()
    made(admin.request("PUT", f"/admin/users/{anna.user_id}/quota", json={"monthly_usd": 3}))

    quote = made(anna.post(f"/chats/{chat_id}/estimate", json={"document_ids": []}))

    assert (quote["family"], quote["mode"]) == ("analysis", "simple")
    assert (quote["job_limit_micro_usd"], quote["month_left_micro_usd"]) == (2_000_000, 3_000_000)
    assert made(anna.get(f"/chats/{chat_id}/messages")) == []


def test_a_comparison_and_a_profile_are_quoted_as_such(anna: Caller) -> None:
    chat_id = anna.new_chat()
    ids = [made(anna.upload(f"{n}.txt", f"Расход {n} м³/ч".encode(), "text/plain"))["document_id"] for n in (1, 2)]
    sides = {"compare_document_ids_a": ids[:1], "compare_document_ids_b": ids[1:]}

    compared = made(anna.post(f"/chats/{chat_id}/estimate", json=sides))
    made(anna.patch("/me/settings", json={"model_profile": "complex"}))
    plain = made(anna.post(f"/chats/{chat_id}/estimate", json={}))

    assert (compared["mode"], plain["mode"], plain["month_left_micro_usd"]) == ("compare", "complex", None)


def test_foreign_chats_and_documents_are_not_quoted(anna: Caller, boris: Caller, plan: str) -> None:
    chat_id = anna.new_chat()

    problem(boris.post(f"/chats/{chat_id}/estimate", json={}), 404, "not_found")
    problem(anna.post(f"/chats/{chat_id}/estimate", json={"document_ids": [plan]}), 404, "not_found")


def test_all_kinds_are_listed_and_one_is_found(anna: Caller) -> None:
    kinds = made(anna.get("/estimates"))
    [one] = made(anna.get("/estimates", params={"family": "analysis", "mode": "compare"}))

    assert {("analysis", "simple"), ("comparison", ""), ("ingest", "file")} <= {
        (kind["family"], kind["mode"]) for kind in kinds
    }
    assert (one["family"], one["mode"]) == ("analysis", "compare")


@pytest.mark.parametrize("asked", [{"family": "none"}, {"mode": "none"}, {"family": "ingest", "mode": "simple"}])
def test_a_kind_that_there_is_not_is_not_found(anna: Caller, asked: dict[str, str]) -> None:
    problem(anna.get("/estimates", params=asked), 404, "not_found")


def test_a_job_tells_its_money(owner: Caller, answered: dict[str, Any], sql: Sql) -> None:
    sql("update jobs set usage = usage || '{\"cost_micro_usd\": 1234}' where id = $1", UUID(answered["job_id"]))

    budget = made(owner.get(f"/jobs/{answered['job_id']}"))["budget"]

    assert budget == {"limit_micro_usd": 2_000_000, "spent_micro_usd": 1234, "reserved_micro_usd": 0}
