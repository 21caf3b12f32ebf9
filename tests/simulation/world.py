"""One schedule: clients, admins, workers and faults, in an order drawn from a seed, then an end without faults."""

from collections.abc import Callable
from random import Random
from typing import Any

from domain import rules_jobs
from domain.errors import LeaseLost, QuotaExceeded
from domain.jobs import TERMINAL, JobState, NewJob
from domain.rules_jobs import Change
from storage.jobs import LEASE_S
from tests.simulation.ledger import Ledger, Violation, check_read
from tests.simulation.model import Entry, Model
from tests.simulation.plans import QUOTA, Plan, draw_plan, reading_plan
from tests.simulation.processes import KILL, Outage, Process, Steps, Stopped, Task, persist
from workers.reconciler import OUTAGE_S, SWEEP_S
from workers.telling import Stop

ACTIONS = 110
ROUNDS = 400


class World:
    def __init__(self, seed: int, model: Model | None = None, say: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.model = model or Model()
        self.model.now = 100.0
        self.ledger = Ledger(self.model)
        self.plans: dict[int, Plan] = {}
        self.tasks: list[Task] = []
        self.bells = 0
        self.is_away = self.is_redis_away = False
        self.is_faulty = True
        self.incarnations = 0
        self.watched: int | None = None
        self.seen: list[Entry] = []
        self.inbox: list[list[Entry]] = []
        self._published = 0
        self._ids = 0
        self._say = say
        self.model.next_no = {0: 1, 1: 1}
        random = self.random
        self.slots: dict[str, Process | None] = {f"w{n}": None for n in range(random.randrange(1, 4))}
        for slot in self.slots:
            self._start(slot)
        documents = tuple(range(random.randrange(3)))
        for document_id in documents:
            self.model.documents[document_id] = True
            if random.random() < 0.7:
                self._submit(lambda job_id, d=document_id: reading_plan(job_id, d, random))
        for _ in range(random.randrange(1, 5)):
            self._submit(lambda job_id: draw_plan(random, job_id, documents))

    def run(self) -> None:
        """Raises Violation."""
        for _ in range(ACTIONS):
            self._act()
        self._end()
        self.ledger.check_end()
        if self.watched is not None:
            self._read_log()
            check_read(self.model.jobs[self.watched], self.seen)

    def make_children(self, parent_id: int, count: int) -> list[NewJob]:
        children = []
        for _ in range(count):
            self._ids += 1
            plan = draw_plan(self.random, self._ids, (), is_child=True)
            job = NewJob(
                id=plan.job.id,
                user_id=plan.job.user_id,
                family=plan.job.family,
                queue=plan.job.queue,
                payload={},
                parent_id=parent_id,  # pyright: ignore[reportArgumentType]
                max_attempts=plan.job.max_attempts,
            )
            self.plans[self._ids] = Plan(job, plan.stages)
            children.append(job)
        return children

    # What may happen.

    def _act(self) -> None:
        draw = self.random.random()
        if draw < 0.72:
            self._step_any()
            return
        for limit, action in _ACTIONS:
            if draw < limit:
                if self._say is not None:
                    self._say(f"{self.model.now:8.1f} {action.__name__.strip('_')}")
                action(self)
                return

    def _step_any(self) -> None:
        tasks = [task for task in self.tasks if task.process is None or not task.process.is_stalled]
        if tasks:
            self._step(self.random.choice(tasks))

    def _step(self, task: Task) -> None:
        pending, run = task.pending, task.run
        if self._say is not None:
            self._say(f"{self.model.now:8.1f} {_name(task)}")
        try:
            if pending is KILL and not (run and run.stop):
                self._kill(task.process)
            elif run is not None and run.stop is not None and not run.ended:
                self._throw_stop(task)
            elif callable(pending):
                self._transact(task, pending)
            else:
                task.pending = task.steps.send(None)
        except (StopIteration, Outage):
            self._drop(task)
        self._deliver()

    def _transact(self, task: Task, transaction: Callable[[], Any]) -> None:
        fate = self.random.random() if self.is_faulty else 1.0
        if self.is_away or fate < 0.02:
            task.pending = task.steps.throw(Outage())
            return
        try:
            result = transaction()
        except (LeaseLost, QuotaExceeded) as error:
            task.pending = task.steps.throw(error)
            return
        task.pending = task.steps.throw(Outage()) if fate < 0.06 else task.steps.send(result)

    def _throw_stop(self, task: Task) -> None:
        """The run's task is cancelled in the middle of an await; its transaction may be committed or not."""
        if callable(task.pending) and not self.is_away and self.random.random() < 0.5:
            self._commit_unheard(task.pending)
        task.pending = task.steps.throw(Stopped())

    def _commit_unheard(self, transaction: Callable[[], Any]) -> None:
        try:
            transaction()
        except (LeaseLost, QuotaExceeded):
            return

    def _deliver(self) -> None:
        """Bells and published events leave after the commit; each may be lost."""
        model = self.model
        if model.bells:
            for _ in model.bells:
                if not self.is_redis_away and self.random.random() < 0.7:
                    self.bells += 1
            model.bells.clear()
        if self.watched is None:
            return
        log = model.jobs[self.watched].log
        if len(log) > self._published:
            if not self.is_redis_away and self.random.random() < 0.8:
                self.inbox.append(log[self._published :])
            self._published = len(log)

    def _advance(self) -> None:
        self._pass(self.random.choice((0.5, 1.0, 2.5, 5.0, 17.0, 40.0)))

    def _pass(self, seconds: float) -> None:
        """Time passes, and every living process goes on beating and sweeping meanwhile."""
        self.model.now += seconds
        if self.is_away:
            return
        for process in self._living():
            self._beat(process)
            process.succeeded_at = self.model.now

    def _beat(self, process: Process) -> None:
        runs = [(run.job_id, run.epoch) for run in process.runs.values()]
        told = self.model.beat(process.slot, "interactive", process.slots, process.draining, runs)
        for job_id, ours, cancelled in told:
            run = process.runs[job_id]
            if not ours:
                run.stop = Stop.LOST
            elif cancelled and run.stop is None:
                run.stop = Stop.CANCEL

    def _hear(self) -> None:
        living = self._living()
        if self.bells and living and not self.is_redis_away:
            self.bells -= 1
            self.random.choice(living).hear()

    def _sweep_any(self) -> None:
        living = self._living()
        if living and not self.is_away:
            self._sweep(self.random.choice(living))

    def _sweep(self, process: Process) -> None:
        """As workers.reconciler.Reconciler."""
        now = self.model.now
        if now - process.succeeded_at > OUTAGE_S + SWEEP_S:
            process.grace_until = now + (self.lease_of_grace if process.succeeded_at else OUTAGE_S + SWEEP_S)
        self.model.sweep(with_leases=now >= process.grace_until)
        process.succeeded_at = now
        for _ in self.model.ring():
            if self.is_redis_away:
                process.hear()
            elif not self.is_faulty or self.random.random() < 0.7:
                self.bells += 1
        self._deliver()

    lease_of_grace = LEASE_S

    def _kill_any(self) -> None:
        if living := [process for process in self.slots.values() if process is not None]:
            self._kill(self.random.choice(living))

    def _kill(self, process: Process | None) -> None:
        """SIGKILL: transactions under way may be committed or not."""
        if process is None:
            return
        for run in process.runs.values():
            row = self.model.jobs[run.job_id]
            self.ledger.excused(run.job_id, run.stage)
            if row.epoch == run.epoch and row.state is JobState.RUNNING:
                self.ledger.killed(row)
        for task in process.tasks:
            if callable(task.pending) and not self.is_away and self.random.random() < 0.3:
                self._commit_unheard(task.pending)
        self.tasks = [task for task in self.tasks if task.process is not process]
        self.slots[process.slot] = None

    def _restart(self) -> None:
        if dead := [slot for slot, process in self.slots.items() if process is None]:
            self._start(self.random.choice(dead))

    def _start(self, slot: str) -> None:
        self.incarnations += 1
        process = Process(self, slot, self.incarnations, self.random.randrange(1, 3))
        process.tasks = self.tasks_of(process)
        self.slots[slot] = process

    def tasks_of(self, process: Process) -> list[Task]:
        """The process's tasks join the world's list."""
        return _Shared(self.tasks, process.tasks)

    def _stall(self) -> None:
        """SIGSTOP, or a machine that swaps: nothing of the process runs, also no heartbeat."""
        if living := self._living():
            process = self.random.choice(living)
            process.is_stalled = True
            for run in process.runs.values():
                self.ledger.excused(run.job_id, run.stage)

    def _go_on(self) -> None:
        for process in self.slots.values():
            if process is not None:
                process.is_stalled = False

    def _drain(self) -> None:
        """SIGTERM; the second time the patience is over and the rest is handed back."""
        living = self._living()
        if not living:
            return
        process = self.random.choice(living)
        if process.draining:
            for run in process.runs.values():
                run.stop = run.stop or Stop.DRAIN
        process.draining = True

    def _retire(self) -> None:
        """A drained process that runs nothing ends."""
        for slot, process in self.slots.items():
            if process is not None and process.draining and not process.runs:
                self.tasks = [task for task in self.tasks if task.process is not process]
                self.slots[slot] = None
                return

    def _toggle_database(self) -> None:
        self.is_away = not self.is_away

    def _toggle_redis(self) -> None:
        """Redis goes with all its data, or comes back."""
        self.is_redis_away = not self.is_redis_away
        self.bells = 0

    def _cancel(self) -> None:
        if self.model.jobs:
            job_id = self.random.choice(list(self.model.jobs))
            self.tasks.append(Task(self._transition(job_id, rules_jobs.Cancel())))

    def _transition(self, job_id: int, command: rules_jobs.Command) -> Steps:
        yield from persist(lambda: self.model.transition(job_id, command))

    def _requeue(self) -> None:
        """Two admins look at the same ended job; each acts when the scheduler lets them."""
        ended = [row for row in self.model.jobs.values() if row.state in (JobState.FAILED, JobState.CANCELLED)]
        if not ended:
            return
        row = self.random.choice(ended)
        stages = self.plans[row.id].stages
        from_stage = self.random.choice(stages).name if self.random.random() < 0.3 else None
        for _ in range(2):
            self.tasks.append(Task(self._admin(row.id, row.epoch, from_stage)))

    def _admin(self, job_id: int, seen_epoch: int, from_stage: str | None) -> Steps:
        def write() -> None:
            plan = self.plans[job_id]
            decision = self.model.requeue(job_id, seen_epoch=seen_epoch, by=0, from_stage=from_stage)
            if isinstance(decision, Change):
                self.ledger.requeued(plan, seen_epoch, from_stage)

        yield from persist(write)

    def _delete_document(self) -> None:
        """Nobody is told; the reconciler finds who waits for nothing."""
        if self.model.documents:
            self.model.documents[self.random.choice(list(self.model.documents))] = False

    def _watch(self) -> None:
        """A client reads a job: from the log, or what is published, in whatever order it comes."""
        if self.watched is None:
            if self.model.jobs:
                self.watched = self.random.choice(list(self.model.jobs))
                self._published = len(self.model.jobs[self.watched].log)
        elif not self.inbox:
            self._read_log()
        else:
            self._take(self.inbox.pop(self.random.randrange(len(self.inbox))))

    def _take(self, entries: list[Entry]) -> None:
        """As api.following: the next one is taken, a gap means reading the log, an old one is dropped."""
        for entry in entries:
            if entry.seq == len(self.seen) + 1:
                self.seen.append(entry)
            elif entry.seq > len(self.seen):
                self._read_log()

    def _read_log(self) -> None:
        if self.watched is not None:
            self.seen += self.model.jobs[self.watched].log[len(self.seen) :]

    def _submit(self, make_plan: Callable[[int], Plan]) -> None:
        """A client that repeats its request until it is answered, perhaps twice at once."""
        self._ids += 1
        request = self._ids
        plan = make_plan(request)
        for _ in range(self.random.randrange(1, 3)):
            self.tasks.append(Task(self._client(request, plan)))

    def _client(self, request: int, plan: Plan) -> Steps:
        try:
            yield from self.submitting(request, plan)
        except QuotaExceeded:
            return

    def submitting(self, request: int, plan: Plan) -> Steps:
        self.ledger.promised[request] = yield from persist(lambda: self.accept_once(request, plan, self._reserved(plan)))

    def _reserved(self, plan: Plan) -> Callable[[], None]:
        return lambda: self.model.reserve(plan.job.user_id, 1, QUOTA) if plan.job.document_id is None else None

    def accept_once(self, request: int, plan: Plan, reserve: Callable[[], None]) -> int:
        """The transaction of `api.idempotency.accept_once`."""
        answer = self.model.take_key(request, plan)
        if answer is not None:
            return answer
        reserve()
        return self.store(request, plan)

    def store(self, request: int, plan: Plan) -> int:
        job = plan.job
        self._ids += 1
        job_id: Any = self._ids
        job = _with_id(job, job_id, self.model)
        self.plans[job_id] = Plan(job, plan.stages)
        self.model.accept(job)
        self.model.keys[request] = (plan, job_id)
        if job.document_id is None:
            self.ledger.stored(request, plan.job.user_id, QUOTA)  # pyright: ignore[reportArgumentType]
        return job_id

    # The end: no more faults, and everything must come to rest.

    def _end(self) -> None:
        self.is_faulty = self.is_away = self.is_redis_away = False
        self._go_on()
        self._pass(0.1)
        patience_s = 0.5
        for _ in range(ROUNDS):
            logged = sum(row.last_seq for row in self.model.jobs.values())
            self._settle_down()
            if not self.tasks and all(row.state in TERMINAL for row in self.model.jobs.values()):
                return
            is_idle = logged == sum(row.last_seq for row in self.model.jobs.values())
            patience_s = min(patience_s * 2, 500.0) if is_idle else 0.5
            self._pass(patience_s)
            for document_id in self.model.documents if patience_s > 100 else ():
                self.model.documents[document_id] = False
        raise Violation(f"no rest after {ROUNDS} rounds")

    def _settle_down(self) -> None:
        for slot, process in list(self.slots.items()):
            if process is None or (process.draining and not process.runs):
                self._start(slot)
        while self.tasks:
            for task in list(self.tasks):
                if task in self.tasks:
                    self._step(task)
        for process in self._living():
            self._sweep(process)
        while self.bells:
            self._hear()

    def _living(self) -> list[Process]:
        return [p for p in self.slots.values() if p is not None and p.is_ready and not p.is_stalled]

    def _drop(self, task: Task) -> None:
        if task in self.tasks:
            self.tasks.remove(task)


_ACTIONS: tuple[tuple[float, Callable[[World], None]], ...] = (
    (0.79, World._advance),
    (0.85, World._hear),
    (0.89, World._sweep_any),
    (0.90, World._kill_any),
    (0.92, World._restart),
    (0.925, World._stall),
    (0.935, World._go_on),
    (0.942, World._drain),
    (0.948, World._retire),
    (0.956, World._toggle_database),
    (0.962, World._toggle_redis),
    (0.97, World._cancel),
    (0.982, World._requeue),
    (0.985, World._delete_document),
    (1.0, World._watch),
)
