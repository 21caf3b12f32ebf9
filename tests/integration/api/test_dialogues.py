"""The dialogue of a job, its replay, and prompts tried on recorded jobs, over HTTP."""

import os
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import TREE
from tests.integration.api.caller import Caller, made, paths, problem, wait_for
from tests.integration.api.conftest import Sql

ANSWER_PROMPT = "analysis/answer"


@pytest.fixture
def asked(anna: Caller) -> dict[str, Any]:
    """A question of Anna's that has been answered, without any document."""
    message = anna.ask(anna.new_chat())
    anna.ended(message["job_id"])
    return message


def _dialogue(caller: Caller, job_id: str, **query: Any) -> dict[str, Any]:
    return made(caller.get(f"/jobs/{job_id}/dialogue", params=query))


def test_the_dialogue_tells_every_call_in_order(owner: Caller, answered: dict[str, Any]) -> None:
    dialogue = _dialogue(owner, answered["job_id"])

    calls = dialogue["items"]
    assert [call["prompt"]["name"] for call in calls] == ["analysis/classify", ANSWER_PROMPT]
    assert [call["number"] for call in calls] == [1, 2]
    assert {(call["model"], call["epoch"], call["try_no"], call["error"]) for call in calls} == {
        ("dryrun:reader", 1, 1, None)
    }
    assert "207" in calls[0]["parts"][0]["text"]
    assert "answer_markdown" in calls[1]["reply"]
    assert dialogue["usage"] == made(owner.get(f"/jobs/{answered['job_id']}"))["usage"]
    assert (dialogue["replay_of"], dialogue["next"]) == (None, None)


def test_the_dialogue_comes_in_pages(owner: Caller, answered: dict[str, Any]) -> None:
    whole = _dialogue(owner, answered["job_id"])["items"]

    first = _dialogue(owner, answered["job_id"], limit=1)
    second = _dialogue(owner, answered["job_id"], limit=1, cursor=first["next"])

    assert [*first["items"], *second["items"]] == whole
    assert second["next"] is None


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru", ["# Диалог с моделью", "### Системный текст", "### Запрос", "### Ответ"]), ("en", ["### Reply"])],
)
def test_the_dialogue_is_downloaded_as_text(
    owner: Caller, answered: dict[str, Any], language: str, words: list[str]
) -> None:
    path = f"/jobs/{answered['job_id']}/dialogue"

    by_header = owner.get(path, headers={"Accept": "text/plain", "Accept-Language": language})
    by_query = owner.get(path, params={"format": "text"}, headers={"Accept-Language": language})

    assert by_header.headers["content-type"] == "text/plain; charset=utf-8"
    assert by_query.headers["content-type"] == "text/markdown; charset=utf-8"
    assert by_header.text == by_query.text
    assert [word for word in words if word not in by_query.text] == []
    assert "attachment" in by_query.headers["content-disposition"]


def test_an_admins_look_at_a_dialogue_is_audited_and_others_see_nothing(
    admin: Caller, boris: Caller, asked: dict[str, Any], sql: Sql
) -> None:
    assert _dialogue(admin, asked["job_id"])["items"]

    rows = sql("select actor_id from audit where action = 'job.read' and subject = $1", asked["job_id"])
    assert [row["actor_id"] for row in rows] == [admin.user_id]
    problem(boris.get(f"/jobs/{asked['job_id']}/dialogue"), 404)


def test_an_expired_dialogue_says_so_and_the_job_keeps_its_figures(
    anna: Caller, asked: dict[str, Any], sql: Sql
) -> None:
    sql("update llm_calls set expired_at = now(), request = '{}', response = '' where job_id = $1", asked["job_id"])

    problem(anna.get(f"/jobs/{asked['job_id']}/dialogue"), 410, "dialogue_expired")

    problem(anna.post(f"/jobs/{asked['job_id']}/replay"), 410, "dialogue_expired")
    assert made(anna.get(f"/jobs/{asked['job_id']}"))["usage"]["calls"] == 1


def test_the_dialogue_goes_with_its_chat(anna: Caller, asked: dict[str, Any], sql: Sql) -> None:
    made(anna.delete(f"/chats/{asked['chat_id']}"))

    problem(anna.get(f"/jobs/{asked['job_id']}/dialogue"), 410, "dialogue_expired")
    kept = sql("select c::text from llm_calls c where job_id = $1", asked["job_id"])
    assert not any("расход воздуха" in row[0] for row in kept)


def test_a_replay_tells_the_same_and_writes_nothing_into_the_chat(owner: Caller, answered: dict[str, Any]) -> None:
    before = made(owner.get(f"/chats/{answered['chat_id']}"))["messages"]

    replay = made(owner.post(f"/jobs/{answered['job_id']}/replay"))

    assert (replay["mode"], replay["replay_of"], replay["chat_id"]) == ("replay", answered["job_id"], None)
    assert owner.ended(replay["id"])["status"] == "succeeded"
    comparison = made(owner.get(f"/jobs/{replay['id']}/replay"))
    assert (comparison["is_equal"], comparison["differences"], comparison["calls"]) == (True, [], 2)
    queued = owner.frames(f"/jobs/{replay['id']}/events")[0]
    assert (queued.data["mode"], queued.data["replay_of"]) == ("replay", answered["job_id"])
    assert {call["is_replayed"] for call in _dialogue(owner, replay["id"])["items"]} == {True}
    assert made(owner.get(f"/chats/{answered['chat_id']}"))["messages"] == before


def test_the_command_says_equal(admin: Caller, owner: Caller, answered: dict[str, Any]) -> None:
    token = made(admin.post(f"/admin/users/{owner.user_id}/tokens", json={}))["static_token"]
    command = [sys.executable, "-m", "launch.replay", answered["job_id"], "--url", owner.url]
    env = {**os.environ, "AIZOOMDOC_TOKEN": token}

    ran = subprocess.run(command, cwd=TREE, env=env, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"equal: job {answered['job_id']}")


def test_an_admin_replays_a_job_of_others_and_it_is_audited(
    admin: Caller, owner: Caller, answered: dict[str, Any], sql: Sql
) -> None:
    replay = made(admin.post(f"/admin/jobs/{answered['job_id']}/replay"))

    assert admin.ended(replay["id"])["status"] == "succeeded"
    assert made(admin.get(f"/jobs/{replay['id']}/replay"))["is_equal"] is True
    assert replay["user_id"] == str(admin.user_id)
    rows = sql("select details from audit where action = 'job.replayed' and actor_id = $1", admin.user_id)
    assert str(owner.user_id) in rows[0]["details"]


def test_a_replay_that_is_asked_for_twice_runs_once(
    admin: Caller, owner: Caller, answered: dict[str, Any], asked: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "replay-once"}

    first = admin.post(f"/admin/jobs/{answered['job_id']}/replay", headers=headers)
    again = admin.post(f"/admin/jobs/{answered['job_id']}/replay", headers=headers)
    own = [owner.post(f"/jobs/{answered['job_id']}/replay", headers=headers) for _ in range(2)]

    assert (first.status_code, again.status_code, again.headers["idempotent-replayed"]) == (202, 202, "true")
    assert again.json() == first.json()
    assert own[0].json() == own[1].json()
    assert own[0].json()["id"] != first.json()["id"]
    other = admin.post(f"/admin/jobs/{asked['job_id']}/replay", headers=headers)
    problem(other, 422, "idempotency_mismatch")


def test_a_trial_that_is_asked_for_twice_runs_once_and_saves_one_draft(
    admin: Caller, answered: dict[str, Any], sql: Sql
) -> None:
    text = (TREE / f"prompts/{ANSWER_PROMPT}.md").read_text() + "\nКратко."
    wish = {"jobs": [answered["job_id"], str(uuid4())], "prompts": {ANSWER_PROMPT: {"text": text}}}
    headers = {"Idempotency-Key": "trial-once"}

    first = admin.post("/admin/prompts/trial", json=wish, headers=headers)
    again = admin.post("/admin/prompts/trial", json=wish, headers=headers)

    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert [refused["code"] for refused in first.json()["refused"]] == ["not_found"]
    assert len(sql("select 1 from prompts where body = $1", text)) == 1
    assert len(sql("select 1 from replays where trial_id = $1", first.json()["id"])) == 1
    changed = {**wish, "jobs": wish["jobs"][:1]}
    problem(admin.post("/admin/prompts/trial", json=changed, headers=headers), 422, "idempotency_mismatch")


def test_a_replay_and_a_job_without_a_record_cannot_be_replayed(
    admin: Caller, owner: Caller, answered: dict[str, Any]
) -> None:
    replay = made(owner.post(f"/jobs/{answered['job_id']}/replay"))["id"]
    owner.ended(replay)
    probe = admin.probe()
    admin.ended(probe)

    problem(owner.post(f"/jobs/{replay}/replay"), 409, "conflict")
    problem(admin.post(f"/jobs/{probe}/replay"), 409, "recording_missing")


def test_prompts_are_tried_on_recorded_jobs_side_by_side(
    admin: Caller, owner: Caller, answered: dict[str, Any], sql: Sql
) -> None:
    text = (TREE / f"prompts/{ANSWER_PROMPT}.md").read_text() + "\nКороче."
    wish = {"jobs": [answered["job_id"], str(uuid4())], "prompts": {ANSWER_PROMPT: {"text": text}}}

    trial = made(admin.post("/admin/prompts/trial", json=wish))

    assert [refused["code"] for refused in trial["refused"]] == ["not_found"]
    assert trial["prompts"][ANSWER_PROMPT].startswith("v")
    [begun] = trial["jobs"]
    assert admin.ended(begun["job_id"])["mode"] == "trial"
    view = made(admin.get(f"/admin/prompts/trial/{trial['id']}"))
    [looked] = sql("select details from audit where action = 'trial.read' and subject = $1", trial["id"])
    assert str(owner.user_id) in str(looked)
    [item] = view["items"]
    assert (item["served"], item["live"], item["is_same_text"]) == (1, 1, True)
    assert item["before"]["text"] == item["after"]["text"]
    assert "207" in item["question"]
    assert (view["summary"]["succeeded"], view["summary"]["pending"]) == (1, 0)
    assert view["summary"]["before"]["verified"] == view["summary"]["after"]["verified"] > 0
    assert made(owner.get(f"/jobs/{answered['job_id']}"))["prompt_versions"][ANSWER_PROMPT] != "v1"


def test_a_trial_of_what_is_not_there_is_refused(admin: Caller, answered: dict[str, Any]) -> None:
    job = answered["job_id"]

    def refusal(prompts: dict[str, Any]) -> list[str]:
        sent = {"jobs": [job], "prompts": prompts}
        return paths(problem(admin.post("/admin/prompts/trial", json=sent), 422))

    assert refusal({"no/such": "v1"}) == ["$.prompts['no/such']"]
    assert refusal({ANSWER_PROMPT: "v999"}) == [f"$.prompts['{ANSWER_PROMPT}']"]
    assert refusal({ANSWER_PROMPT: {"text": "no variables"}})[0] == "$.text"


def test_a_document_that_was_deleted_is_told_as_the_first_difference(anna: Caller) -> None:
    uploaded = anna.read_document("Записка.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain")
    message = anna.ask(anna.new_chat(), "Какой расход у П1?", document_ids=[uploaded["document_id"]])
    anna.ended(message["job_id"])
    made(anna.delete(f"/documents/{uploaded['document_id']}"))

    replay = made(anna.post(f"/jobs/{message['job_id']}/replay"))["id"]

    ended = wait_for(lambda: job if (job := anna.ended(replay)) else None)
    comparison = made(anna.get(f"/jobs/{replay}/replay"))
    assert comparison["is_equal"] is False
    assert comparison["differences"]
    assert ended["status"] in ("failed", "succeeded")
