"""What the launcher keeps in its data directory between starts: locks, ports, secrets, pid records, logs."""

import fcntl
import os
import random
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO

LOG_LIMIT_BYTES = 20 * 1024 * 1024

# Below the ports that Linux (32768-60999, ip(7)) and macOS (49152-65535) give to outgoing connections: a client that
# retries a dead server on such a port may be given that very port and connect to itself (tcp(7), simultaneous open).
FIRST_PORT = 20_000
LAST_PORT = 32_000


class LaunchError(RuntimeError):
    """Something on this machine keeps a part from starting; the text tells the user what and where to look."""


class DirectoryLock:
    """Keeps two launchers off one data directory; the kernel frees it when the holder dies, however it dies."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self._data_dir = data_dir
        self._path = run_dir(data_dir) / f"{name}.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Takes the lock; does nothing if this object holds it. Raises `LaunchError` if another one does."""
        if self._file:
            return
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise LaunchError(
                f"{self._data_dir} is in use by another launcher (process {holder}): "
                "stop it, or give another data directory"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Gives the lock back; does nothing if it is not held."""
        if self._file:
            self._file.close()
            self._file = None


def run_dir(data_dir: Path) -> Path:
    """The folder of locks, ports and pid records."""
    return _folder(data_dir, "run")


def log_path(data_dir: Path, name: str) -> Path:
    """The log to append to; one that has grown over 20 MB is moved aside, replacing the one moved before."""
    path = _folder(data_dir, "logs") / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def log_tail(data_dir: Path, name: str, lines: int = 15) -> str:
    """The last lines of a log, for an error message; empty if there is no log."""
    path = _folder(data_dir, "logs") / f"{name}.log"
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def kept_port(data_dir: Path, name: str) -> int:
    """The port of the last start if nobody listens there, else a new free one, which is kept."""
    path = run_dir(data_dir) / f"{name}.port"
    if path.exists() and is_free(port := int(path.read_text())):
        return port
    port = free_port()
    path.write_text(str(port))
    return port


def forget_port(data_dir: Path, name: str) -> None:
    """Makes the next `kept_port` choose again; for a port that turned out to be taken."""
    (run_dir(data_dir) / f"{name}.port").unlink(missing_ok=True)


def free_port() -> int:
    """A loopback TCP port that nobody listens on; somebody else may still take it first."""
    for port in random.SystemRandom().sample(range(FIRST_PORT, LAST_PORT), 200):
        if is_free(port):
            return port
    raise LaunchError(f"no free port between {FIRST_PORT} and {LAST_PORT}")


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        # Connections of a server killed a moment ago linger in TIME_WAIT and must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def kept_secret(data_dir: Path, name: str, generate: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
    """The secret of this name, generated at first use; kept with mode 0600 in a folder of mode 0700."""
    folder = _folder(data_dir, "secrets", mode=0o700)
    path = folder / name
    if not path.exists():
        # Written aside and renamed: a launcher killed in between must not leave an empty secret.
        fresh = folder / f"{name}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(generate())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return path.read_text()


def _folder(data_dir: Path, name: str, mode: int = 0o755) -> Path:
    path = data_dir / name
    path.mkdir(parents=True, exist_ok=True, mode=mode)
    return path
