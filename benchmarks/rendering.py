"""Pictures of a real kind of sheet: against PyMuPDF alone, against drawing the whole page, and from the cache.

The sheet is the A1 plan of `samples/`; the region has 15 % of its area, at 300 dpi. Baselines and ours take turns in
the same run; both end with a PNG. `raw` opens the file, loads the page, draws the clip and writes it, as a script would
do; `whole` draws the whole page to PNG, opens that and cuts the region out, as the former system did
(spec/aizoomdoc.md §1.7).
"""

import asyncio
import io
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pymupdf
from PIL import Image
from redis.asyncio import Redis

from benchmarks.service import Service, running_service
from domain.documents import Page
from domain.evidence import RenderKind, RenderSpec
from domain.rules_pyramid import levels_of, tile_of
from launch.stack import REPOSITORY
from storage.database import in_autocommit, open_engine
from storage.render_cache import CachedRenderer
from workers.rendering.pool import RenderPool

PLAN = next((REPOSITORY / "samples").glob("*План_вентиляции.pdf"))
SIDE = 0.15**0.5
REGION = (0.3, 0.3, 0.3 + SIDE, 0.3 + SIDE)
DPI = 300
ROUNDS = 12
WHOLE_ROUNDS = 3
HITS = 200
TILES_AT_ONCE = 8
TILE_LEVEL = 4
"""Of five: the whole sheet in 13 by 10 tiles."""


class Rendered(msgspec.Struct, kw_only=True):
    """Medians in milliseconds. `first` is a document that the child has not open, `next` one that it has."""

    first_ms: float
    next_ms: float
    raw_ms: float
    raw_drawing_ms: float
    whole_ms: float
    hit_p50_ms: float
    hit_p95_ms: float
    http_p50_ms: float
    http_p95_ms: float
    http_304_ms: float
    miss_ms: float
    tiles_per_s: float
    tiles_http_per_s: float
    tiles_http_hits_per_s: float


def section() -> str:
    with running_service() as service:
        return render(measure(service))


def measure(service: Service) -> Rendered:
    return asyncio.run(_measure(service))


async def _measure(service: Service) -> Rendered:
    drawn = await _against_raw()
    seen = await _through_service(service)
    return Rendered(**drawn, **seen)


async def _against_raw() -> dict[str, float]:
    """Two files of the same sheet, so that asking for them in turn finds neither open."""
    content = PLAN.read_bytes()
    blobs = _Files({"a" * 64: content, "b" * 64: content})
    ours: dict[str, list[float]] = {"first": [], "next": []}
    raw: list[float] = []
    bare: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory(prefix="aizoomdoc-bench-") as folder:
        pool = RenderPool(blobs, Path(folder), size=1)
        await pool.warm_up()
        await pool.draw(_region("b" * 64))
        await pool.draw(_region("a" * 64))
        for number in range(ROUNDS):
            name = ("b", "a")[number % 2] * 64
            ours["first"].append(await _timed(lambda name=name: pool.draw(_region(name))))
            ours["next"].append(await _timed(lambda name=name: pool.draw(_region(name))))
            raw.append(_timed_now(_raw))
            bare.append(_timed_now(_raw_drawing))
            if number < WHOLE_ROUNDS:
                whole.append(_timed_now(_whole))
        tiles_per_s = await _tiles_of(pool)
        await pool.close()
    return {
        "first_ms": _median(ours["first"]),
        "next_ms": _median(ours["next"]),
        "raw_ms": _median(raw),
        "raw_drawing_ms": _median(bare),
        "whole_ms": _median(whole),
        "tiles_per_s": tiles_per_s,
    }


async def _tiles_of(pool: RenderPool) -> float:
    specs = _tiles("a" * 64, TILE_LEVEL)
    seconds = await _timed(lambda: _all_in_turn([lambda spec=spec: pool.draw(spec) for spec in specs]))
    return len(specs) / seconds * 1000


async def _through_service(service: Service) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {service.token}"}
    base = f"http://127.0.0.1:{service.port}"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, limits=httpx.Limits()) as http:
        document_id = await _uploaded(http)
        path = f"/documents/{document_id}/pages/1"
        region = ",".join(map(str, REGION))
        misses = [
            await _timed(lambda number=number: _got(http, f"{path}/render?region={region}&dpi={DPI - number}"))
            for number in range(6)
        ]
        etag = (await _got(http, f"{path}/render?region={region}&dpi={DPI}")).headers["ETag"]
        hits = [await _timed(lambda: _got(http, f"{path}/render?region={region}&dpi={DPI}")) for _ in range(HITS)]
        same = [
            await _timed(lambda: http.get(f"{path}/render?region={region}&dpi={DPI}", headers={"If-None-Match": etag}))
            for _ in range(HITS)
        ]
        levels = (await _got(http, f"{path}/tiles.json")).json()["levels"]
        level = levels[TILE_LEVEL]
        tiles = [f"{path}/tiles/{TILE_LEVEL}/{x}/{y}" for y in range(level["rows"]) for x in range(level["columns"])]
        cold = await _timed(lambda: _all_seen(http, tiles))
        warm = await _timed(lambda: _all_seen(http, tiles))
    return {
        **await _through_cache(service, UUID(document_id)),
        "http_p50_ms": _median(hits),
        "http_p95_ms": _p95(hits),
        "http_304_ms": _median(same),
        "miss_ms": _median(misses),
        "tiles_http_per_s": len(tiles) / cold * 1000,
        "tiles_http_hits_per_s": len(tiles) / warm * 1000,
    }


async def _through_cache(service: Service, document_id: UUID) -> dict[str, float]:
    """What a stage waits for a picture that is there."""
    engine = open_engine(service.database_url, name="bench", pool_size=2)
    redis = Redis.from_url(service.redis_url)
    database = in_autocommit(engine)
    row = await database.first("select sha256 from documents where id = $1", document_id)
    spec = msgspec.structs.replace(_region(row["sha256"]), least_px=0)
    renderer = CachedRenderer(database, redis, _no_bell)
    await renderer.render(spec)
    hits = [await _timed(lambda: renderer.render(spec)) for _ in range(HITS)]
    await redis.aclose()
    await engine.dispose()
    return {"hit_p50_ms": _median(hits), "hit_p95_ms": _p95(hits)}


async def _uploaded(http: httpx.AsyncClient) -> str:
    files = {"file": (PLAN.name, PLAN.read_bytes(), "application/pdf")}
    uploaded = (await http.post("/files/upload", files=files)).json()
    events = f"/jobs/{uploaded['job_id']}/events"
    async with http.stream("GET", events, headers={"Accept": "text/event-stream"}) as stream:
        await stream.aread()
    return uploaded["document_id"]


async def _got(http: httpx.AsyncClient, path: str) -> httpx.Response:
    return (await http.get(path)).raise_for_status()


async def _all_seen(http: httpx.AsyncClient, paths: Sequence[str]) -> None:
    """As a viewer asks: some at a time."""
    free = asyncio.Semaphore(TILES_AT_ONCE)

    async def see(path: str) -> None:
        async with free:
            await _got(http, path)

    await asyncio.gather(*(see(path) for path in paths))


async def _no_bell(_: str) -> None:
    return None


def render(found: Rendered) -> str:
    """The section of the report."""
    rows = [
        ("a document that lies open", f"{found.next_ms:.0f} ms", ""),
        ("a document that does not", f"{found.first_ms:.0f} ms", ""),
        (
            "PyMuPDF alone: open, draw the clip, write PNG",
            f"{found.raw_ms:.0f} ms",
            _ratio(found.first_ms, found.raw_ms),
        ),
        ("… without writing it", f"{found.raw_drawing_ms:.0f} ms", ""),
        (
            "the whole page, then cut",
            f"{found.whole_ms:.0f} ms",
            f"{found.whole_ms / found.next_ms:.0f}× (wanted ≥ 20×)",
        ),
        ("from the cache, as a stage asks, p50 / p95", _pair(found.hit_p50_ms, found.hit_p95_ms), "wanted ≤ 5 ms"),
        ("from the cache over HTTP, p50 / p95", _pair(found.http_p50_ms, found.http_p95_ms), "wanted ≤ 5 ms"),
        ("not modified (304), p50", f"{found.http_304_ms:.1f} ms", ""),
        ("not in the cache, over HTTP, p50", f"{found.miss_ms:.0f} ms", ""),
        ("tiles of 512 px, drawn by one render process", f"{found.tiles_per_s:.0f}/s", ""),
        ("… over HTTP, not in the cache", f"{found.tiles_http_per_s:.0f}/s", ""),
        ("… over HTTP, from the cache", f"{found.tiles_http_hits_per_s:.0f}/s", ""),
    ]
    lines = [f"| {what} | {measured} | {against} |" for what, measured, against in rows]
    return "\n".join(
        ["", "## A region of 15 % of an A1 sheet at 300 dpi, as PNG", "", "| | | |", "|---|---|---|", *lines, ""]
    )


def _ratio(ours_ms: float, raw_ms: float) -> str:
    return f"ours {ours_ms / raw_ms:.2f}× (wanted ≤ 1.3×)"


def _pair(one_ms: float, other_ms: float) -> str:
    return f"{one_ms:.1f} / {other_ms:.1f} ms"


def _region(sha256: str) -> RenderSpec:
    return RenderSpec(sha256=sha256, page_no=1, region=REGION, dpi=DPI)


def _tiles(sha256: str, z: int) -> list[RenderSpec]:
    with pymupdf.open(PLAN) as document:
        page = Page(page_no=1, width_pt=document[0].rect.width, height_pt=document[0].rect.height)
    level = levels_of(page)[z]
    return [
        RenderSpec(sha256=sha256, page_no=1, kind=RenderKind.TILE, tile=tile_of(page, z, x, y))
        for y in range(level.rows)
        for x in range(level.columns)
    ]


def _raw() -> None:
    with pymupdf.open(PLAN) as document:
        _clip(document[0]).tobytes("png")


def _raw_drawing() -> None:
    with pymupdf.open(PLAN) as document:
        _clip(document[0])


def _whole() -> None:
    with pymupdf.open(PLAN) as document:
        page = document[0]
        png = page.get_pixmap(dpi=DPI, alpha=False).tobytes("png")
    with Image.open(io.BytesIO(png)) as picture:
        x0, y0, x1, y1 = REGION
        cut = picture.crop(
            (
                round(x0 * picture.width),
                round(y0 * picture.height),
                round(x1 * picture.width),
                round(y1 * picture.height),
            )
        )
        cut.save(io.BytesIO(), "PNG")


def _clip(page: pymupdf.Page) -> pymupdf.Pixmap:
    x0, y0, x1, y1 = REGION
    width, height = page.rect.width, page.rect.height
    return page.get_pixmap(dpi=DPI, clip=(x0 * width, y0 * height, x1 * width, y1 * height), alpha=False)


class _Files:
    """A blob store that only hands out files."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self._contents = contents

    async def fetch(self, digest: str, path: str) -> None:
        await asyncio.to_thread(Path(path).write_bytes, self._contents[digest])


async def _all_in_turn(calls: Sequence[Callable[[], Awaitable[object]]]) -> None:
    for call in calls:
        await call()


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await call()
    return (time.perf_counter() - started) * 1000


def _timed_now(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
