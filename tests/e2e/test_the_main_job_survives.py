"""A document of 152 pages is read and a question about it answered while each part of the service is killed in turn.

Both processes, real servers, a client that reconnects as any client would. Nothing accepted is lost, no event is missed
or repeated, no finished batch of pages is read again.
"""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest

from launch.stack import REPOSITORY, Stack

pytestmark = [pytest.mark.xdist_group("survival"), pytest.mark.timeout(300)]

MANUAL = REPOSITORY.parent / "shared" / "data" / "A_engineering" / "en" / "ai_manuals__neets_part_04.pdf"
PAGES = 152
OUTAGE_S = 8.0
TERMINAL = ("job.succeeded", "job.failed", "job.cancelled")


class Told(NamedTuple):
    seq: int
    name: str
    data: dict[str, Any]


class Client:
    def __init__(self, stack: Stack) -> None:
        token = subprocess.run(
            [sys.executable, "-m", "api.tokens", "issue", "survivor"],
            cwd=REPOSITORY,
            env=stack.env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        self.http = httpx.Client(base_url=stack.url, timeout=30)
        signed_in = self.http.post("/auth/exchange", json={"static_token": token}).json()
        self.http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

    def follow(self, job_id: str, watch: Callable[[Told], None] = lambda told: None) -> list[Told]:
        """All events until the job ends; reconnects after the last id whenever the stream breaks."""
        told: list[Told] = []
        deadline = time.monotonic() + 90
        while not told or told[-1].name not in TERMINAL:
            assert time.monotonic() < deadline, f"not ended: {[event.name for event in told][-5:]}"
            try:
                self._listen(job_id, told, watch)
            except httpx.TransportError:
                time.sleep(0.2)
        return told

    def _listen(self, job_id: str, told: list[Told], watch: Callable[[Told], None]) -> None:
        headers = {"Last-Event-ID": str(told[-1].seq)} if told else {}
        with self.http.stream("GET", f"/jobs/{job_id}/events", headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                time.sleep(0.2)
                return
            fields: dict[str, str] = {}
            for line in response.iter_lines():
                name, _, value = line.partition(": ")
                fields[name] = value
                if line == "" and "id" in fields:
                    told.append(Told(int(fields["id"]), fields["event"], json.loads(fields["data"])))
                    watch(told[-1])
                if line == "":
                    fields = {}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder), durable=False, say=lambda line: None) as running:
            yield running


@pytest.fixture(scope="module")
def client(stack: Stack) -> Client:
    return Client(stack)


def kill_database_for_a_while(stack: Stack) -> None:
    assert stack.postgres is not None
    stack.postgres.stop()
    time.sleep(OUTAGE_S)
    stack.postgres.start()


def checkpoints(stack: Stack, job_id: str) -> list[int]:
    """The last page that each finished batch had read, in the order of the batches."""

    async def read() -> list[int]:
        connection = await asyncpg.connect(stack.env["DATABASE_URL"].replace("+asyncpg", ""))
        try:
            rows = await connection.fetch(
                "select state from job_steps where job_id = $1 and stage = 'read' order by step_no", UUID(job_id)
            )
        finally:
            await connection.close()
        return [json.loads(row["state"])["next_page"] - 1 for row in rows]

    return asyncio.run(read())


BLOWS: dict[str, Callable[[Stack], None]] = {
    "nothing": lambda stack: None,
    "worker killed": lambda stack: stack.workers["background"].kill9(),
    "worker asked to stop": lambda stack: stack.workers["background"].send_signal(signal.SIGTERM),
    "api killed": lambda stack: stack.children[3].kill9(),
    "valkey killed with all its data": lambda stack: stack.children[1].kill9(),
    "database killed": lambda stack: stack.children[0].kill9(),
    "database away for 8 s": kill_database_for_a_while,
}


@pytest.mark.parametrize("blow", BLOWS.values(), ids=BLOWS.keys())
def test_reading_and_the_question_waiting_for_it_survive(
    stack: Stack, client: Client, blow: Callable[[Stack], None]
) -> None:
    struck = threading.Event()

    def strike_after_three_batches(told: Told) -> None:
        if told.name == "stage.finished" and told.seq > 8 and not struck.is_set():
            struck.set()
            threading.Thread(target=blow, args=(stack,)).start()

    with MANUAL.open("rb") as file:
        upload = client.http.post("/files/upload", files={"file": ("manual.pdf", file)}).json()
    chat = client.http.post("/chats", json={}).json()["id"]
    body = {"content": "What is a Western Union splice?", "document_ids": [upload["document_id"]]}
    question = client.http.post(f"/chats/{chat}/messages", json=body).json()["job_id"]

    reading = client.follow(upload["job_id"], strike_after_three_batches)
    answering = client.follow(question)

    assert struck.is_set()
    for told in (reading, answering):
        assert [event.seq for event in told] == list(range(1, len(told) + 1))
        assert [event.name for event in told if event.name in TERMINAL] == ["job.succeeded"]
    read_up_to = checkpoints(stack, upload["job_id"])
    # Each batch begins where the last one ended: none is read again once it is finished.
    assert read_up_to == sorted(set(read_up_to))
    assert read_up_to[-1] == PAGES
    assert sum(event.name == "stage.finished" and event.data["stage"] == "read" for event in reading) == len(read_up_to)
    assert client.http.get(f"/documents/{upload['document_id']}").json()["pages_done"] == PAGES
    assert "job.woken" in [event.name for event in answering]
    streamed = "".join(event.data["text"] for event in answering if event.name == "answer.delta")
    assert answering[-1].data["text_length"] == len(streamed)
    messages = client.http.get(f"/chats/{chat}").json()["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"]
    assert messages[1]["content"] == streamed
    assert messages[1]["answer"]["citations"]
