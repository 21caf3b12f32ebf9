"""The SQL of the job protocol does what the model says, step by step: random commands go to both, then both are equal.

The simulation runs on the same model, so what it proves of the model holds for the SQL.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.routes.jobs import RequeueWish, requeue
from domain import rules_jobs
from domain.chats import Chat
from domain.documents import Document, DocumentStatus, Recognition, RecognitionState
from domain.errors import Conflict, LeaseLost, QueueFull
from domain.events import EventType, NewEvent
from domain.jobs import JobState
from domain.rules_jobs import Change, Refused
from storage.checkpoints import save_checkpoint
from storage.events import append_events
from storage.uow import SqlUnitOfWork
from storage.workers import BEAT, beat_arguments, count_bells, overdue_jobs, own_leases
from tests.conftest import Databases
from tests.fakes.ground import COLUMNS, EVENTS, Ground, columns_of
from tests.fakes.jobs import FLAKY, QUEUE, checkpoint_of, finished, new_job, started
from tests.simulation.model import Model, Row

SLOTS = ("a_slot", "a%slot", "other")
STAGES = ("search", "crop", "answer")
QUEUE_LIMIT = 8
USER_CAP = 2
ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED)


class Ours(NamedTuple):
    """A claim that some worker remembers, perhaps a stale one."""

    job_id: UUID
    epoch: int


class JobsMachine(RuleBasedStateMachine):
    """Each rule does one thing to the database and to the model."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        ground.clear()
        ground.rung.clear()
        self.model = Model(queue_limit=QUEUE_LIMIT, jobs_end_readings=False)
        self.model.now = ground.clock.now_s
        self.claims: list[Ours] = []
        self.incarnation = 0
        self.ids = 0
        self.chats = [self._next_id() for _ in range(2)]
        self.documents = [self._next_id() for _ in range(2)]
        self.model.next_no = dict.fromkeys(self.chats, 1)
        self.deleted: set[UUID] = set()
        self.model.documents = dict.fromkeys(self.documents, True)
        self.ground.write(self._add_subjects)

    @initialize(count=st.integers(2, 4), chat=st.none() | st.integers(0, 1))
    def begin(self, count: int, chat: int | None) -> None:
        """Most schedules begin with work that somebody does."""
        for _ in range(count):
            self.submit(0, chat, None, priority=100, run_in_s=0.0, deadline_in_s=1800.0, max_attempts=2, max_crashes=2)
        self.claim(SLOTS[0], 2)

    # What clients do.

    @rule(
        user=st.integers(0, 1),
        chat=st.none() | st.integers(0, 1),
        priority=st.sampled_from((100, 100, 50)),
        run_in_s=st.sampled_from((0.0, 0.0, 3.0)),
        deadline_in_s=st.sampled_from((None, 100.0, 1800.0)),
        max_attempts=st.integers(1, 3),
        max_crashes=st.integers(1, 3),
        reads=st.none() | st.integers(0, 1),
    )
    def submit(self, user: int, chat: int | None, reads: int | None, **fields: Any) -> None:
        chat_id = None if chat is None else self.chats[chat]
        job = new_job(
            self.ground.users[user].id,
            id=self._next_id(),
            ordering_key=chat_id,
            ordering_no=self.model.next_no.get(chat_id, 0),
            document_id=None if reads is None else self.documents[reads],
            **fields,
        )

        async def accept(uow: SqlUnitOfWork) -> None:
            if chat_id is not None:
                await uow.chats.next_no(chat_id)
            await uow.jobs.accept(job)

        wanted = _outcome(QueueFull, lambda: self.model.accept(job))
        assert _outcome(QueueFull, lambda: self.ground.write(accept)) == wanted
        if wanted is None and chat_id is not None:
            self.model.next_no[chat_id] += 1

    @precondition(lambda self: len(self.model.jobs) > 3)
    @rule(which=st.integers(0, 50))
    def cancel(self, which: int) -> None:
        self._transition(self._row(which).id, rules_jobs.Cancel())

    @precondition(lambda self: any(row.state in ENDED_BADLY for row in self.model.jobs.values()))
    @rule(which=st.integers(0, 50), seen=st.sampled_from((0, 0, 0, -1)), stage=st.none() | st.sampled_from(STAGES))
    def requeue(self, which: int, seen: int, stage: str | None) -> None:
        ended = [row for row in self.model.jobs.values() if row.state in ENDED_BADLY]
        row = ended[which % len(ended)] if which % 8 else self._row(which)
        seen_epoch = row.epoch + seen
        admin = self.ground.users[0]
        wish = RequeueWish(from_stage=stage, seen_epoch=seen_epoch)

        decision = self.model.requeue(row.id, seen_epoch=seen_epoch, by=admin.id, from_stage=stage)
        refused = _outcome(Conflict, lambda: self.ground.write(lambda uow: requeue(uow, admin, row.id, wish)))
        assert (refused is None) == isinstance(decision, Change)

    @rule(which=st.integers(0, 1), is_told=st.booleans())
    def end_reading(self, which: int, is_told: bool) -> None:
        """The document is ready and whoever waits is woken; or it is deleted and nobody is told."""
        document_id = self.documents[which]

        async def end(uow: SqlUnitOfWork) -> None:
            if is_told:
                await uow.documents.set_ready(document_id, {})
                await uow.documents.set_recognition(document_id, Recognition())
                await uow.jobs.wake_waiting_for(document_id)
            else:
                connection = await uow.session.connection()
                await connection.exec_driver_sql(
                    "update documents set deleted_at = now() where id = $1", (document_id,)
                )

        self.ground.write(end)
        if is_told:
            self.model.end_reading(document_id)
        else:
            self.deleted.add(document_id)
            self.model.documents[document_id] = False

    @rule(which=st.integers(0, 1))
    def begin_recognition(self, which: int) -> None:
        """The reading has ended and a recognition follows: whoever waits is woken, and may wait again."""
        document_id = self.documents[which]

        async def begin(uow: SqlUnitOfWork) -> None:
            await uow.documents.set_ready(document_id, {})
            await uow.documents.set_recognition(document_id, Recognition(state=RecognitionState.PENDING))
            await uow.jobs.wake_waiting_for(document_id)

        self.ground.write(begin)
        self.model.documents[document_id] = document_id not in self.deleted
        self.model.wake_waiting_for(document_id)

    # What workers do, also with claims that are long lost.

    @rule(slot=st.sampled_from(SLOTS), times=st.integers(1, 3))
    def claim(self, slot: str, times: int) -> None:
        owner = f"{slot}/{self.incarnation}"
        for _ in range(times):
            wanted = self.model.claim(QUEUE, owner=owner, user_cap=USER_CAP)
            got = self.ground.write(
                lambda uow: uow.jobs.claim(QUEUE, owner=owner, user_cap=USER_CAP, stage_started=started)
            )
            if wanted is None:
                assert got is None
                return
            assert got is not None
            assert (got.job.id, got.job.epoch, got.next_stage) == (wanted.row.id, wanted.epoch, wanted.next_stage)
            self.claims.append(Ours(got.job.id, got.job.epoch))

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), number=st.sampled_from((1, 1, 1, 0, 2)), count=st.integers(1, 3))
    def append(self, which: int, number: int, count: int) -> None:
        """`number` 1 is the next append, 0 repeats the last one after a lost reply, 2 leaves one out."""
        ours = self._claim(which)
        append_no = self.model.jobs[ours.job_id].append_no + number
        events = [NewEvent(type=EventType.ANSWER_DELTA, stage="answer", payload={"text": "x"})] * count
        write = append_events(
            self.ground.auto, job_id=ours.job_id, epoch=ours.epoch, append_no=append_no, events=events
        )

        wanted = _outcome(LeaseLost, lambda: self.model.append(ours.job_id, ours.epoch, append_no, events))
        assert _outcome(LeaseLost, lambda: self.ground.run(write)) == wanted

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), number=st.sampled_from((1, 1, 1, 0)), children=st.none() | st.integers(0, 2))
    def checkpoint(self, which: int, number: int, children: int | None) -> None:
        """As the engine does it, with children in the same transaction."""
        ours = self._claim(which)
        row = self.model.jobs[ours.job_id]
        step_no = row.step_no + number
        stage, next_stage = STAGES[row.step_no % 3], STAGES[(row.step_no + 1) % 3]
        events = [finished(stage)]
        jobs = [
            new_job(row.user_id, id=self._next_id(), parent_id=row.id, deadline_in_s=None) for _ in range(children or 0)
        ]

        async def save(uow: SqlUnitOfWork) -> None:
            checkpoint = checkpoint_of(step_no, stage, next_stage)
            told = await save_checkpoint(
                uow.session, job_id=ours.job_id, epoch=ours.epoch, checkpoint=checkpoint, events=events
            )
            if told is not None and children is not None:
                await uow.jobs.spawn(ours.job_id, ours.epoch, jobs)

        def save_in_model() -> None:
            is_new = self.model.checkpoint(ours.job_id, ours.epoch, step_no, stage, next_stage, events)
            if is_new and children is not None:
                self.model.spawn(ours.job_id, ours.epoch, jobs)

        wanted = _outcome(LeaseLost, save_in_model)
        assert _outcome(LeaseLost, lambda: self.ground.write(save)) == wanted

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), is_repeated=st.booleans())
    def finish(self, which: int, is_repeated: bool) -> None:
        ours = self._claim(which)
        for _ in range(1 + is_repeated):
            self._transition(
                ours.job_id, rules_jobs.Finish(epoch=ours.epoch), before=[finished("answer")], result={"ok": True}
            )

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), retryable=st.booleans(), retry_after_s=st.sampled_from((None, 30.0)))
    def fail(self, which: int, retryable: bool, retry_after_s: float | None) -> None:
        ours = self._claim(which)
        command = rules_jobs.Fail(epoch=ours.epoch, error=FLAKY, retryable=retryable, retry_after_s=retry_after_s)
        self._transition(ours.job_id, command)

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), delay_s=st.sampled_from((0.0, 5.0)))
    def hand_back(self, which: int, delay_s: float) -> None:
        ours = self._claim(which)
        self._transition(ours.job_id, rules_jobs.HandBack(epoch=ours.epoch, reason="drain", delay_s=delay_s))

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50))
    def acknowledge_cancel(self, which: int) -> None:
        ours = self._claim(which)
        self._transition(ours.job_id, rules_jobs.AckCancel(epoch=ours.epoch))

    @precondition(lambda self: self.claims)
    @rule(which=st.integers(0, 50), documents=st.lists(st.integers(0, 1), min_size=1, max_size=2))
    def park(self, which: int, documents: list[int]) -> None:
        ours = self._claim(which)
        ids = [self.documents[n] for n in documents]

        wanted = self.model.park(ours.job_id, ours.epoch, ids)
        done = self.ground.write(
            lambda uow: uow.jobs.park(ours.job_id, ours.epoch, document_ids=ids, reason={"kind": "documents"})
        )
        assert _gist(done.decision) == _gist(wanted)

    @rule(slot=st.sampled_from(SLOTS), which=st.lists(st.integers(0, 50), max_size=3), draining=st.booleans())
    def beat(self, slot: str, which: list[int], draining: bool) -> None:
        runs = sorted({self._claim(n) for n in which if self.claims})

        async def say(uow: SqlUnitOfWork) -> list[Any]:
            connection = await uow.session.connection()
            arguments = beat_arguments(
                slot=slot, incarnation=UUID(int=1), queue=QUEUE, threads=2, draining=draining, runs=runs
            )
            return list((await connection.exec_driver_sql(BEAT, arguments)).all())

        wanted = self.model.beat(slot, QUEUE, 2, draining, runs)
        assert sorted(map(tuple, self.ground.write(say))) == wanted

    @rule(slot=st.sampled_from(SLOTS))
    def restart(self, slot: str) -> None:
        """A new process in the slot reaps what the former one left running."""
        self.incarnation += 1
        owner = f"{slot}/{self.incarnation}"

        async def free(uow: SqlUnitOfWork) -> list[UUID]:
            left = await own_leases(await uow.session.connection(), slot, owner)
            for job_id in left:
                await uow.jobs.transition(job_id, rules_jobs.Reap(known_dead=True))
            return left

        wanted = self.model.free_slot(slot, owner)
        assert self.ground.write(free) == wanted

    # Time, and what the reconciler does.

    @rule(seconds=st.sampled_from((0.5, 1.5, 3.5, 9.0, 17.0, 40.0, 300.0)))
    def time_passes(self, seconds: float) -> None:
        self.ground.run(self.ground.clock.advance(seconds))
        self.model.now = self.ground.clock.now_s

    @rule(with_leases=st.booleans())
    def sweep(self, with_leases: bool) -> None:
        async def end_overdue(uow: SqlUnitOfWork) -> None:
            found = await overdue_jobs(await uow.session.connection(), with_leases=with_leases)
            for job_id in found.expired:
                await uow.jobs.transition(job_id, rules_jobs.Reap())
            for job_id in found.overdue:
                await uow.jobs.transition(job_id, rules_jobs.Expire())
            for job_id in found.forgotten:
                await uow.jobs.transition(job_id, rules_jobs.Wake())
            for job_id in found.orphaned:
                await uow.jobs.transition(job_id, rules_jobs.Cancel())

        self.ground.write(end_overdue)
        self.model.sweep(with_leases=with_leases)

    @rule(slot=st.sampled_from(SLOTS))
    def leases_run_out(self, slot: str) -> None:
        """All workers were killed, and one starts again after a lease."""
        self.time_passes(17.0)
        self.sweep(with_leases=True)
        self.claim(slot, 2)

    @rule()
    def ring(self) -> None:
        assert self.ground.run(count_bells(self.ground.auto, QUEUE)) == len(self.model.ring())

    # Both are equal.

    @invariant()
    def the_rows_are_equal(self) -> None:
        wanted = [columns_of(self.model.jobs[job_id]) for job_id in sorted(self.model.jobs)]
        assert [tuple(row) for row in self.ground.read(COLUMNS)] == wanted

    @invariant()
    def the_bells_are_equal(self) -> None:
        rung, wanted = self.ground.rung.copy(), self.model.bells.copy()
        self.ground.rung.clear()
        self.model.bells.clear()
        assert rung == wanted

    def teardown(self) -> None:
        wanted = [
            (job_id, entry.seq, entry.epoch, entry.type.value, entry.stage)
            for job_id, row in sorted(self.model.jobs.items())
            for entry in row.log
        ]
        assert [tuple(row) for row in self.ground.read(EVENTS)] == wanted

    # Small things.

    def _transition(self, job_id: UUID, command: rules_jobs.Command, **extra: Any) -> None:
        wanted = self.model.transition(job_id, command, **extra)
        done = self.ground.write(lambda uow: uow.jobs.transition(job_id, command, **extra))
        assert _gist(done.decision) == _gist(wanted)

    def _next_id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)

    def _row(self, which: int) -> Row:
        rows = list(self.model.jobs.values())
        return rows[which % len(rows)]

    def _claim(self, which: int) -> Ours:
        """One of the last claims, three times of four one that is still valid if there is any."""
        valid = [c for c in self.claims if self._is_valid(c)] if which % 4 else []
        last = (valid or self.claims)[-4:]
        return last[which // 4 % len(last)]

    def _is_valid(self, ours: Ours) -> bool:
        row = self.model.jobs[ours.job_id]
        return row.epoch == ours.epoch and row.state is JobState.RUNNING

    async def _add_subjects(self, uow: SqlUnitOfWork) -> None:
        owner = self.ground.users[0].id
        for chat_id in self.chats:
            await uow.chats.add(Chat(id=chat_id, user_id=owner, title="chat"))
        for document_id in self.documents:
            await uow.documents.add(
                Document(id=document_id, owner_id=owner, name="a.pdf", status=DocumentStatus.READING)
            )


def _outcome(expected: type[Exception], do: Callable[[], object]) -> type[Exception] | None:
    try:
        do()
    except expected:
        return expected
    return None


def _gist(decision: rules_jobs.Decision) -> tuple[str, Any]:
    if isinstance(decision, Change):
        return "changed", decision.state
    return (decision.reason, None) if isinstance(decision, Refused) else ("unchanged", None)


@pytest.fixture(scope="module")
def ground(databases: Databases) -> Iterator[Ground]:
    ground = Ground(databases.make_still(), queue_limit=QUEUE_LIMIT)
    yield ground
    ground.close()


def run_machine(ground: Ground, *, examples: int, steps: int, is_repeatable: bool) -> None:
    run_state_machine_as_test(
        lambda: JobsMachine(ground),  # pyright: ignore[reportArgumentType]  a factory is as good as the class
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=is_repeatable,
            database=None,
            print_blob=not is_repeatable,
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        ),
    )


@pytest.mark.timeout(600)
def test_the_sql_does_what_the_model_says(ground: Ground) -> None:
    run_machine(ground, examples=120, steps=50, is_repeatable=True)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_sql_does_what_the_model_says_for_long(ground: Ground) -> None:
    run_machine(ground, examples=5_000, steps=100, is_repeatable=False)
