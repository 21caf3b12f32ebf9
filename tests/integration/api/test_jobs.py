"""Jobs as their owners see them: lists, snapshots, events streamed and polled, cancelling."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.events import Event, EventType, fold
from tests.integration.api.caller import Caller, Frame, made, problem, wait_for
from tests.integration.api.conftest import Sql

POLLED = {"Accept": "application/json"}
ENVELOPE = {"job_id", "seq", "epoch", "stage", "ts"}


def _event_of(data: dict[str, Any], name: str) -> Event:
    """An event as the log has it, from what a client was told."""
    return Event(
        job_id=UUID(data["job_id"]),
        seq=data["seq"],
        epoch=data["epoch"],
        type=EventType(name),
        ts=datetime.fromisoformat(data["ts"]),
        stage=data["stage"],
        payload={key: value for key, value in data.items() if key not in ENVELOPE},
    )


@pytest.fixture(scope="module")
def events(owner: Caller, answered: dict[str, Any]) -> list[Frame]:
    """All events of the answered question."""
    return owner.frames(answered["links"]["events"])


@pytest.fixture
def held_back(anna: Caller) -> str:
    """A job that is not due for three seconds."""
    return made(anna.post(f"/chats/{anna.new_chat()}/messages", json={"content": "Что в документах?"}))["job_id"]


def test_jobs_are_listed_newest_first_in_pages(admin: Caller) -> None:
    jobs = [admin.probe() for _ in range(5)]

    pages, cursor = [], None
    while not pages or cursor:
        page = made(admin.get("/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}))
        pages.append([job["id"] for job in page["items"]])
        cursor = page["next"]

    assert pages == [jobs[4:2:-1], jobs[2:0:-1], jobs[:1]]


def test_jobs_are_filtered_by_state_and_family(anna: Caller, held_back: str) -> None:
    done = anna.ask(anna.new_chat())["job_id"]
    anna.ended(done)

    def listed(**query: str) -> list[str]:
        return [job["id"] for job in made(anna.get("/jobs", params=query))["items"]]

    assert listed(status="succeeded") == [done]
    assert listed(status="queued", family="analysis") == [held_back]
    assert listed(family="ingest") == []
    assert set(listed(family="analysis")) == {done, held_back}


def test_jobs_of_others_are_not_listed(anna: Caller, boris: Caller, admin: Caller, held_back: str) -> None:
    assert made(boris.get("/jobs"))["items"] == []
    assert made(admin.get("/jobs"))["items"] == []


def test_an_admin_lists_jobs_of_everyone_by_user(admin: Caller, anna: Caller, held_back: str, sql: Sql) -> None:
    page = made(admin.get("/admin/jobs", params={"user": str(anna.user_id), "status": "queued", "family": "analysis"}))

    assert [job["id"] for job in page["items"]] == [held_back]
    looked = sql("select count(*) from audit where actor_id = $1 and action = 'jobs.listed'", admin.user_id)
    assert looked[0][0] == 1


def test_an_admins_look_at_a_job_is_audited(admin: Caller, anna: Caller, held_back: str, sql: Sql) -> None:
    assert made(admin.get(f"/jobs/{held_back}"))["user_id"] == str(anna.user_id)

    rows = sql("select actor_id from audit where action = 'job.read' and subject = $1", held_back)
    assert [row["actor_id"] for row in rows] == [admin.user_id]


def test_the_events_are_numbered_without_a_gap_and_end_once(events: list[Frame], answered: dict[str, Any]) -> None:
    assert [frame.id for frame in events] == [str(number) for number in range(1, len(events) + 1)]
    assert [frame.event for frame in events if frame.event.startswith("job.")] == [
        "job.queued",
        "job.started",
        "job.succeeded",
    ]
    assert events[-1].event == "job.succeeded"
    assert {frame.data["job_id"] for frame in events} == {answered["job_id"]}


def test_the_snapshot_is_the_fold_of_the_events(owner: Caller, answered: dict[str, Any], events: list[Frame]) -> None:
    snapshot = made(owner.get(f"/jobs/{answered['job_id']}"))["snapshot"]

    folded = fold(_event_of(frame.data, frame.event) for frame in events)
    assert snapshot == msgspec.to_builtins(folded)
    assert snapshot["answer"] == made(owner.get(f"/chats/{answered['chat_id']}"))["messages"][-1]["content"]


def test_polling_tells_what_the_stream_tells(owner: Caller, answered: dict[str, Any], events: list[Frame]) -> None:
    polled = made(owner.get(answered["links"]["events"], headers=POLLED))

    assert [(str(e["seq"]), e.pop("event"), e) for e in polled["items"]] == [tuple(frame) for frame in events]
    assert polled["last_seq"] == len(events)
    assert polled["status"] == "succeeded"


def test_a_cursor_anywhere_gives_the_rest(owner: Caller, answered: dict[str, Any], events: list[Frame]) -> None:
    link = answered["links"]["events"]
    for cursor in range(len(events)):
        assert owner.frames(link, headers={"Last-Event-ID": str(cursor)}) == events[cursor:]
        polled = made(owner.get(link, headers=POLLED, params={"after": cursor}))
        assert [event["seq"] for event in polled["items"]] == list(range(cursor + 1, len(events) + 1))


@pytest.mark.parametrize("headers", [{}, POLLED])
def test_after_the_end_there_is_nothing_and_beyond_it_a_conflict(
    owner: Caller, answered: dict[str, Any], events: list[Frame], headers: dict[str, str]
) -> None:
    link = answered["links"]["events"]

    nothing = owner.get(link, headers=headers, params={"after": len(events)})

    assert (nothing.status_code, nothing.content) == (204, b"")
    problem(owner.get(link, headers=headers, params={"after": len(events) + 1}), 409, "conflict")


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 5000])
def test_a_cursor_that_is_none_is_refused(owner: Caller, answered: dict[str, Any], cursor: str) -> None:
    link = answered["links"]["events"]

    problem(owner.get(link, headers={"Last-Event-ID": cursor}), 422)
    assert owner.get(link, params={"after": cursor}).status_code in (409, 422)


def test_a_live_stream_ends_with_the_job(anna: Caller) -> None:
    message = anna.ask(anna.new_chat())

    frames = [frame for frame in anna.frames(message["links"]["events"]) if frame.id]

    assert [frame.id for frame in frames] == [str(number) for number in range(1, len(frames) + 1)]
    assert frames[-1].event == "job.succeeded"


def test_a_poll_waits_for_the_next_event(anna: Caller, held_back: str) -> None:
    link = f"/jobs/{held_back}/events"
    known = made(anna.get(link, headers=POLLED))["last_seq"]
    started = time.monotonic()

    told = made(anna.get(link, headers=POLLED, params={"after": known, "wait": 20}))

    assert 0.5 < time.monotonic() - started < 15
    assert told["items"][0]["event"] == "job.started"


def test_a_poll_that_waits_for_nothing_tells_the_place_in_line(anna: Caller, held_back: str) -> None:
    link = f"/jobs/{held_back}/events"
    known = made(anna.get(link, headers=POLLED))["last_seq"]

    told = made(anna.get(link, headers=POLLED, params={"after": known, "wait": 0}))

    assert (told["items"], told["last_seq"], told["status"]) == ([], known, "queued")
    assert told["place"].keys() == {"position", "running", "queued", "eta_p50_s", "eta_p90_s"}


@pytest.mark.parametrize("wait", [-1, 31, "long"])
def test_a_wait_that_is_none_is_refused(anna: Caller, held_back: str, wait: object) -> None:
    problem(anna.get(f"/jobs/{held_back}/events", headers=POLLED, params={"wait": str(wait)}), 422)


def test_a_queued_job_is_cancelled_at_once_and_only_once(anna: Caller, held_back: str) -> None:
    first = made(anna.post(f"/jobs/{held_back}/cancel"))
    second = made(anna.post(f"/jobs/{held_back}/cancel"))

    assert first["status"] == second["status"] == "cancelled"
    assert first["last_seq"] == second["last_seq"]
    assert [frame.event for frame in anna.frames(f"/jobs/{held_back}/events")] == ["job.queued", "job.cancelled"]


def test_a_job_that_has_ended_stays_as_it_is_when_cancelled(owner: Caller, answered: dict[str, Any]) -> None:
    before = made(owner.get(f"/jobs/{answered['job_id']}"))

    assert made(owner.post(answered["links"]["cancel"]))["status"] == "succeeded"

    assert made(owner.get(f"/jobs/{answered['job_id']}")) == before


def test_a_question_waits_for_its_document_and_says_so(anna: Caller, sql: Sql) -> None:
    """The reading is held back by hand: the document stays unread while the question is asked."""
    uploaded = made(anna.upload("Записка.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain"))
    anna.ended(uploaded["job_id"])
    sql("update documents set status = 'reading' where id = $1::uuid", uploaded["document_id"])
    message = anna.ask(anna.new_chat(), "Какой расход у П1?", document_ids=[uploaded["document_id"]])

    job = wait_for(
        lambda: job if (job := made(anna.get(f"/jobs/{message['job_id']}")))["status"] == "waiting" else None
    )

    assert uploaded["document_id"] in str(job["waiting_for"])
    made(anna.delete(f"/documents/{uploaded['document_id']}"))
    assert anna.ended(message["job_id"])["status"] == "succeeded"


def test_foreign_and_missing_jobs_are_not_found(anna: Caller, boris: Caller, held_back: str) -> None:
    for job_id in (held_back, str(uuid4())):
        problem(boris.get(f"/jobs/{job_id}"), 404)
        problem(boris.get(f"/jobs/{job_id}/events"), 404)
        problem(boris.post(f"/jobs/{job_id}/cancel"), 404)
        problem(boris.post(f"/jobs/{job_id}/requeue", json={}), 404)
    assert made(anna.get(f"/jobs/{held_back}"))["cancel_requested"] is False
