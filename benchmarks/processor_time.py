"""How much processor time each process of the service takes for a job: a shared machine's clock says little."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psutil

Processes = Mapping[str, Sequence[int]]
"""Name -> the pids of a program; its children are counted with it, except this process's own."""


class Spent(dict[str, float]):
    """Seconds by name."""


@contextmanager
def counted(programs: Processes) -> Iterator[Spent]:
    """What the programs take inside the block; filled at its end."""
    spent = Spent()
    before = _seconds(programs)
    yield spent
    after = _seconds(programs)
    spent.update({name: after[name] - before[name] for name in programs})


def _seconds(programs: Processes) -> dict[str, float]:
    return {name: sum(map(_seconds_of, pids)) for name, pids in programs.items()}


def _seconds_of(pid: int) -> float:
    seconds = 0.0
    with contextlib.suppress(psutil.Error):
        program = psutil.Process(pid)
        children = [] if pid == os.getpid() else program.children(recursive=True)
        for process in [program, *children]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                seconds += times.user + times.system
    return seconds
