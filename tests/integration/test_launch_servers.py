"""The embedded servers, for real: they speak their protocols, survive SIGKILL, and never outlive their launcher."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
import redis
from minio import Minio
from redis.backoff import NoBackoff
from redis.retry import Retry

from launch.places import LaunchError, is_free
from launch.postgres import postgres_program
from launch.servers import PostgresServer, S3Server, Server, ValkeyServer

REPOSITORY = Path(__file__).parents[2]
KINDS: list[Callable[[Path], Server]] = [PostgresServer, ValkeyServer, S3Server]
START_ALL_AND_WAIT = """
import sys, time
from pathlib import Path
from launch.postgres import postgres_program
from launch.servers import PostgresServer, S3Server, ValkeyServer
servers = [kind(Path(sys.argv[1])).start() for kind in (PostgresServer, ValkeyServer, S3Server)]
print(*[server.pid for server in servers], flush=True)
time.sleep(600)
"""


class BrokenServer(ValkeyServer):
    def command(self) -> list[str]:
        return ["/bin/sh", "-c", "echo the reason; exit 3"]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every user may pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[PostgresServer]:
    with PostgresServer(data_dir, durable=False) as server:
        yield server


@pytest.fixture
def valkey(data_dir: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(data_dir) as server:
        yield server


@pytest.fixture
def s3(data_dir: Path) -> Iterator[S3Server]:
    with S3Server(data_dir) as server:
        yield server


def minio_client(server: S3Server) -> Minio:
    env = server.env
    return Minio(env["S3_ENDPOINT"], access_key=env["S3_ACCESS_KEY"], secret_key=env["S3_SECRET_KEY"], secure=False)


def is_gone(pid: int) -> bool:
    """A zombie counts as gone: whoever adopted it has not collected it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def test_postgres_folds_the_case_of_cyrillic(postgres: PostgresServer) -> None:
    search = "to_tsvector('russian', 'договоры') @@ to_tsquery('russian', 'ДОГОВОР')"

    assert postgres.sql(f"SELECT lower('ДОГОВОР'), {search}") == "договор|t"


def test_postgres_has_pgvector(postgres: PostgresServer) -> None:
    postgres.sql("CREATE EXTENSION vector")

    assert postgres.sql("SELECT '[1,2]'::vector <-> '[1,4]'::vector") == "2"


def test_postgres_refuses_a_wrong_password(postgres: PostgresServer) -> None:
    postgres.password = "wrong"

    with pytest.raises(LaunchError, match="password authentication failed"):
        postgres.sql("SELECT 1")


def test_postgres_that_keeps_data_flushes_them_to_disk(data_dir: Path) -> None:
    with PostgresServer(data_dir) as server:
        assert server.sql("SELECT current_setting('fsync'), current_setting('synchronous_commit')") == "on|on"


def test_postgres_creates_databases_beside_its_own(postgres: PostgresServer) -> None:
    url = postgres.create_database("another")

    assert url.endswith("/another")
    assert postgres.sql("SELECT current_database()", database="another") == "another"


def test_postgres_keeps_its_data_over_sigkill_with_a_session_open(postgres: PostgresServer) -> None:
    port = postgres.port
    postgres.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    address = ["-h", "127.0.0.1", "-p", str(port), "-U", postgres.user, postgres.database]
    command = [str(postgres_program("psql")), *address, "-c", "SELECT pg_sleep(60)"]
    session = subprocess.Popen(command, env={"PGPASSWORD": postgres.password}, stderr=subprocess.DEVNULL)
    wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'") == "1")

    postgres.kill9()
    postgres.start()

    assert session.wait(5) != 0
    assert postgres.sql("SELECT answer FROM kept") == "42"
    assert postgres.port == port


def test_postgres_starts_when_the_recorded_pid_belongs_to_another_process(tmp_path: Path) -> None:
    with PostgresServer(tmp_path, durable=False) as server:
        server.kill9()
        pid_file = tmp_path / "postgres" / "cluster" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *rest]))

        server.start()

        assert server.sql("SELECT 1") == "1"


def test_postgres_finishes_a_first_start_that_was_killed_half_way(data_dir: Path) -> None:
    half_made = data_dir / "postgres" / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")

    with PostgresServer(data_dir, durable=False) as server:
        assert server.sql("SELECT 1") == "1"


def test_postgres_runs_as_nobody_for_root_where_nobody_may_pass(postgres: PostgresServer) -> None:
    assert postgres.identity == ("nobody" if os.geteuid() == 0 else "same")


def test_postgres_runs_for_root_where_nobody_may_not_pass(data_dir: Path) -> None:
    private = data_dir / "private"
    private.mkdir(mode=0o700)

    with PostgresServer(private, durable=False) as server:
        assert server.identity == ("userns" if os.geteuid() == 0 else "same")
        assert server.sql("SELECT 1") == "1"


def test_postgres_data_follow_when_the_folder_is_closed_to_nobody(data_dir: Path) -> None:
    with PostgresServer(data_dir, durable=False) as server:
        server.sql("CREATE TABLE kept AS SELECT 42 AS answer")
    data_dir.chmod(0o700)

    with PostgresServer(data_dir, durable=False) as server:
        assert server.sql("SELECT answer FROM kept") == "42"


def test_valkey_keeps_address_and_password_over_sigkill(valkey: ValkeyServer) -> None:
    url = valkey.url

    valkey.kill9()
    valkey.start()

    assert valkey.url == url
    assert redis.Redis.from_url(url).ping()


def test_valkey_refuses_who_has_no_password(valkey: ValkeyServer) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=valkey.port, retry=Retry(NoBackoff(), 0)).ping()


def test_valkey_refuses_writes_when_full_instead_of_forgetting(valkey: ValkeyServer) -> None:
    settings = redis.Redis.from_url(valkey.url).config_get("maxmemory*")

    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["maxmemory"] == str(256 * 1024 * 1024)


def test_s3_keeps_objects_over_sigkill(s3: S3Server) -> None:
    client = minio_client(s3)
    client.put_object(s3.bucket, "ab/cd", BytesIO(b"drawing"), 7)

    s3.kill9()
    s3.start()

    assert minio_client(s3).get_object(s3.bucket, "ab/cd").read() == b"drawing"


def test_s3_clears_an_upload_that_was_cut_off(s3: S3Server, data_dir: Path) -> None:
    half = data_dir / "s3" / "objects" / s3.bucket / "ab" / ".rclone_temp_put_1"
    half.parent.mkdir()
    half.write_bytes(b"half")

    s3.restart()

    assert not half.exists()


def test_s3_refuses_a_wrong_key(s3: S3Server) -> None:
    s3.secret_key = "wrong"

    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        minio_client(s3).bucket_exists(s3.bucket)


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_keeps_the_port(kind: Callable[[Path], Server], data_dir: Path) -> None:
    with kind(data_dir) as first:
        port = first.port

    with kind(data_dir) as second:
        assert second.port == port


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_taken_meanwhile_is_given_up(kind: Callable[[Path], Server], data_dir: Path) -> None:
    with kind(data_dir) as first:
        port = first.port

    with socket.create_server(("127.0.0.1", port)), kind(data_dir) as second:
        assert second.port != port
        assert second.is_ready()


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_launcher_on_one_folder_is_told_so(kind: Callable[[Path], Server], data_dir: Path) -> None:
    with kind(data_dir) as first:
        with pytest.raises(LaunchError, match=f"in use by another launcher .process {os.getpid()}"):
            kind(data_dir).start()

        assert first.is_ready()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_server_leaves_no_process_and_no_open_port(kind: Callable[[Path], Server], data_dir: Path) -> None:
    server = kind(data_dir).start()
    pid = server.pid

    server.stop()

    assert pid is not None
    assert is_gone(pid)
    assert is_free(server.port)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_outlives_the_thread_that_started_it(kind: Callable[[Path], Server], data_dir: Path) -> None:
    server = kind(data_dir)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()

    time.sleep(0.3)

    assert server.is_ready()
    server.stop()


def test_a_failed_start_shows_the_end_of_the_log(data_dir: Path) -> None:
    with pytest.raises(LaunchError, match=r"exit code 3(.|\n)*the reason"):
        BrokenServer(data_dir).start()


def test_no_server_outlives_a_launcher_killed_with_sigkill(data_dir: Path) -> None:
    command = [sys.executable, "-c", START_ALL_AND_WAIT, str(data_dir)]
    launcher = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    pids = [int(pid) for pid in launcher.stdout.readline().split()]
    pids += [child.pid for child in psutil.Process(pids[0]).children(recursive=True)]

    launcher.send_signal(signal.SIGKILL)
    launcher.wait()

    assert len(pids) > len(KINDS)
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_the_next_start_takes_over_at_once_from_a_killed_launcher(data_dir: Path) -> None:
    command = [sys.executable, "-c", START_ALL_AND_WAIT, str(data_dir)]
    launcher = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    launcher.stdout.readline()
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()

    with PostgresServer(data_dir) as postgres, ValkeyServer(data_dir) as valkey, S3Server(data_dir) as s3:
        assert all(server.is_ready() for server in (postgres, valkey, s3))


def test_a_leftover_is_ended_by_its_record_and_a_stranger_with_its_pid_is_not(data_dir: Path) -> None:
    leftover, stranger = (subprocess.Popen(["sleep", "600"]) for _ in range(2))
    run = data_dir / "run"
    run.mkdir()
    (run / "valkey.pid").write_text(f"{leftover.pid} {psutil.Process(leftover.pid).create_time()}")
    (run / "s3.pid").write_text(f"{stranger.pid} {psutil.Process(stranger.pid).create_time() - 60}")

    with ValkeyServer(data_dir), S3Server(data_dir):
        assert is_gone(leftover.pid)
        assert stranger.poll() is None

    stranger.kill()
    stranger.wait()


def test_secrets_are_readable_by_their_owner_only(data_dir: Path) -> None:
    for kind in KINDS:
        kind(data_dir)
    folder = data_dir / "secrets"

    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_secrets_are_on_no_command_line(postgres: PostgresServer, valkey: ValkeyServer, s3: S3Server) -> None:
    lines = [" ".join(psutil.Process(server.pid).cmdline()) for server in (postgres, valkey, s3)]

    secrets = [postgres.password, valkey.password, s3.secret_key, s3.access_key]

    assert not [secret for secret in secrets for line in lines if secret in line]
