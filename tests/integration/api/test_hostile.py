"""Hostile files through HTTP: each is read or refused with a typed error within 20 s, and harms nothing else.

The whole collection and all that its generator writes are slow; the results of a run stand in docs/real-runs.md.
"""

import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from launch.stack import Stack
from tests.fakes.office import docx_of, sheet_of, with_member, xlsx_of
from tests.integration.api.caller import Caller, made

HOSTILE = Path(__file__).parents[4] / "shared/data/C_hostile"
"""Real files; they may be used from their place only, and are not there on every machine."""

LIMIT_S = 20.0
LONGEST_S = 900.0
"""Until the last tile of a page without text is recognised: a scan of 1.3 m takes minutes on two cores."""
LIMIT_BYTES = 1024**3
QUICK = (
    "PdfPig/invalid-xref-loop.pdf",
    "PdfPig/pages-indirect-to-null.pdf",
    "PdfPig/stackoverflow_error.pdf",
    "PyMuPDF/test_3569.pdf",
    "format-corpus/T02-02_002_page-tree-kids-links-recursive.pdf",
    "format-corpus/javascript.pdf",
    "pdf.js/ContentStreamCycleType3insideType3.pdf",
    "pdf.js/REDHAT-1531897-0.pdf",
    "pdf.js/encrypted-attachment.pdf",
    "qpdf/bad1.pdf",
)
DOCX = docx_of(("Normal", "x"))
MADE = {
    "bomb.docx": with_member(DOCX, "word/document.xml", b"<a>" + b" " * 50_000_000),
    "rows.xlsx": with_member(
        xlsx_of(A=[[1]]),
        "xl/worksheets/sheet1.xml",
        sheet_of(
            '<row r="1048576"><c r="A1048576"><v>7</v></c></row>', '<mergeCells><mergeCell ref="A1:XFD1"/></mergeCells>'
        ),
    ),
    "deep.html": b"<!doctype html>" + b"<div>" * 100_000 + b"x",
    "zeros.txt": b"x" + b"\0" * 1_000_000,
    "line.md": b"| a " * 200_000,
    "named.pdf": b"<!doctype html><p>404</p>",
}


def _children(stack: Stack) -> set[int]:
    """The processes of the service that may not die of a file: all but render children."""
    assert stack.api
    ours = [process for process in psutil.Process().children(recursive=True) if process.is_running()]
    named = [(process.pid, " ".join(process.cmdline())) for process in ours]
    return {pid for pid, line in named if "workers.main" in line or "api.app" in line}


def _ended(caller: Caller, name: str, data: bytes) -> tuple[str, str | None, float]:
    """How the job of a file ended, with the error's code, and how long its reading took, seconds: what is without text
    is recognised afterwards, tile by tile, and that may take its time."""
    began = time.monotonic()
    response = caller.upload(name, data)
    if not response.is_success:
        return "refused", response.json()["error"], 0.0
    read_s = None
    while time.monotonic() < began + LONGEST_S:
        job = made(caller.get(f"/jobs/{response.json()['job_id']}"))
        if read_s is None and (job["finished_at"] or job["stage"] not in (None, "open", "read")):
            read_s = time.monotonic() - began
        if job["finished_at"]:
            return job["status"], (job["error"] or {}).get("code"), read_s or 0.0
        time.sleep(0.02)
    raise AssertionError(f"{name} did not end")


def _check(name: str, status: str, code: str | None, took_s: float) -> None:
    assert status in ("succeeded", "failed", "refused"), name
    assert status == "succeeded" or (code or "").startswith(("document_", "page_", "invalid_input")), (name, code)
    assert took_s <= LIMIT_S, (name, took_s)


def test_hostile_files_end_in_success_or_a_typed_error(stack: Stack, anna: Caller) -> None:
    before = _children(stack)
    real = {name: (HOSTILE / "files" / name).read_bytes() for name in QUICK if (HOSTILE / "files" / name).exists()}

    for name, data in (MADE | real).items():
        _check(name, *_ended(anna, Path(name).name, data))

    assert _children(stack) == before


@pytest.fixture
def generated(tmp_path: Path) -> list[Path]:
    """All that the generator writes, also the large ones: minutes of work."""
    script = HOSTILE / "make_synthetic.py"
    if script.exists():
        subprocess.run([sys.executable, str(script), str(tmp_path), "--big"], check=True, capture_output=True)
    return sorted(tmp_path.glob("*.pdf"))


class Watch:
    """Another user's requests, and the memory of the service's processes, while the files are read."""

    def __init__(self, caller: Caller, stack: Stack) -> None:
        self.latencies_s: list[float] = []
        self.peak_bytes = 0
        self._caller = caller
        self._pids = _children(stack)
        self._ends = threading.Event()

    def __enter__(self) -> "Watch":
        for target in (self._ask, self._measure):
            threading.Thread(target=target, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._caller.url, headers=dict(self._caller.http.headers), timeout=60) as http:
            while not self._ends.wait(0.05):
                began = time.monotonic()
                made(http.get("/documents?limit=5"))
                self.latencies_s.append(time.monotonic() - began)

    def _measure(self) -> None:
        while not self._ends.wait(0.1):
            for pid in self._pids:
                for process in psutil.Process(pid).children(recursive=True):
                    self._note(process)

    def _note(self, process: psutil.Process) -> None:
        try:
            self.peak_bytes = max(self.peak_bytes, process.memory_info().rss)
        except psutil.NoSuchProcess:
            return

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.latencies_s, n=100)[98]


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_no_hostile_file_at_all_harms_the_service(
    stack: Stack, anna: Caller, boris: Caller, generated: list[Path]
) -> None:
    before = _children(stack)
    files = sorted((HOSTILE / "files").glob("*/*")) + generated
    with Watch(boris, stack) as idle:
        time.sleep(20)

    with Watch(boris, stack) as busy:
        for path in files:
            _check(path.name, *_ended(anna, path.name, path.read_bytes()))

    assert _children(stack) == before
    assert busy.peak_bytes <= LIMIT_BYTES
    assert not files or busy.p99_s <= 2 * idle.p99_s
