"""The health check of a worker's container, against a real `workers` table."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.servers import PostgresServer
from launch.worker_health import is_alive


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with PostgresServer(Path(folder), durable=False) as server:
            server.sql("CREATE TABLE workers (slot text PRIMARY KEY, seen_at timestamptz NOT NULL)")
            server.sql("INSERT INTO workers VALUES ('busy', now()), ('hung', now() - interval '1 minute')")
            yield server


@pytest.mark.parametrize(("slot", "alive"), [("busy", True), ("hung", False), ("never-started", False)])
async def test_a_worker_is_alive_while_it_reports(postgres: PostgresServer, slot: str, alive: bool) -> None:
    assert await is_alive(postgres.url, slot) is alive
