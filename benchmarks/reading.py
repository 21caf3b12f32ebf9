"""Reading of pages on one core against PyMuPDF's bare `get_text("dict")` without pictures, on real files.

Ours does all that an ingest job does with a page but storing it: words, blocks in reading order, tables, figures, title
block, facts. Files are those of the shared folder; the two sides take turns on each file.
"""

import time
from pathlib import Path

import msgspec
import pymupdf

from workers.rendering.opening import load_page, open_document, prepare_libraries
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages

DATA = Path(__file__).parents[2] / "shared" / "data"
PAGES = 20
"""Of each file at most."""

_SETS = {
    "drawings and manuals": "A_engineering/*/*",
    "reports, rules, papers": "B_retrieval/docs/*/*",
}
_FLAGS = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds of one process; `slowest_s` is that of the slowest page of ours."""

    name: str
    files: int
    pages: int
    size_mb: float
    ours_s: float
    bare_s: float
    slowest_s: float


def section() -> str:
    return render(measure())


def measure() -> list[Reading]:
    prepare_libraries()
    return [_measure_set(name, sorted(DATA.glob(pattern))) for name, pattern in _SETS.items()]


def render(rows: list[Reading]) -> str:
    """The section of the report, Markdown."""
    head = "| | files | pages | MB | ours, pages/s | bare, pages/s | CPU ratio | slowest page |\n" + "|---" * 8 + "|"
    lines = "\n".join([head, *(_row(row) for row in rows)])
    return f"""
## Reading pages, on one core

Ours: words, blocks in reading order, tables, figures, title block and facts of a page. Bare: PyMuPDF's
`get_text("dict")` of the same pages without pictures. CPU time of one process, at most {PAGES} pages of each file.

{lines}
"""


def _row(row: Reading) -> str:
    return (
        f"| {row.name} | {row.files} | {row.pages} | {row.size_mb:.0f} | {row.pages / row.ours_s:.0f} "
        f"| {row.pages / row.bare_s:.0f} | {row.ours_s / row.bare_s:.1f}× (wanted ≤ 1.25×) "
        f"| {row.slowest_s:.2f} s (wanted ≤ 2 s) |"
    )


def _measure_set(name: str, paths: list[Path]) -> Reading:
    pages, ours, bare, slowest = 0, 0.0, 0.0, 0.0
    for path in paths:
        file = path.read_bytes()
        bare += _bare_s(file)
        times = _our_times(file)
        ours, pages, slowest = ours + sum(times), pages + len(times), max(slowest, *times)
    size_mb = sum(path.stat().st_size for path in paths) / 1e6
    return Reading(
        name=name, files=len(paths), pages=pages, size_mb=size_mb, ours_s=ours, bare_s=bare, slowest_s=slowest
    )


def _bare_s(file: bytes) -> float:
    with open_document(memoryview(file)) as document:
        started = time.process_time()
        for page_no in range(1, min(document.page_count, PAGES) + 1):
            load_page(document, page_no).get_text("dict", flags=_FLAGS)
        took = time.process_time() - started
    pymupdf.TOOLS.store_shrink(100)
    return took


def _our_times(file: bytes) -> list[float]:
    """CPU seconds of each page."""
    times: list[float] = []
    with open_document(memoryview(file)) as document:
        started = time.process_time()
        for reply in read_pages(document, ReadPages(1, min(document.page_count, PAGES))):
            if isinstance(reply, PageRead):
                now = time.process_time()
                times.append(now - started)
                started = now
    pymupdf.TOOLS.store_shrink(100)
    return times
