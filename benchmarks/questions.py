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


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question: seconds from the request to its end, and those without any model call under way."""

    mode: str
    wall_s: float
    own_s: float
    stages_ms: Mapping[str, float]
    usage: Mapping[str, int]


class Model:
    """A scripted model of 2 s. `busy` are the times (begin, end) in which a call was under way."""

    def __init__(self) -> None:
        self.busy: list[tuple[float, float]] = []
        self._lock = threading.Lock()
        self.sees = False

    def __call__(self, seen: Seen) -> Reply:
        now = time.perf_counter()
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
    """Ten cuts of 30 pages out of the longest files of the question sets, each around the gold page of a question."""
    seen: set[str] = set()
    for line in (FOLDER / "gold_open.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        place = next(iter(row.get("gold") or ()), None)
        if place is None or place["doc"] in seen or len(seen) == DOCUMENTS:
            continue
        path = FOLDER / place["doc"]
        if path.suffix != ".pdf":
            continue
        with pymupdf.open(path) as document:
            if document.page_count < PAGES:
                continue
            first = max(0, min(place["pages"][0] - PAGES // 2, document.page_count - PAGES))
            document.select(range(first, first + PAGES))
            seen.add(place["doc"])
            yield f"{path.stem}.pdf", document.tobytes(garbage=3), row["question"]


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
    begin = time.perf_counter()
    sent = client.post(f"/chats/{chat_id}/messages", json={"content": text, **scope})
    sent.raise_for_status()
    job_id = sent.json()["job_id"]
    with client.stream("GET", f"/jobs/{job_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_raw():
            pass
    end = time.perf_counter()
    job = client.get(f"/jobs/{job_id}").json()
    if job["status"] != "succeeded":
        raise RuntimeError(f"{mode}: {job['status']} {job.get('error')}")
    wall = end - begin
    return Asked(
        mode=mode,
        wall_s=wall,
        own_s=wall - _union(model.busy, end),
        stages_ms=asyncio.run(_stages(service.database_url, job_id)),
        usage=job["usage"],
    )


def _union(spans: Sequence[tuple[float, float]], end: float) -> float:
    """The length of what the spans cover together, up to `end`."""
    covered, reached = 0.0, float("-inf")
    for first, last in sorted((first, min(last, end)) for first, last in spans):
        covered += max(0.0, last - max(first, reached))
        reached = max(reached, last)
    return covered


_STAGES = """
select s.stage, coalesce(s.duration_ms, 0), coalesce((
  select sum(upper(span) - lower(span)) from (
    select unnest(range_agg(int8range(
      (extract(epoch from c.created_at) * 1000)::bigint - c.latency_ms,
      (extract(epoch from c.created_at) * 1000)::bigint + 1))) as span
    from llm_calls c where c.job_id = s.job_id and c.stage = s.stage) spans), 0)
from job_steps s where s.job_id = $1
"""


async def _stages(database_url: str, job_id: str) -> dict[str, float]:
    """Milliseconds of each stage without a model call under way. A stage that ran twice counts both."""
    connection = await asyncpg.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", database_url))
    try:
        rows = await connection.fetch(_STAGES, job_id)
    finally:
        await connection.close()
    own: dict[str, float] = {}
    asked: dict[str, float] = {}
    for stage, total, calls in rows:
        own[stage] = own.get(stage, 0.0) + float(total)
        asked[stage] = float(calls)
    return {stage: max(0.0, own[stage] - asked[stage]) for stage in own}


def _render(asked: Sequence[Asked]) -> str:
    stages = list(dict.fromkeys(stage for one in asked for stage in one.stages_ms))
    return f"""
## Whole questions beside a model of {MODEL_S:g} s

{DOCUMENTS} cuts of {PAGES} pages out of real reports and standards, {PER_MODE} questions of the open sets per mode, one
after another, every second one needs pictures. The model answers each call after {MODEL_S:g} s (loopback, real wire).
`own` is the time from the request to the end of the stream in which no call was under way; wanted ≤ 1 s. Comparing has
five documents on each side.

| mode | wall, s | own p50, s | own max, s | calls | pictures | tokens in / out |
|---|---|---|---|---|---|---|
{_modes(asked)}

Own milliseconds per stage, p50 / max; wanted ≤ 30:

| stage | {" | ".join(MODES)} |
|---|{"---|" * len(MODES)}
{"".join(_stage_row(asked, stage) for stage in stages)}"""


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


def _stage_row(asked: Sequence[Asked], stage: str) -> str:
    cells = []
    for mode in MODES:
        times = [one.stages_ms[stage] for one in asked if one.mode == mode and stage in one.stages_ms]
        cells.append(f"{statistics.median(times):.0f} / {max(times):.0f}" if times else "–")
    return f"| {stage} | {' | '.join(cells)} |\n"
