"""What people do to jobs: submit with an idempotency key, cancel, requeue."""

from random import Random
from typing import Any

from msgspec import structs

from domain import rules_jobs
from domain.errors import QuotaExceeded
from domain.jobs import NewJob
from domain.rules_jobs import Change
from tests.simulation.ledger import Ledger
from tests.simulation.model import Model
from tests.simulation.plans import QUOTA, Plan, draw_plan
from tests.simulation.processes import Steps, persist


class Clients:
    """`plans` are what the accepted jobs do, by job id."""

    def __init__(self, model: Model, ledger: Ledger, random: Random) -> None:
        self.model = model
        self.ledger = ledger
        self.plans: dict[int, Plan] = {}
        self._random = random
        self._ids = 0

    def submit(self, request: int, plan: Plan) -> Steps:
        """Repeat the request with its key until it is answered."""
        try:
            self.ledger.promised[request] = yield from self._submit(request, plan)
        except QuotaExceeded:
            return

    def cancel(self, job_id: int) -> Steps:
        yield from persist(lambda: self.model.transition(job_id, rules_jobs.Cancel()))

    def requeue(self, job_id: int, seen_epoch: int, from_stage: str | None) -> Steps:
        def write() -> None:
            decision = self.model.requeue(job_id, seen_epoch=seen_epoch, by=0, from_stage=from_stage)
            if isinstance(decision, Change):
                self.ledger.requeued(self.plans[job_id], seen_epoch, from_stage)

        yield from persist(write)

    def make_children(self, parent_id: int, count: int) -> list[NewJob]:
        parent: Any = parent_id
        children = []
        for _ in range(count):
            plan = draw_plan(self._random, is_child=True)
            job = structs.replace(plan.job, id=self._next_id(), parent_id=parent)
            self.plans[self._ids] = Plan(job, plan.stages)
            children.append(job)
        return children

    def take_key(self, request: int, plan: Plan) -> int | None:
        return self.model.take_key(request, plan)

    def _submit(self, request: int, plan: Plan) -> Steps:
        return (yield from persist(lambda: self._accept_once(request, plan)))

    def _accept_once(self, request: int, plan: Plan) -> int:
        """The transaction of `api.idempotency.accept_once`. Raises QuotaExceeded."""
        answer = self.take_key(request, plan)
        if answer is not None:
            return answer
        if plan.job.document_id is None:
            self.model.reserve(plan.job.user_id, 1, QUOTA)
        return self.store(request, plan)

    def store(self, request: int, plan: Plan) -> int:
        chat: Any = plan.job.ordering_key
        number = self.model.next_no.get(chat, 0)
        if chat is not None:
            self.model.next_no[chat] = number + 1
        job = structs.replace(plan.job, id=self._next_id(), ordering_no=number)
        self.plans[self._ids] = Plan(job, plan.stages)
        self.model.accept(job)
        self.model.keys[request] = (plan, self._ids)
        self.ledger.stored(request, plan.job)
        return self._ids

    def _next_id(self) -> Any:
        self._ids += 1
        return self._ids
