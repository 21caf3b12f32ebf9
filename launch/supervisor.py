"""Restarts what ends unexpectedly, with growing pauses, and says so in one line each."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launch.places import LaunchError
from launch.processes import Child

LOOK_EVERY_S = 0.1
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 15.0
STEADY_AFTER_S = 30.0


@dataclass
class Watch:
    """What the supervisor remembers about one child; times are on `time.monotonic()`."""

    child: Child
    failures: int = 0
    started_at_s: float = 0.0
    not_before_s: float = 0.0
    is_told: bool = False


class Supervisor:
    """A thread that looks after children in the order given, so that servers come back before their clients."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._watches = [Watch(child) for child in children]
        self._say = say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begins to look; the children run already."""
        for watch in self._watches:
            watch.started_at_s = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Ends the looking; afterwards nothing is restarted. Does nothing before `start` or when called again."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            for watch in self._watches:
                if watch.child.is_wanted and not watch.child.is_running():
                    self._care_for(watch)

    def _care_for(self, watch: Watch) -> None:
        now_s = time.monotonic()
        if not watch.is_told:
            steady = now_s - watch.started_at_s > STEADY_AFTER_S
            watch.failures = 1 if steady else watch.failures + 1
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (watch.failures - 1))
            watch.not_before_s = now_s + pause_s
            watch.is_told = True
            self._say(
                f"{watch.child.name} ended unexpectedly ({watch.child.exit_reason()}); restart in {pause_s:.1f} s"
            )
        if now_s < watch.not_before_s:
            return
        watch.is_told = False
        watch.started_at_s = now_s
        try:
            watch.child.revive()
        except (LaunchError, OSError) as error:
            self._say(f"{watch.child.name} did not start: {error}")
