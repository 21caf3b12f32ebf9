"""One child process with a lifetime: started, checked for readiness, stopped, killed, restarted, never orphaned."""

import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from launch.places import DirectoryLock, LaunchError, log_path, log_tail, run_dir

CHILD_SCRIPT = Path(__file__).with_name("child.py")
POLL_S = 0.02


class Child(ABC):
    """A process of the launcher. All methods block, may be called from any thread, and are safe to call twice.

    On Linux the process dies with the launcher, even when that is killed with SIGKILL. Elsewhere, and should that
    fail, the pid and start time on disk let the next start end what was left over.
    """

    death_signal = signal.SIGKILL
    stop_signal = signal.SIGTERM
    stop_timeout_s = 10.0
    ready_timeout_s = 30.0
    identity = "same"

    def __init__(self, name: str, data_dir: Path) -> None:
        self.name = name
        self.data_dir = data_dir.resolve()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.is_wanted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._group: int | None = None
        self._guard = threading.RLock()
        self._lock = DirectoryLock(self.data_dir, name)
        # The kernel ties a child to the *thread* that started it (prctl(2)), so that thread must live as long as
        # this object; the caller's may not.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"start-{name}")

    @abstractmethod
    def command(self) -> list[str]:
        """The program's absolute path and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the process answers in its own protocol now."""

    def prepare(self) -> None:
        """Ends what a former process left, and makes what the command needs on disk; called at every start, locked."""
        self._end_leftovers()

    def environment(self) -> Mapping[str, str]:
        """The whole environment of the process."""
        return os.environ

    def working_directory(self) -> Path:
        """Where the process starts."""
        return self.data_dir

    def start(self) -> Self:
        """Starts the process unless it runs, and waits until it is ready; raises `LaunchError` if it never is."""
        self.spawn()
        self.wait_ready()
        return self

    def spawn(self) -> None:
        """Starts the process unless it runs, without waiting; ends a leftover of a killed launcher first."""
        with self._guard:
            self.is_wanted = True
            if self.is_running():
                return
            self._lock.acquire()
            self.prepare()
            self._process = self._starter.submit(self._popen).result()
            self._group = self._process.pid
            self._record_pid(self._process.pid)

    def wait_ready(self, timeout_s: float | None = None, *, needs: Sequence["Child"] = ()) -> None:
        """Returns when the process answers. Raises `LaunchError` when it or one it needs ends first, or it does not
        answer in time."""
        deadline = time.monotonic() + (timeout_s or self.ready_timeout_s)
        while not self.is_ready():
            for child in (self, *needs):
                if not child.is_running():
                    raise LaunchError(f"{child.name} ended at start ({child.exit_reason()}){child.log_hint()}")
            if time.monotonic() > deadline:
                raise LaunchError(f"{self.name} does not answer{self.log_hint()}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Stops the process politely, by force after `stop_timeout_s`, and gives its lock back."""
        self.begin_stop()
        self.finish_stop(time.monotonic() + self.stop_timeout_s)

    def begin_stop(self) -> None:
        """Asks the process to stop and returns at once; the supervisor lets it go."""
        with self._guard:
            self.is_wanted = False
            self.send_signal(self.stop_signal)

    def finish_stop(self, deadline: float) -> None:
        """Waits until `deadline` (on `time.monotonic()`) for a process asked to stop, then kills it."""
        with self._guard:
            if self._process:
                try:
                    self._process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._end_group()
                self._pid_path().unlink(missing_ok=True)
            self._lock.release()

    def kill9(self) -> None:
        """Kills the process with SIGKILL, as a crash would; it stays wanted, so a supervisor restarts it."""
        with self._guard:
            if self._process:
                self._process.kill()
                self._process.wait()

    def restart(self) -> None:
        """Stops and starts the process; data, address and secrets stay."""
        with self._guard:
            self.stop()
            self.start()

    def revive(self) -> None:
        """Starts an ended process that is still wanted, without waiting; if it was stopped meanwhile, leaves it so."""
        with self._guard:
            if self.is_wanted:
                self.spawn()

    def send_signal(self, number: signal.Signals) -> None:
        """Sends any signal, for example SIGSTOP and SIGCONT to play a process that hangs."""
        if self.is_running() and self._process:
            self._process.send_signal(number)

    def is_running(self) -> bool:
        """Whether the process exists now."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, also of an ended process; None before the first start."""
        return self._process.pid if self._process else None

    def exit_reason(self) -> str:
        """How the process ended, in words."""
        code = self._process.returncode if self._process else None
        if code is not None and code < 0:
            return signal.Signals(-code).name
        return f"exit code {code}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wrap(self, command: list[str], death_signal: int) -> list[str]:
        """The command line that runs `command` through `child.py`, as this child's identity."""
        wrapper = [sys.executable, "-I", "-S", str(CHILD_SCRIPT), str(os.getpid()), str(int(death_signal))]
        return [*wrapper, self.identity, *command]

    def _popen(self) -> subprocess.Popen[bytes]:
        command = self.wrap(self.command(), self.death_signal)
        with log_path(self.data_dir, self.name).open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.working_directory(),
                env=dict(self.environment()),
                # A Ctrl-C in the terminal is the launcher's to handle: it stops the parts in order.
                start_new_session=True,
            )

    def _end_leftovers(self) -> None:
        """Ends what a former process of this name left behind; the caller holds the lock, so nobody owns it."""
        self._end_group()
        try:
            pid, started_s = self._pid_path().read_text().split()
            process = psutil.Process(int(pid))
            # The start time tells our process from one that was given its number later. psutil derives it from the
            # boot time, which clock corrections move by fractions of a second.
            is_ours = abs(process.create_time() - float(started_s)) < 2
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
                process.wait(5)
        except (FileNotFoundError, ValueError, psutil.Error):
            return

    def _end_group(self) -> None:
        """Kills, once, what the ended process left in its group, such as a worker's render processes."""
        group, self._group = self._group, None
        if group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)

    def _record_pid(self, pid: int) -> None:
        try:
            started_s = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        self._pid_path().write_text(f"{pid} {started_s}")

    def _pid_path(self) -> Path:
        return run_dir(self.data_dir) / f"{self.name}.pid"

    def log_hint(self) -> str:
        tail = log_tail(self.data_dir, self.name)
        return f"; the end of its log:\n{tail}" if tail else ""
