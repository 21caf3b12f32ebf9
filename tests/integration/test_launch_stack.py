"""The whole stack around a small stand-in tree: order of start and stop, recovery of every part, clear errors."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from launch.places import LaunchError
from launch.servers import PostgresServer
from launch.stack import Stack

REPOSITORY = Path(__file__).parents[2]
CHILDREN = ["postgres", "valkey", "s3", "api", "worker-interactive", "worker-background", "worker-render"]

STAND_IN = {
    "alembic.py": """
import os, pathlib, sys
pathlib.Path(os.environ["DATA_DIR"], "migrated").write_text(" ".join(sys.argv[1:]))
sys.exit(os.environ.get("MIGRATION_FAILS"))
""",
    "api/tokens.py": """
import os, pathlib
marker = pathlib.Path(os.environ["DATA_DIR"], "admin")
if not marker.exists():
    marker.touch()
    print("admin token: shown once")
""",
    "api/app.py": """
import json, os
def create_app():
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        ready = scope["path"] == "/ready"
        body = b"" if ready else json.dumps(dict(os.environ)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
    return app
""",
    "workers/main.py": """
import os, pathlib, signal, sys, time
def drain(*_):
    pathlib.Path(os.environ["DATA_DIR"], "drained-" + os.environ["WORKER_SLOT"]).touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, drain)
print("waiting", sys.argv[1:], flush=True)
while True:
    time.sleep(1)
""",
}

RUN = """
import sys
from pathlib import Path
from launch.run import run
from launch.stack import Stack
sys.exit(run(Stack(Path(sys.argv[1]), tree=Path(sys.argv[2]))))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name, text in STAND_IN.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def stack(tree: Path, tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("data"), durable=False, tree=tree, say=lines.append) as running:
        yield running


def get(url: str) -> bytes:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    connection.request("GET", "/environment")
    return connection.getresponse().read()


def wait_until(condition: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def test_a_start_migrates_and_shows_the_first_admin_token(stack: Stack, lines: list[str]) -> None:
    assert (stack.data_dir / "migrated").read_text() == "upgrade head"
    assert lines[0] == "admin token: shown once"


def test_the_api_is_given_every_address_and_secret(stack: Stack) -> None:
    environment = json.loads(get(stack.url))

    given = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "S3_BUCKET", "S3_SECURE")}
    assert given.items() <= stack.env.items()
    assert len(environment["AIZOOMDOC_SECRET"]) >= 43
    assert len(environment["ENCRYPTION_KEYS"]) == len("1:") + 64
    assert environment["DATA_DIR"] == str(stack.data_dir)


def test_each_worker_has_a_slot_of_its_own(stack: Stack) -> None:
    slots = {queue: worker.environment()["WORKER_SLOT"] for queue, worker in stack.workers.items()}

    assert slots == {queue: f"{socket.gethostname()}-{queue}-0" for queue in ("interactive", "background", "render")}


@pytest.mark.parametrize("name", CHILDREN)
def test_a_part_killed_with_sigkill_comes_back_where_it_was(name: str, stack: Stack, lines: list[str]) -> None:
    child = next(child for child in stack.children if child.name == name)
    env, first_pid = stack.env, child.pid

    child.kill9()

    wait_until(lambda: child.pid != first_pid and child.is_ready())
    assert stack.env == env
    assert f"{name} ended unexpectedly (SIGKILL); restart in 0.1 s" in lines


def test_all_servers_killed_together_come_back(stack: Stack) -> None:
    assert stack.postgres
    for server in stack.servers:
        server.kill9()

    wait_until(lambda: all(server.is_ready() for server in stack.servers))
    assert stack.postgres.sql("SELECT 1") == "1"


def test_a_part_stopped_on_purpose_stays_down(stack: Stack) -> None:
    assert stack.valkey
    stack.valkey.stop()

    time.sleep(0.5)
    assert not stack.valkey.is_running()

    stack.valkey.start()
    assert stack.valkey.is_ready()


def test_a_second_stack_on_one_folder_is_told_so(stack: Stack, tree: Path) -> None:
    with pytest.raises(LaunchError, match="in use by another launcher"):
        Stack(stack.data_dir, tree=tree).start()


def test_a_stop_drains_the_workers_and_leaves_no_process(tree: Path, tmp_path: Path) -> None:
    stack = Stack(tmp_path, durable=False, tree=tree, say=[].append).start()
    pids = [child.pid for child in stack.children]

    stack.stop()

    assert len(list(tmp_path.glob("drained-*"))) == 3
    assert len(pids) == len(CHILDREN)
    assert not [pid for pid in pids if pid and psutil.pid_exists(pid)]


def test_a_second_start_keeps_address_secrets_and_shows_no_token(tree: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    with Stack(tmp_path, durable=False, tree=tree, say=lines.append) as first:
        before = (first.url, first.env)

    with Stack(tmp_path, durable=False, tree=tree, say=lines.append) as second:
        assert (second.url, second.env) == before
    assert lines == ["admin token: shown once"]


def test_a_server_given_from_outside_is_used_and_not_started(tree: Path, tmp_path: Path) -> None:
    with PostgresServer(tmp_path / "outside", durable=False) as outside:
        stack = Stack(tmp_path / "data", extra_env={"DATABASE_URL": outside.url}, tree=tree, say=[].append)
        with stack:
            assert stack.postgres is None
            assert json.loads(get(stack.url))["DATABASE_URL"] == outside.url


def test_a_failing_migration_stops_everything_and_shows_why(tree: Path, tmp_path: Path) -> None:
    stack = Stack(tmp_path, durable=False, tree=tree, extra_env={"MIGRATION_FAILS": "column x exists"})

    with pytest.raises(LaunchError, match=r"migrate failed(.|\n)*column x exists"):
        stack.start()

    assert not [child for child in stack.children if child.is_running()]


def test_a_taken_port_is_named(tree: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(LaunchError, match=f"port {port} is in use"):
            Stack(tmp_path, durable=False, port=port, tree=tree, say=[].append).start()


def test_no_process_outlives_a_launcher_killed_with_sigkill(tree: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path), str(tree)]
    launcher = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    assert any("ready at http://127.0.0.1:" in line for line in launcher.stdout)
    processes = psutil.Process(launcher.pid).children(recursive=True)

    launcher.kill()
    launcher.wait()

    assert len(processes) > len(CHILDREN)
    wait_until(lambda: not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def test_the_command_stops_cleanly_on_sigterm(tree: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path), str(tree)]
    launcher = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    assert any("ready at http://127.0.0.1:" in line for line in launcher.stdout)

    launcher.send_signal(signal.SIGTERM)
    output, _ = launcher.communicate(timeout=30)

    assert launcher.returncode == 0
    assert "stopped; the data are kept" in output
