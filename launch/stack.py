"""The whole service on one machine: servers, migrations, first admin, api, workers; and their end, in order."""

import base64
import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from launch.places import (
    DirectoryLock,
    LaunchError,
    forget_port,
    free_port,
    is_free,
    kept_port,
    kept_secret,
    log_path,
    log_tail,
)
from launch.processes import Child
from launch.servers import PostgresServer, S3Server, Server, ValkeyServer
from launch.supervisor import Supervisor

REPOSITORY = Path(__file__).resolve().parents[1]
QUEUES = ("interactive", "background", "render")
PROBE_TIMEOUT_S = 5.0
# The workers hand their jobs back within 25 s of SIGTERM (DESIGN §4.11); the rest is for the process to end.
DRAIN_TIMEOUT_S = 28.0
PORT_TRIES = 5


class Program(Child):
    """A Python module of this repository as a child; `env` is its whole environment."""

    def __init__(
        self, name: str, data_dir: Path, *, tree: Path, arguments: Sequence[str], env: Mapping[str, str]
    ) -> None:
        super().__init__(name, data_dir)
        self.tree = tree
        self.arguments = arguments
        self.env = env

    def command(self) -> list[str]:
        """This interpreter, in the repository's tree."""
        return [sys.executable, "-m", *self.arguments]

    def environment(self) -> Mapping[str, str]:
        """The stack's environment; output is logged line by line."""
        return {**self.env, "PYTHONUNBUFFERED": "1"}

    def working_directory(self) -> Path:
        """The repository's tree: all commands start there (DESIGN §2)."""
        return self.tree

    def is_ready(self) -> bool:
        """Whether it runs; a worker has no port to ask."""
        return self.is_running()


class Api(Program):
    """The api under uvicorn on loopback."""

    ready_timeout_s = 180.0

    def __init__(self, data_dir: Path, *, tree: Path, port: int, env: Mapping[str, str]) -> None:
        address = ["--host", "127.0.0.1", "--port", str(port), "--no-proxy-headers"]
        options = ["--timeout-graceful-shutdown", "10", "--no-access-log"]
        arguments = ["uvicorn", "api.app:create_app", "--factory", *address, *options]
        super().__init__("api", data_dir, tree=tree, arguments=arguments, env=env)
        self.port = port

    def prepare(self) -> None:
        """Says plainly that the port is taken; uvicorn would say it in its log only."""
        super().prepare()
        if not is_free(self.port):
            raise LaunchError(f"port {self.port} is in use; free it, or choose another with --port (try {free_port()})")

    def is_ready(self) -> bool:
        """Whether GET /ready answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_TIMEOUT_S)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Stack:
    """All parts of one data directory. Use it as a context manager, or `start` and `stop`; both may be called twice.

    `port` is the api's; None takes a free one and keeps it. With DATABASE_URL, REDIS_URL or S3_ENDPOINT in the
    environment or in `extra_env`, that service is used and the embedded server of the kind does not start.
    `extra_env` goes to the api and the workers. `queues` names one worker process each.
    `tree` is the repository whose api and workers run.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        queues: Sequence[str] = QUEUES,
        extra_env: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
        tree: Path = REPOSITORY,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = port or 0
        self._given_port = port
        self._given = {**os.environ, **(extra_env or {})}
        self.postgres = None if "DATABASE_URL" in self._given else PostgresServer(self.data_dir, durable=durable)
        self.valkey = None if "REDIS_URL" in self._given else ValkeyServer(self.data_dir)
        self.s3 = None if "S3_ENDPOINT" in self._given else S3Server(self.data_dir)
        self.api: Api | None = None
        self.workers: dict[str, Program] = {}
        self._queues = queues
        self._say = say
        self._tree = tree
        self._lock = DirectoryLock(self.data_dir, "launcher")
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """The api's address, without a slash at the end; known once started."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def servers(self) -> list[Server]:
        """The embedded servers of this stack, in starting order."""
        return [server for server in (self.postgres, self.valkey, self.s3) if server]

    @property
    def children(self) -> list[Child]:
        """Every process of this stack that was started, servers first."""
        return [*self.servers, *([self.api] if self.api else []), *self.workers.values()]

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of the api and the workers; known once the servers run."""
        addresses = {name: value for server in self.servers for name, value in server.env.items()}
        secret = kept_secret(self.data_dir, "aizoomdoc", lambda: base64.b64encode(secrets.token_bytes(48)).decode())
        master = kept_secret(self.data_dir, "encryption", lambda: f"1:{secrets.token_hex(32)}")
        made = {"AIZOOMDOC_SECRET": secret, "ENCRYPTION_KEYS": master}
        return {**made, **self._given, **addresses, "DATA_DIR": str(self.data_dir)}

    def start(self) -> Self:
        """Starts everything and returns when the api is ready; the first time `say` gets the admin token.

        On failure stops what was started and raises `LaunchError`.
        """
        if self._supervisor:
            return self
        self._lock.acquire()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def start_servers(self) -> Self:
        """Starts the servers and applies the migrations, without api and workers; for tests and one-off commands."""
        self._lock.acquire()
        try:
            for server in self.servers:
                server.start()
            self._run_to_end("migrate", "alembic", "upgrade", "head")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Drains the workers and the api together, then stops the servers. Does nothing when nothing runs."""
        if self._supervisor:
            self._supervisor.stop()
            self._supervisor = None
        programs = [*self.workers.values(), *([self.api] if self.api else [])]
        for program in programs:
            program.begin_stop()
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        for program in programs:
            program.finish_stop(deadline)
        for server in reversed(self.servers):
            server.stop()
        self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.start_servers()
        if message := self._run_to_end("first-admin", "api.tokens", "first-admin"):
            self._say(message)
        env = self.env
        self.workers = {queue: self._worker(queue, env) for queue in self._queues}
        for worker in self.workers.values():
            worker.spawn()
        self.api = self._start_api(env)
        self._supervisor = Supervisor(self.children, self._say)
        self._supervisor.start()

    def _start_api(self, env: Mapping[str, str]) -> Api:
        """The api, answering. A port of our own choice that somebody else took meanwhile is chosen again."""
        for try_no in range(PORT_TRIES):
            self.port = self._given_port or kept_port(self.data_dir, "api")
            api = Api(self.data_dir, tree=self._tree, port=self.port, env=env)
            try:
                api.spawn()
                api.wait_ready(needs=list(self.workers.values()))
                return api
            except LaunchError:
                # Left as it is, a half started api would outlive this launcher's start.
                self.api = api
                taken = not api.is_running() and not is_free(self.port)
                if self._given_port or not taken or try_no == PORT_TRIES - 1:
                    raise
                api.stop()
                forget_port(self.data_dir, "api")
        raise AssertionError("unreachable")

    def _worker(self, queue: str, env: Mapping[str, str]) -> Program:
        slot = f"{socket.gethostname()}-{queue}-0"
        return Program(
            f"worker-{queue}",
            self.data_dir,
            tree=self._tree,
            arguments=["workers.main", "--queue", queue],
            env={**env, "WORKER_SLOT": slot},
        )

    def _run_to_end(self, name: str, *arguments: str) -> str:
        """Runs a module, its errors going to a log of this name; returns what it printed."""
        with log_path(self.data_dir, name).open("ab") as log:
            result = subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=self._tree,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                check=False,
            )
        if result.returncode != 0:
            raise LaunchError(f"{name} failed; the end of its log:\n{log_tail(self.data_dir, name)}")
        return result.stdout.decode().strip()
