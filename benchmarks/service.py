"""The service under measurement: the launcher's stack on an empty data directory, durable as in `make run`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from launch.stack import REPOSITORY, Stack


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is an admin's access token; the pids are those of the api and of the background worker. `programs` are
    the pids of all by name."""

    port: int
    token: str
    redis_url: str
    database_url: str
    api_pid: int
    background_pid: int
    programs: Mapping[str, Sequence[int]]


@contextmanager
def running_service(extra_env: Mapping[str, str] | None = None) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="aizoomdoc-bench-") as folder:
        Path(folder).chmod(0o755)
        env = {"STREAMS_PER_USER": "10000", **(extra_env or {})}
        stack = Stack(Path(folder), extra_env=env, say=lambda _: None)
        with stack:
            assert stack.valkey is not None
            assert stack.api is not None
            yield Service(
                port=stack.port,
                token=_access_token(stack),
                redis_url=stack.valkey.url,
                database_url=stack.env["DATABASE_URL"],
                api_pid=stack.api.pid or 0,
                background_pid=stack.workers["background"].pid or 0,
                programs=_programs(stack),
            )


def _programs(stack: Stack) -> dict[str, list[int]]:
    """The parts that a job passes through, and the rest."""
    names = {"worker-interactive": "worker"}
    programs: dict[str, list[int]] = {"load client": [os.getpid()]}
    for child in stack.children:
        name = names.get(child.name, "idle workers" if child.name.startswith("worker-") else child.name)
        programs.setdefault(name, []).append(child.pid or 0)
    programs.pop("s3", None)
    return programs


def _access_token(stack: Stack) -> str:
    issued = subprocess.run(
        [sys.executable, "-m", "api.tokens", "issue", "bench", "--role", "admin"],
        cwd=REPOSITORY,
        env=stack.env,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = httpx.post(f"{stack.url}/auth/exchange", json={"static_token": issued.stdout.strip()}, timeout=30)
    return answer.json()["access_token"]
