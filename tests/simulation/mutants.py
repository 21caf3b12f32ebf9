"""Worlds in which one guard of the protocol is missing: the simulation must notice each of them.

A mutant lies to `rules_jobs.decide` about the row or the command, or changes a statement of the model; production code
has no switch.
"""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from domain.errors import QuotaExceeded
from domain.jobs import TERMINAL, JobState
from domain.rules_jobs import (
    AckCancel,
    Cancel,
    Change,
    Claim,
    Command,
    Decision,
    Facts,
    Fail,
    Finish,
    HandBack,
    Park,
    Requeue,
    Unchanged,
    Wake,
    decide,
)
from tests.simulation.clients import Clients
from tests.simulation.model import Model, Row
from tests.simulation.plans import QUOTA, Plan
from tests.simulation.processes import Steps, persist
from tests.simulation.world import World

OF_WORKERS = (Finish, Fail, HandBack, Park, AckCancel)


def lying(lie: Callable[[Facts, Command], tuple[Facts, Command]]) -> Callable[[], Model]:
    """A model that decides on other facts or another command than the true ones."""

    class Liar(Model):
        decide = staticmethod(lambda facts, command: decide(*lie(facts, command)))

    return Liar


def deciding(change: Callable[[Facts, Command, Decision], Decision]) -> Callable[[], Model]:
    """A model that changes what was decided."""

    class Changer(Model):
        decide = staticmethod(lambda facts, command: change(facts, command, decide(facts, command)))

    return Changer


def no_epoch_fence(facts: Facts, command: Command) -> tuple[Facts, Command]:
    if isinstance(command, OF_WORKERS):
        return facts, structs.replace(command, epoch=facts.epoch)
    return facts, command


def no_state_check(facts: Facts, command: Command) -> tuple[Facts, Command]:
    if isinstance(command, OF_WORKERS) and facts.state in TERMINAL:
        return structs.replace(facts, state=JobState.RUNNING), command
    return facts, command


def no_crash_cap(facts: Facts, command: Command) -> tuple[Facts, Command]:
    return structs.replace(facts, max_crashes=1_000_000), command


def no_attempt_cap(facts: Facts, command: Command) -> tuple[Facts, Command]:
    return structs.replace(facts, max_attempts=1_000_000), command


def no_cancel_check(facts: Facts, command: Command) -> tuple[Facts, Command]:
    return (structs.replace(facts, cancel_requested=False) if not isinstance(command, Cancel) else facts), command


def no_seen_epoch(facts: Facts, command: Command) -> tuple[Facts, Command]:
    return facts, (structs.replace(command, seen_epoch=facts.epoch) if isinstance(command, Requeue) else command)


def no_terminal_check(facts: Facts, command: Command) -> tuple[Facts, Command]:
    if isinstance(command, Cancel) and facts.state in TERMINAL:
        return structs.replace(facts, state=JobState.QUEUED), command
    return facts, command


def no_deadline(facts: Facts, command: Command) -> tuple[Facts, Command]:
    return structs.replace(facts, deadline_passed=False), command


def claim_keeps_epoch(facts: Facts, command: Command, decision: Decision) -> Decision:
    if isinstance(command, Claim) and isinstance(decision, Change):
        return structs.replace(decision, epoch=facts.epoch)
    return decision


def finish_is_not_repeatable(facts: Facts, command: Command, decision: Decision) -> Decision:
    if isinstance(command, Finish) and isinstance(decision, Unchanged):
        return decide(structs.replace(facts, state=JobState.RUNNING), command)
    return decision


def drain_costs_an_attempt(facts: Facts, command: Command, decision: Decision) -> Decision:
    if isinstance(command, HandBack) and isinstance(decision, Change):
        return structs.replace(decision, attempt=facts.attempt)
    return decision


class NoAppendFence(Model):
    def is_owner(self, row: Row, epoch: int) -> bool:
        return row.state is JobState.RUNNING


class NoAppendNo(Model):
    def is_next_append(self, row: Row, append_no: int) -> bool:
        return True


class NoStepNo(Model):
    def is_next_step(self, row: Row, step_no: int) -> bool:
        return True


class NoDueCheck(Model):
    def is_due(self, row: Row) -> bool:
        return True

    def facts(self, row: Row) -> Facts:
        return structs.replace(super().facts(row), due=True)


class NoLeaseCheck(Model):
    def expired(self) -> list[Row]:
        return [row for row in self.jobs.values() if row.state is JobState.RUNNING]

    def facts(self, row: Row) -> Facts:
        return structs.replace(super().facts(row), lease_expired=True)


class NoOrder(Model):
    def is_its_turn(self, row: Row) -> bool:
        return True


class RingsOnce(Model):
    def ring(self) -> list[str]:
        never = [row for row in self.jobs.values() if row.rung_at is not None]
        before = {row.id: row.rung_at for row in never}
        for row in never:
            row.rung_at = self.now
        rung = super().ring()
        for row in never:
            row.rung_at = before[row.id]
        return rung


class ForgetsWaiting(Model):
    def forgotten(self) -> list[Row]:
        return []


class CountsEnds(Model):
    """A child that was requeued counts as ended twice."""

    def child_ended(self, parent: Row) -> None:
        parent.pending_children -= 1
        if parent.pending_children <= 0:
            self.transition(parent.id, Wake())


class NoRowLock(Model):
    """The facts of a cancel and of a finish are read in an earlier statement, without a lock."""

    def __init__(self) -> None:
        super().__init__()
        self._stale: dict[Any, Facts] = {}

    def facts(self, row: Row) -> Facts:
        facts = super().facts(row)
        stale = self._stale.get(row.id, facts)
        self._stale[row.id] = facts
        return stale if stale.state is JobState.RUNNING and stale.epoch == facts.epoch else facts


class NoKey(Clients):
    def take_key(self, request: int, plan: Plan) -> int | None:
        return None


class NoQuotaLock(Clients):
    """The quota is read in one transaction and written in the next."""

    def _submit(self, request: int, plan: Plan) -> Steps:
        user_id = plan.job.user_id
        used = yield from persist(lambda: self.model.reserved.get(user_id, 0))
        if plan.job.document_id is None and used + 1 > QUOTA:
            raise QuotaExceeded(str(user_id))

        def write() -> int:
            answer = self.take_key(request, plan)
            if answer is not None:
                return answer
            self.model.reserved[user_id] = used + 1
            return self.store(request, plan)

        return (yield from persist(write))


class NoGrace(World):
    lease_of_grace_s = 0.0


MUTANTS: dict[str, Callable[[int], World]] = {
    "a worker's transition is not fenced by the epoch": lambda seed: World(seed, model=lying(no_epoch_fence)()),
    "an append or checkpoint is not fenced by the epoch": lambda seed: World(seed, model=NoAppendFence()),
    "a claim keeps the epoch": lambda seed: World(seed, model=deciding(claim_keeps_epoch)()),
    "a valid lease is reaped": lambda seed: World(seed, model=NoLeaseCheck()),
    "a worker's transition ignores the state": lambda seed: World(seed, model=lying(no_state_check)()),
    "a cancel ignores that the job has ended": lambda seed: World(seed, model=lying(no_terminal_check)()),
    "a job is claimed before its time": lambda seed: World(seed, model=NoDueCheck()),
    "the order of a chat is ignored": lambda seed: World(seed, model=NoOrder()),
    "crashes are not limited": lambda seed: World(seed, model=lying(no_crash_cap)()),
    "attempts are not limited": lambda seed: World(seed, model=lying(no_attempt_cap)()),
    "a drain costs an attempt": lambda seed: World(seed, model=deciding(drain_costs_an_attempt)()),
    "a cancel is forgotten": lambda seed: World(seed, model=lying(no_cancel_check)()),
    "deadlines are ignored": lambda seed: World(seed, model=lying(no_deadline)()),
    "leases are reaped at once after an outage": NoGrace,
    "the idempotency key is ignored": lambda seed: World(seed, make_clients=NoKey),
    "the quota is read before it is locked": lambda seed: World(seed, make_clients=NoQuotaLock),
    "a repeated append is written twice": lambda seed: World(seed, model=NoAppendNo()),
    "a repeated checkpoint is written twice": lambda seed: World(seed, model=NoStepNo()),
    "a repeated finish is written twice": lambda seed: World(seed, model=deciding(finish_is_not_repeatable)()),
    "an old requeue wins too": lambda seed: World(seed, model=lying(no_seen_epoch)()),
    "facts are read without a lock": lambda seed: World(seed, model=NoRowLock()),
    "a lost bell is not rung again": lambda seed: World(seed, model=RingsOnce()),
    "ends of children are counted instead of children": lambda seed: World(seed, model=CountsEnds()),
    "forgotten waiting jobs are not woken": lambda seed: World(seed, model=ForgetsWaiting()),
}
