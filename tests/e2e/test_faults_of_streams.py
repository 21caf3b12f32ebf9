"""Clients come and go, the api dies: each client sees every event once and in order, and the end."""

import asyncio
import socket
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from api.streams import SEND_TIMEOUT_S
from domain.jobs import JobState
from tests.e2e.conftest import Faults, until
from tests.fakes.sse import StreamReader, is_proven

TALKS = {"pieces": 30, "pause_s": 0.05}


async def test_an_api_killed_in_mid_stream_costs_no_event(faults: Faults) -> None:
    job_id = await faults.submit(one={"pieces": 60, "pause_s": 0.05}, three={"pieces": 60, "pause_s": 0.05})
    readers = [faults.reader(job_id) for _ in range(5)]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await until(lambda: all(len(reader.frames) > 10 for reader in readers), "all read")

    faults.api.kill9()
    job = await faults.ended(job_id)
    await asyncio.gather(*reading)

    assert job.state is JobState.SUCCEEDED
    assert [reader.connections > 1 for reader in readers] == [True] * 5
    for reader in readers:
        assert reader.seqs == list(range(1, job.last_seq + 1))
        assert is_proven(reader.frames)


async def test_a_stopping_api_says_goodbye_and_the_next_one_goes_on(faults: Faults) -> None:
    job_id = await faults.submit(three={"pieces": 80, "pause_s": 0.05})
    reader = faults.reader(job_id)
    reading = asyncio.create_task(reader.read())
    await until(lambda: len(reader.frames) > 10, "it reads")

    await asyncio.to_thread(faults.api.restart)
    job = await faults.ended(job_id)
    await reading

    assert reader.seqs == list(range(1, job.last_seq + 1))
    assert is_proven(reader.frames)


async def test_every_request_that_was_accepted_while_the_api_died_again_and_again_is_answered(faults: Faults) -> None:
    chats = [(await faults.client.post("/chats", json={})).json()["id"] for _ in range(4)]

    async def ask(chat_id: str, number: int) -> UUID:
        """As a client does: again with the same key until it is answered."""
        key = str(uuid4())
        while True:
            try:
                response = await faults.client.post(
                    f"/chats/{chat_id}/messages",
                    json={"content": f"question {number}", "document_ids": []},
                    headers={"Idempotency-Key": key},
                )
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if response.status_code == 202:
                return UUID(response.json()["job_id"])
            assert response.status_code >= 500, response.text
            await asyncio.sleep(0.1)

    async def kill_and_wait() -> None:
        for _ in range(3):
            await asyncio.sleep(0.3)
            faults.api.kill9()
            await until(faults.api.is_ready, "the api is back")

    killing = asyncio.create_task(kill_and_wait())
    jobs = await asyncio.gather(*[ask(chats[number % 4], number) for number in range(40)])
    await killing
    ended = [await faults.ended(job_id) for job_id in jobs]
    histories = [(await faults.client.get(f"/chats/{chat_id}")).json()["messages"] for chat_id in chats]

    assert {job.state for job in ended} == {JobState.SUCCEEDED}
    assert len(set(jobs)) == 40
    assert [len(messages) for messages in histories] == [20] * 4


async def test_a_client_that_leaves_at_every_event_reads_the_same(faults: Faults) -> None:
    job_id = await faults.submit(one=TALKS, three=TALKS)
    restless, patient = faults.reader(job_id, per_connection=1), faults.reader(job_id)

    await asyncio.gather(restless.read(), patient.read())

    assert restless.frames == patient.frames
    assert restless.connections > len(restless.frames)
    assert is_proven(restless.frames)


async def test_the_chat_stream_of_a_client_that_leaves_at_every_event_is_the_same(faults: Faults) -> None:
    chat_id = (await faults.client.post("/chats", json={})).json()["id"]
    path = f"/chats/{chat_id}/stream"
    await faults.client.post(f"/chats/{chat_id}/messages", json={"content": "question", "document_ids": []})
    restless, patient = StreamReader(faults.client, path, per_connection=1), StreamReader(faults.client, path)

    await asyncio.gather(restless.read(), patient.read())

    assert restless.frames == patient.frames
    assert [frame.event for frame in patient.frames if frame.event in ("completed", "error")] == ["completed"]


async def test_polling_gives_the_same_events_as_the_stream(faults: Faults) -> None:
    job_id = await faults.submit(three=TALKS)
    reader = faults.reader(job_id)
    reading = asyncio.create_task(reader.read())

    polled, cursor = [], 0
    while True:
        response = await faults.client.get(
            f"/jobs/{job_id}/events", params={"after": cursor, "wait": 5}, headers={"Accept": "application/json"}
        )
        if response.status_code == 204:
            break
        page = response.json()
        polled += page["items"]
        cursor = page["last_seq"]
    await reading

    streamed = [{"event": frame.event, **frame.data} for frame in reader.frames]
    assert polled == streamed


async def test_a_poll_that_nothing_answers_ends_in_time(faults: Faults) -> None:
    job_id = await faults.submit(two={"holds": True})
    await faults.began(job_id, "two")
    job = await faults.job(job_id)

    response = await faults.client.get(
        f"/jobs/{job_id}/events", params={"after": job.last_seq, "wait": 0.5}, headers={"Accept": "application/json"}
    )
    faults.open_gate(job_id, "two")

    assert response.json()["items"] == []
    assert response.elapsed.total_seconds() < 2


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
@pytest.mark.parametrize(("beyond", "status"), [(0, 204), (1, 409)], ids=["at the end", "beyond the end"])
async def test_a_cursor_at_the_end_has_nothing_more_and_one_beyond_is_a_mistake(
    faults: Faults, accept: str, beyond: int, status: int
) -> None:
    job = await faults.ended(await faults.submit())
    headers = {"Accept": accept, "Last-Event-ID": str(job.last_seq + beyond)}

    response = await faults.client.get(f"/jobs/{job.id}/events", headers=headers)

    assert response.status_code == status


@pytest.mark.parametrize(
    "idle_s",
    [1.0, pytest.param(SEND_TIMEOUT_S + 4, marks=pytest.mark.slow)],
    ids=["for a while", "until it is dropped"],
)
async def test_a_reader_that_stops_reading_loses_nothing(faults: Faults, idle_s: float) -> None:
    """8 MiB go into a socket that nobody empties; then the client reads what is there and comes back for the rest."""
    job_id = await faults.submit(three={"pieces": 2_000, "piece_bytes": 4_096})
    lazy = await asyncio.to_thread(_connect, faults, f"/jobs/{job_id}/events")
    job = await faults.ended(job_id)
    await asyncio.sleep(idle_s)

    received = await asyncio.to_thread(_read_all, lazy)
    ids = [int(line[4:]) for line in received.splitlines() if line.startswith(b"id: ")]
    # The last frame may be cut.
    rest = StreamReader(faults.client, f"/jobs/{job_id}/events", after=str(ids[-2]))
    await rest.read()

    assert ids == list(range(1, ids[-1] + 1))
    assert [*ids[:-1], *rest.seqs] == list(range(1, job.last_seq + 1))
    if idle_s > SEND_TIMEOUT_S:
        assert ids[-1] < job.last_seq


def _connect(faults: Faults, path: str) -> socket.socket:
    """A connection with a small buffer that has asked for the stream and reads nothing."""
    address = urlsplit(faults.stack.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect((address.hostname, address.port))
    authorization = faults.client.headers["Authorization"]
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode())
    return connection


def _read_all(connection: socket.socket) -> bytes:
    """What comes until the server is silent for a second or hangs up."""
    received = bytearray()
    connection.settimeout(1.0)
    with connection:
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except TimeoutError:
            pass
    return bytes(received)
