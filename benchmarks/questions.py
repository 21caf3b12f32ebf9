"""Whole questions over HTTP beside a model that takes two seconds: what of the time is ours, and what a question costs.

Alone: `python -m benchmarks questions`. Everything is real but the model, which is the tests' Gemini on loopback.
"""

import asyncio
import json
import re
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
import msgspec
import pymupdf

from benchmarks.search_sets import FOLDER
from benchmarks.service import Service, running_service
from tests.loopback.gemini_server import GeminiServer, Reply, Seen, said

DOCUMENTS, PAGES = 10, 30
MODEL_S = 2.0
MODES = ("simple", "complex", "compare")
PER_MODE = 10

_SHOWN = re.compile(r'"block_id":\s*"([^"]+)"')
_PICTURE = re.compile(r'"picture":\s*"(P\d+)"')


Span = tuple[float, float]
"""Begin and end, in seconds of the machine's clock, which PostgreSQL here has too."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a stage: milliseconds in which no call was at the model and no picture was being drawn, and those in
    which pictures were drawn."""

    stage: str
    own_ms: float
    drawing_ms: float


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question: seconds from the request to its end, and those in which no call was at the model."""

    mode: str
    wall_s: float
    own_s: float
    ran: Sequence[Ran]
    usage: Mapping[str, int]


class Model:
    """A scripted model of 2 s. `busy` are the times (begin, end) in which a call was under way."""

    def __init__(self) -> None:
        self.busy: list[Span] = []
        self._lock = threading.Lock()
        self.sees = False

    def __call__(self, seen: Seen) -> Reply:
        now = time.time()
        with self._lock:
            self.busy.append((now, now + MODEL_S))
        return said(self._reply(seen), pieces=8, delay_s=MODEL_S)

    def _reply(self, seen: Seen) -> dict[str, Any]:
        ids = list(dict.fromkeys(_SHOWN.findall(seen.prompt)))
        if "intent_type" in seen.fields:
            return {"intent_type": "general_analysis", "requires_visual_detail": self.sees}
        if "selected_blocks" in seen.fields:
            return {"selected_blocks": ids[:6]}
        if "facts" in seen.fields:
            return {"facts": []}
        cited = [{"block_id": block_id} for block_id in (ids[:3] + _PICTURE.findall(seen.prompt)[-1:])]
        marks = "".join(f" Statement {number} of the answer [{number}]." for number in range(1, len(cited) + 1))
        reply: dict[str, Any] = {"citations": cited, "answer_markdown": marks.strip() or "Nothing was found."}
        if "diff" in seen.fields:
            reply["diff"] = [{"item": "an item", "before": "one", "after": "another"}]
        return reply


def section() -> str:
    """The part of the report, in Markdown. Takes about five minutes."""
    model = Model()
    with GeminiServer(model) as server:
        env = {"GEMINI_API_KEY": "AIza-of-the-bench", "GEMINI_BASE_URL": server.url}
        with running_service(env) as service, _client(service) as client:
            documents = [_upload(client, name, data) for name, data, _ in _material()]
            _until_read(client, documents)
            texts = [text for _, _, text in _material()]
            asked = [
                _ask(client, service, model, mode, texts[number % len(texts)], documents, sees=number % 2 == 1)
                for mode in MODES
                for number in range(PER_MODE)
            ]
    return _render(asked)


def _material() -> Iterator[tuple[str, bytes, str]]:
    """Ten cuts of 30 pages out of the longest files of the question sets, each around the gold page of a question and
    none twice: of a file with several such places there are several cuts."""
    cuts: set[tuple[str, int]] = set()
    for line in (FOLDER / "gold_open.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = next(iter(row.get("gold") or ()), None)
        if place is None or len(cuts) == DOCUMENTS or not place["doc"].endswith(".pdf"):
            continue
        cut = (place["doc"], (place["pages"][0] - 1) // PAGES)
        with pymupdf.open(FOLDER / place["doc"]) as document:
            if cut in cuts or document.page_count < PAGES:
                continue
            cuts.add(cut)
            first = min(cut[1] * PAGES, document.page_count - PAGES)
            document.select(range(first, first + PAGES))
            name = cut[0].rpartition("/")[2].removesuffix(".pdf")
            yield f"{name}-{first + 1}.pdf", document.tobytes(garbage=3), row["question"]


@contextmanager
def _client(service: Service) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {service.token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", headers=headers, timeout=60) as client:
        yield client


def _upload(client: httpx.Client, name: str, data: bytes) -> str:
    answer = client.post("/files/upload", files={"file": (name, data, "application/pdf")})
    answer.raise_for_status()
    return answer.json()["document_id"]


def _until_read(client: httpx.Client, documents: Sequence[str]) -> None:
    for document_id in documents:
        while client.get(f"/documents/{document_id}").json()["status"] == "reading":
            time.sleep(0.5)


def _ask(
    client: httpx.Client,
    service: Service,
    model: Model,
    mode: str,
    text: str,
    documents: Sequence[str],
    *,
    sees: bool,
) -> Asked:
    model.sees = sees
    model.busy.clear()
    client.patch("/me/settings", json={"model_profile": "simple" if mode == "simple" else "complex"}).raise_for_status()
    scope: dict[str, Any] = {"document_ids": list(documents)}
    if mode == "compare":
        half = len(documents) // 2
        scope = {"compare_document_ids_a": list(documents[:half]), "compare_document_ids_b": list(documents[half:])}
    chat_id = client.post("/chats", json={"title": "bench"}).json()["id"]
    begin = time.time()
    sent = client.post(f"/chats/{chat_id}/messages", json={"content": text, **scope})
    sent.raise_for_status()
    job_id = sent.json()["job_id"]
    with client.stream("GET", f"/jobs/{job_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_raw():
            pass
    end = time.time()
    job = client.get(f"/jobs/{job_id}").json()
    if job["status"] != "succeeded":
        raise RuntimeError(f"{mode}: {job['status']} {job.get('error')}")
    wall = end - begin
    return Asked(
        mode=mode,
        wall_s=wall,
        own_s=wall - _covered(model.busy, (begin, end)),
        ran=asyncio.run(_ran(service.database_url, job_id, model.busy)),
        usage=job["usage"],
    )


def _covered(spans: Sequence[Span], within: Span) -> float:
    """The seconds of `within` that the spans cover together."""
    covered, reached = 0.0, within[0]
    for first, last in sorted(spans):
        covered += max(0.0, min(last, within[1]) - max(first, reached))
        reached = max(reached, min(last, within[1]))
    return covered


_STAGES = """
select stage, coalesce(duration_ms, 0) / 1000.0, extract(epoch from created_at) from job_steps where job_id = $1
order by step_no
"""
_DRAWN = """
select extract(epoch from r.created_at), extract(epoch from r.lease_until)
from renders r join jobs j on j.id = $1 and r.created_at > j.created_at
where r.state = 'ready'
"""
"""The lease of a picture ends when it is drawn and stored (`storage.render_drawing`)."""


async def _ran(database_url: str, job_id: str, busy: Sequence[Span]) -> list[Ran]:
    """What the stages took that ended with a checkpoint: all but the last. A stage's time ends where that begins."""
    connection = await asyncpg.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", database_url))
    try:
        rows = await connection.fetch(_STAGES, job_id)
        drawn = [(float(first), float(last)) for first, last in await connection.fetch(_DRAWN, job_id)]
    finally:
        await connection.close()
    return [_ran_within(stage, (float(end) - float(seconds), float(end)), busy, drawn) for stage, seconds, end in rows]


def _ran_within(stage: str, within: Span, busy: Sequence[Span], drawn: Sequence[Span]) -> Ran:
    asked = _covered(busy, within)
    elsewhere = _covered([*busy, *drawn], within)
    own = within[1] - within[0] - elsewhere
    return Ran(stage=stage, own_ms=max(0.0, own) * 1000, drawing_ms=(elsewhere - asked) * 1000)


def _render(asked: Sequence[Asked]) -> str:
    stages = list(dict.fromkeys(ran.stage for one in asked for ran in one.ran))
    drawn = [stage for stage in stages if any(_times(asked, mode, stage, "drawing_ms") for mode in MODES)]
    return f"""
## Whole questions beside a model of {MODEL_S:g} s

{DOCUMENTS} cuts of {PAGES} pages out of real reports and standards, {PER_MODE} questions of the open sets per mode, one
after another, every second one needs pictures. The model answers each call after {MODEL_S:g} s (loopback, real wire).
`own` is the time from the request to the end of the stream in which no call was at the model; wanted ≤ 1 s. Comparing
has five documents on each side.

| mode | wall, s | own p50, s | own max, s | calls | pictures | tokens in / out |
|---|---|---|---|---|---|---|
{_modes(asked)}

Milliseconds of each run of a stage in which no call was at the model and no picture was being drawn, p50 / max; wanted
≤ 30. `collect` runs once for every four documents.

| stage | {" | ".join(MODES)} |
|---|{"---|" * len(MODES)}
{"".join(_stage_row(asked, stage, "own_ms") for stage in stages)}
Milliseconds of them in which pictures were drawn that nobody had drawn before, from the first wish to the last one
stored; where there were none, the stage does not count:

| stage | {" | ".join(MODES)} |
|---|{"---|" * len(MODES)}
{"".join(_stage_row(asked, stage, "drawing_ms") for stage in drawn)}"""


def _modes(asked: Sequence[Asked]) -> str:
    rows = []
    for mode in MODES:
        own = [one for one in asked if one.mode == mode]
        times = sorted(one.own_s for one in own)

        def mean(name: str, own: Sequence[Asked] = own) -> str:
            return f"{statistics.mean(one.usage.get(name, 0) for one in own):.1f}"

        cells = (
            mode,
            f"{statistics.median(one.wall_s for one in own):.1f}",
            f"{statistics.median(times):.2f}",
            f"{times[-1]:.2f}",
            mean("calls"),
            mean("images"),
            f"{mean('input_tokens')} / {mean('output_tokens')}",
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _stage_row(asked: Sequence[Asked], stage: str, what: str) -> str:
    cells = []
    for mode in MODES:
        times = _times(asked, mode, stage, what)
        cells.append(f"{statistics.median(times):.0f} / {max(times):.0f}" if times else "–")
    return f"| {stage} | {' | '.join(cells)} |\n"


def _times(asked: Sequence[Asked], mode: str, stage: str, what: str) -> list[float]:
    runs = [ran for one in asked if one.mode == mode for ran in one.ran if ran.stage == stage]
    return [getattr(ran, what) for ran in runs if what == "own_ms" or ran.drawing_ms > 0]
