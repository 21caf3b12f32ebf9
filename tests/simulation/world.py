"""One schedule: clients, admins, workers and faults in an order drawn from a seed, then an end without faults."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

from domain.errors import LeaseLost, QuotaExceeded
from domain.jobs import TERMINAL, JobState
from storage.job_rows import LEASE_S
from tests.simulation.clients import Clients
from tests.simulation.ledger import Ledger, Violation
from tests.simulation.model import Model
from tests.simulation.plans import QUEUE, draw_plan, reading_plan
from tests.simulation.processes import KILL, Outage, Process, Steps, Stopped, Task
from tests.simulation.reader import Reader
from workers.reconciler import OUTAGE_S, SWEEP_S
from workers.telling import Stop

ACTIONS = 170
ROUNDS = 400

T = TypeVar("T")


class World:
    """`say` gets one line per step, to replay a seed by eye. A mutant brings another `model` or `clients`."""

    lease_of_grace_s = LEASE_S

    def __init__(
        self,
        seed: int,
        *,
        model: Model | None = None,
        make_clients: Callable[[Model, Ledger, Random], Clients] = Clients,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.random = Random(seed)
        self.model = model or Model()
        self.model.now = 100.0
        self.model.next_no = {0: 1, 1: 1}
        self.ledger = Ledger(self.model)
        self.clients = make_clients(self.model, self.ledger, self.random)
        self.reader = Reader(self.random)
        self.tasks: list[Task] = []
        self.bells = 0
        self.is_away = self.is_redis_away = False
        self.is_faulty = True
        self._incarnations = 0
        self._say = say
        self._actions = _draw_actions(self.random)
        self._slots: dict[str, Process | None] = {}
        for number in range(self.random.choice((1, 2, 2, 3))):
            self._start(f"w{number}")
        self._submit_all()

    def run(self) -> None:
        """Raises Violation."""
        for _ in range(ACTIONS):
            self._act()
        self._come_to_rest()
        self.ledger.check_end()
        self.reader.check_end()

    def _submit_all(self) -> None:
        documents = tuple(range(int(self.random.random() * 3)))
        plans = [reading_plan(self.random, document_id) for document_id in documents if self.random.random() < 0.7]
        plans += [draw_plan(self.random, documents) for _ in range(1 + int(self.random.random() * 5))]
        self.model.documents = dict.fromkeys(documents, True)
        for request, plan in enumerate(plans):
            for _ in range(1 + (self.random.random() < 0.3)):
                self._begin(self.clients.submit(request, plan))

    # One step.

    def _act(self) -> None:
        draw = self.random.random()
        for limit, action in self._actions:
            if draw <= limit:
                if self._say is not None and action is not World._step_any:
                    self._say(f"{self.model.now:8.1f} {action.__name__.strip('_')}")
                action(self)
                return

    def _step_any(self) -> None:
        tasks = [task for task in self.tasks if task.process is None or not task.process.is_stalled]
        if tasks:
            self._step(self._pick(tasks))

    def _step(self, task: Task) -> None:
        pending, run = task.pending, task.run
        if self._say is not None:
            self._say(f"{self.model.now:8.1f} {_name_of(task)}")
        try:
            if run is not None and run.stop is not None and not run.ended:
                self._throw_stop(task)
            elif pending is KILL and task.process is not None:
                self._kill(task.process)
            elif callable(pending):
                self._transact(task, pending)
            else:
                task.pending = task.steps.send(None)
        except (StopIteration, Outage):
            self.tasks.remove(task)
        self._deliver()

    def _transact(self, task: Task, transaction: Callable[[], object]) -> None:
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
        """The run is cancelled in the middle of an await; its transaction may be committed or not."""
        if self.random.random() < 0.5:
            self._commit_unheard(task)
        task.pending = task.steps.throw(Stopped())

    def _commit_unheard(self, task: Task) -> None:
        if not callable(task.pending) or self.is_away:
            return
        try:
            task.pending()
        except (LeaseLost, QuotaExceeded):
            return

    def _deliver(self) -> None:
        """Bells and published events leave after the commit; each may be lost."""
        for _ in self.model.bells:
            if not self.is_redis_away and self.random.random() < 0.7:
                self.bells += 1
        self.model.bells.clear()
        self.reader.publish(is_lost=self.is_redis_away or self.random.random() < 0.2)

    # Time, bells, and the reconciler.

    def _advance(self) -> None:
        self._pass(self._pick((0.5, 2.0, 5.0, 17.0, 17.0, 40.0)))

    def _pass(self, seconds: float) -> None:
        """Time passes, and every living process goes on beating and sweeping meanwhile."""
        self.model.now += seconds
        for process in self._living() if not self.is_away else ():
            process.succeeded_at = self.model.now
            if not process.is_mute:
                self._beat(process)

    def _beat(self, process: Process) -> None:
        process.is_late = False
        runs = [(run.job_id, run.epoch) for run in process.runs.values()]
        told = self.model.beat(process.slot, QUEUE, process.slots, process.draining, runs)
        for job_id, epoch, ours, cancelled in told:
            run = process.runs[job_id, epoch]
            if not ours:
                run.stop = Stop.LOST
            elif cancelled and run.stop is None:
                run.stop = Stop.CANCEL

    def _hear(self) -> None:
        living = self._living()
        if self.bells and living:
            self.bells -= 1
            self._pick(living).hear()

    def _sweep_any(self) -> None:
        living = self._living()
        if living and not self.is_away:
            self._sweep(self._pick(living))

    def _sweep(self, process: Process) -> None:
        """As workers.reconciler.Reconciler."""
        now = self.model.now
        if now - process.succeeded_at > OUTAGE_S + SWEEP_S:
            process.grace_until = now + (self.lease_of_grace_s if process.succeeded_at else OUTAGE_S + SWEEP_S)
        self.model.sweep(with_leases=now >= process.grace_until)
        process.succeeded_at = now
        for _ in self.model.ring():
            if self.is_redis_away:
                process.hear()
            elif not self.is_faulty or self.random.random() < 0.7:
                self.bells += 1
        self._deliver()

    # Faults.

    def _kill_any(self) -> None:
        if processes := [process for process in self._slots.values() if process is not None]:
            self._kill(self._pick(processes))

    def _kill(self, process: Process) -> None:
        """SIGKILL: transactions under way may be committed or not."""
        runs = list(process.runs.values())
        for task in [task for task in self.tasks if task.process is process]:
            if self.random.random() < 0.3:
                self._commit_unheard(task)
        for run in runs:
            row = self.model.jobs[run.job_id]
            self.ledger.excused(run.job_id, run.stage)
            if row.epoch == run.epoch and row.state is JobState.RUNNING:
                self.ledger.killed(row)
        self._end(process)

    def _restart(self) -> None:
        if dead := [slot for slot, process in self._slots.items() if process is None]:
            self._start(self._pick(dead))

    def _stall(self) -> None:
        """SIGSTOP, or a machine that swaps: nothing of the process runs, also no heartbeat."""
        if living := self._living():
            process = self._pick(living)
            process.is_stalled = True
            self._lose_leases(process)

    def _mute(self) -> None:
        """The heartbeat's connection hangs; everything else goes on."""
        if living := self._living():
            process = self._pick(living)
            process.is_mute = True
            self._lose_leases(process)

    def _lose_leases(self, process: Process) -> None:
        process.is_late = True
        for run in process.runs.values():
            self.ledger.excused(run.job_id, run.stage)

    def _go_on(self) -> None:
        for process in self._slots.values():
            if process is not None:
                process.is_stalled = process.is_mute = False

    def _drain(self) -> None:
        """SIGTERM; the second time the patience is over and the rest is handed back."""
        if living := self._living():
            process = self._pick(living)
            for run in process.runs.values() if process.draining else ():
                run.stop = run.stop or Stop.DRAIN
            process.draining = True

    def _retire(self) -> None:
        """A drained process that runs nothing ends."""
        for process in list(self._slots.values()):
            if process is not None and process.draining and not process.runs:
                self._end(process)

    def _toggle_database(self) -> None:
        self.is_away = not self.is_away

    def _toggle_redis(self) -> None:
        """Redis goes with all its data, or comes back."""
        self.is_redis_away = not self.is_redis_away
        self.bells = 0

    def _delete_document(self) -> None:
        """Nobody is told; the reconciler finds who waits for nothing."""
        if self.model.documents:
            self.model.documents[self._pick(list(self.model.documents))] = False

    # People.

    def _cancel(self) -> None:
        if self.model.jobs:
            self._begin(self.clients.cancel(self._pick(list(self.model.jobs))))

    def _requeue(self) -> None:
        """Two admins look at the same ended job; each acts when the scheduler lets them."""
        ended = [row for row in self.model.jobs.values() if row.state in (JobState.FAILED, JobState.CANCELLED)]
        if not ended:
            return
        row = self._pick(ended)
        stages = self.clients.plans[row.id].stages
        from_stage = self._pick(stages).name if self.random.random() < 0.3 else None
        for _ in range(2):
            self._begin(self.clients.requeue(row.id, row.epoch, from_stage))

    def _read(self) -> None:
        if self.reader.row is not None:
            self.reader.read()
        elif self.model.jobs:
            self.reader.watch(self._pick(list(self.model.jobs.values())))

    # The end: no more faults, and everything must come to rest.

    def _come_to_rest(self) -> None:
        self.is_faulty = self.is_away = self.is_redis_away = False
        self._go_on()
        patience_s = 0.5
        for _ in range(ROUNDS):
            before = self._count_events()
            self._settle()
            if all(row.state in TERMINAL for row in self.model.jobs.values()):
                return
            patience_s = 0.5 if self._count_events() > before else min(patience_s * 2, 500.0)
            if patience_s > 100:
                self.model.documents = dict.fromkeys(self.model.documents, False)
            self._pass(patience_s)
        raise Violation(f"no rest: {[(row.id, row.state.value) for row in self.model.jobs.values()]}")

    def _settle(self) -> None:
        for slot, process in list(self._slots.items()):
            if process is None or (process.draining and not process.runs):
                self._start(slot)
        while self.tasks:
            self._step(self.tasks[0])
        for process in self._living():
            self._sweep(process)
        while self.bells and self._living():
            self._hear()

    # Small things.

    def _begin(self, steps: Steps) -> None:
        self.tasks.append(Task().begin(steps))

    def _start(self, slot: str) -> None:
        self._incarnations += 1
        self._slots[slot] = Process(self, slot, self._incarnations, 1 + int(self.random.random() * 2))

    def _end(self, process: Process) -> None:
        self.tasks = [task for task in self.tasks if task.process is not process]
        self._slots[process.slot] = None

    def _living(self) -> list[Process]:
        return [p for p in self._slots.values() if p is not None and p.is_ready and not p.is_stalled]

    def _count_events(self) -> int:
        return sum(row.last_seq for row in self.model.jobs.values())

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self.random.random() * len(items))]


def _name_of(task: Task) -> str:
    who = task.process.owner if task.process is not None else "client"
    run = f"job {task.run.job_id} epoch {task.run.epoch} {task.run.stage or ''}" if task.run else ""
    what = "kill" if task.pending is KILL else getattr(task.pending, "__qualname__", "model call")
    return f"{who} {run} {what}"


_USUAL: tuple[tuple[int, Callable[[World], None]], ...] = (
    (70, World._advance),
    (60, World._hear),
    (50, World._sweep_any),
    (20, World._restart),
    (15, World._read),
)
_FAULTS: tuple[tuple[int, Callable[[World], None]], ...] = (
    (10, World._kill_any),
    (10, World._stall),
    (16, World._mute),
    (8, World._go_on),
    (10, World._drain),
    (10, World._retire),
    (12, World._toggle_database),
    (8, World._toggle_redis),
    (8, World._cancel),
    (15, World._requeue),
    (4, World._delete_document),
)
"""Weights beside 700 for a step of a task."""


def _draw_actions(random: Random) -> list[tuple[float, Callable[[World], None]]]:
    """Each action with the upper end of its share of chance. Faults come in swarms: a schedule has some kinds often and
    others not at all, which finds more than the same mixture every time (Groce et al., Swarm Testing, ISSTA 2012)."""
    weights = [(700.0, World._step_any), *_USUAL]
    weights += [(weight * random.choice((0.0, 0.5, 1.0, 4.0)), action) for weight, action in _FAULTS]
    scale = 1.0 / sum(weight for weight, _ in weights)
    limits = accumulate(weight * scale for weight, _ in weights)
    return [(limit, action) for limit, (_, action) in zip(limits, weights, strict=True)]
