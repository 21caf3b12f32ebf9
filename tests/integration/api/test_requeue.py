"""Running jobs again: by their owners, by admins, one or many, and never twice at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

FailJob = Callable[..., str]


@pytest.fixture
def cancelled(anna: Caller) -> str:
    """A job of Anna's that was cancelled before it ran."""
    chat_id = anna.new_chat()
    job_id = made(anna.post(f"/chats/{chat_id}/messages", json={"content": "Что в документах?"}))["job_id"]
    made(anna.post(f"/jobs/{job_id}/cancel"))
    return job_id


def test_an_owner_runs_a_failed_job_again_in_the_same_log(anna: Caller, fail_job: FailJob) -> None:
    job_id = fail_job(anna)
    before = made(anna.get(f"/jobs/{job_id}"))

    requeued = anna.post(f"/jobs/{job_id}/requeue", json={})

    assert (requeued.status_code, requeued.json()["status"]) == (202, "queued")
    after = anna.ended(job_id)
    assert (after["status"], after["epoch"]) == ("succeeded", before["epoch"] + 2)
    names = [frame.event for frame in anna.frames(f"/jobs/{job_id}/events", params={"after": before["last_seq"]})]
    assert names[0] == "job.requeued"
    assert names[-1] == "job.succeeded"


def test_an_owner_may_not_run_a_cancelled_job_again_but_an_admin_may(
    anna: Caller, admin: Caller, cancelled: str
) -> None:
    problem(anna.post(f"/jobs/{cancelled}/requeue", json={}), 403, "not_allowed")

    made(admin.post(f"/admin/jobs/{cancelled}/requeue", json={}))

    assert anna.ended(cancelled)["status"] == "succeeded"


def test_a_requeued_question_is_answered_once(anna: Caller, admin: Caller, cancelled: str) -> None:
    made(admin.post(f"/jobs/{cancelled}/requeue", json={}))

    chat_id = anna.ended(cancelled)["chat_id"]
    assert [message["role"] for message in made(anna.get(f"/chats/{chat_id}/messages"))] == ["user", "assistant"]


def test_a_document_that_cannot_be_read_fails_and_fails_again(anna: Caller) -> None:
    uploaded = made(anna.upload("План.pdf", b"%PDF-1.7 and then nothing of the kind"))
    failed = anna.ended(uploaded["job_id"])

    made(anna.post(f"/jobs/{uploaded['job_id']}/requeue", json={}))
    again = anna.ended(uploaded["job_id"])

    assert (failed["status"], again["status"]) == ("failed", "failed")
    assert failed["error"]["code"] == again["error"]["code"] == "document_damaged"
    assert made(anna.get(f"/documents/{uploaded['document_id']}"))["status"] == "failed"


def test_a_job_that_did_not_fail_is_not_run_again(owner: Caller, admin: Caller, answered: dict[str, Any]) -> None:
    problem(owner.post(f"/jobs/{answered['job_id']}/requeue", json={}), 403)
    problem(admin.post(f"/admin/jobs/{answered['job_id']}/requeue", json={}), 409, "conflict")


def test_who_looked_at_an_older_run_requeues_nothing(admin: Caller, anna: Caller, fail_job: FailJob) -> None:
    job_id = fail_job(anna)
    epoch = made(admin.get(f"/jobs/{job_id}"))["epoch"]

    problem(admin.post(f"/admin/jobs/{job_id}/requeue", json={"seen_epoch": epoch - 1}), 409, "conflict")
    made(admin.post(f"/admin/jobs/{job_id}/requeue", json={"seen_epoch": epoch}))


def test_of_ten_who_requeue_at_once_one_wins(admin: Caller, anna: Caller, fail_job: FailJob, sql: Sql) -> None:
    job_id = fail_job(anna)
    wish = {"seen_epoch": made(admin.get(f"/jobs/{job_id}"))["epoch"]}

    with ThreadPoolExecutor(10) as pool:
        asked = pool.map(lambda _: admin.post(f"/admin/jobs/{job_id}/requeue", json=wish).status_code, range(10))

    assert sorted(asked) == [202] + [409] * 9
    assert sql("select count(*) from audit where action = 'job.requeued' and subject = $1", job_id)[0][0] == 1


def test_a_stage_to_start_again_from_must_exist(admin: Caller, anna: Caller, cancelled: str) -> None:
    body = problem(admin.post(f"/admin/jobs/{cancelled}/requeue", json={"from_stage": "imagine"}), 422)

    assert paths(body) == ["$.from_stage"]
    assert made(anna.get(f"/jobs/{cancelled}"))["status"] == "cancelled"
    made(admin.post(f"/admin/jobs/{cancelled}/requeue", json={"from_stage": "search"}))


def test_many_jobs_are_run_again_by_a_filter(admin: Caller, anna: Caller, boris: Caller, fail_job: FailJob) -> None:
    hers = [fail_job(anna), fail_job(anna)]
    other_fault, his = fail_job(anna, "deadline"), fail_job(boris)
    wish = {"user": str(anna.user_id), "family": "probe", "error_code": "worker_crashed"}

    requeued = made(admin.post("/admin/jobs/requeue", json=wish))

    assert sorted(requeued["requeued"]) == sorted(hers)
    assert requeued["refused"] == []
    assert {anna.ended(job_id)["status"] for job_id in hers} == {"succeeded"}
    assert {made(admin.get(f"/jobs/{job_id}"))["status"] for job_id in (other_fault, his)} == {"failed"}


def test_named_jobs_are_run_again_and_unknown_names_left_out(admin: Caller, anna: Caller, fail_job: FailJob) -> None:
    named, other = fail_job(anna), fail_job(anna)

    requeued = made(admin.post("/admin/jobs/requeue", json={"ids": [named, named, str(uuid4())]}))

    assert requeued == {"requeued": [named], "refused": []}
    assert made(admin.get(f"/jobs/{other}"))["status"] == "failed"


def test_a_limit_bounds_how_many_are_run_again(admin: Caller, anna: Caller, fail_job: FailJob) -> None:
    for _ in range(3):
        fail_job(anna)

    requeued = made(admin.post("/admin/jobs/requeue", json={"user": str(anna.user_id), "limit": 2}))

    assert len(requeued["requeued"]) == 2


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"status": "succeeded"}, "$.status"),
        ({"limit": 0}, "$.limit"),
        ({"limit": 1001}, "$.limit"),
        ({"ids": ["x"]}, "$.ids[0]"),
    ],
)
def test_a_filter_that_is_none_is_refused(admin: Caller, wish: dict[str, Any], path: str) -> None:
    assert paths(problem(admin.post("/admin/jobs/requeue", json=wish), 422)) == [path]


def test_a_probe_goes_through_the_whole_pipe(admin: Caller) -> None:
    probed = made(admin.post("/admin/probe", json={"queue": "background", "payload": {"n": [1, "два"]}}))

    assert admin.ended(probed["id"])["result"] == {"n": [1, "два"]}
    assert admin.frames(probed["events"])[-1].event == "job.succeeded"
