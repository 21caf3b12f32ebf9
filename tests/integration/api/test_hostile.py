"""Hostile files through HTTP: each is read or refused with a typed error within 20 s, and harms nothing else.

The whole collection and all that its generator writes are slow; the results of a run stand in docs/real-runs.md.
"""

import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import pytest

from launch.stack import Stack
from tests.fakes.office import docx_of, sheet_of, with_member, xlsx_of
from tests.integration.api.caller import Caller, made

HOSTILE = Path(__file__).parents[4] / "shared/data/C_hostile"
"""Real files; they may be used from their place only, and are not there on every machine."""

LIMIT_S = 20.0
PATIENCE_S = 120.0
"""Until a file is given up: beyond the limit, so that the time it took is told."""
RECOGNISED = ("document_", "page_", "recognition_failed", "recogniser_missing", "cancelled", "region_")
"""How the code of a recognition that ended early begins."""
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


class End(NamedTuple):
    """How the job of a file ended: `code` of its error, seconds from the upload to the end, and the job that recognises
    its pages without text, if it has such."""

    name: str
    status: str
    code: str | None
    took_s: float
    recognition_id: str | None = None

    @property
    def fault(self) -> str | None:
        """What is not as it has to be."""
        code = self.code or ""
        is_typed = self.status in ("failed", "refused") and code.startswith(("document_", "page_", "invalid_input"))
        if self.status != "succeeded" and not is_typed:
            return f"{self.name}: {self.status} {code}"
        return f"{self.name}: {self.took_s:.1f} s" if self.took_s > LIMIT_S else None


def _ended(caller: Caller, name: str, data: bytes) -> End:
    began = time.monotonic()
    response = caller.upload(name, data)
    if not response.is_success:
        return End(name, "refused", response.json()["error"], time.monotonic() - began)
    while (took_s := time.monotonic() - began) < PATIENCE_S:
        job = made(caller.get(f"/jobs/{response.json()['job_id']}"))
        if job["finished_at"]:
            recognition_id = (job["result"] or {}).get("recognition_job_id")
            return End(name, job["status"], (job["error"] or {}).get("code"), took_s, recognition_id)
        time.sleep(0.02)
    return End(name, "running", None, took_s)


def _untyped(caller: Caller, ends: list[End]) -> list[str]:
    """Recognitions that neither succeeded nor ended in a typed error; what still goes on is cancelled."""
    ids = [end.recognition_id for end in ends if end.recognition_id]
    for job_id in reversed(ids):
        made(caller.post(f"/jobs/{job_id}/cancel"))
    jobs = [caller.ended(job_id) for job_id in ids]
    codes = [(job["error"] or {}).get("code", job["status"]) for job in jobs if job["status"] != "succeeded"]
    return [code for code in codes if not code.startswith(RECOGNISED)]


def test_hostile_files_end_in_success_or_a_typed_error(stack: Stack, anna: Caller) -> None:
    before = _children(stack)
    real = {name: (HOSTILE / "files" / name).read_bytes() for name in QUICK if (HOSTILE / "files" / name).exists()}

    ends = [_ended(anna, Path(name).name, data) for name, data in (MADE | real).items()]

    assert [end.fault for end in ends if end.fault] == []
    assert _untyped(anna, ends) == []
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


def _report(ends: list[End], idle: Watch, busy: Watch) -> None:
    """For docs/real-runs.md; shown with `pytest -s`."""
    print(Counter((end.status, end.code) for end in ends))
    for end in sorted(ends, key=lambda end: -end.took_s)[:12]:
        print(f"{end.took_s:6.1f} s  {end.status} {end.code or ''}  {end.name}")
    print(
        f"p99 {idle.p99_s * 1000:.0f} ms before, {busy.p99_s * 1000:.0f} ms meanwhile; peak {busy.peak_bytes >> 20} MB"
    )
    print("recognitions:", sum(end.recognition_id is not None for end in ends))


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
        ends = [_ended(anna, path.name, path.read_bytes()) for path in files]

    _report(ends, idle, busy)
    assert [end.fault for end in ends if end.fault] == []
    assert _untyped(anna, ends) == []
    assert _children(stack) == before
    assert busy.peak_bytes <= LIMIT_BYTES
    assert not files or busy.p99_s <= 2 * idle.p99_s
