"""Search: pages found on the open sets against plain BM25, and time. Alone: `python -m benchmarks.search`."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import search_quality, search_scale
from benchmarks.search_quality import DEPTHS, Cells, Line
from benchmarks.search_scale import Times
from benchmarks.search_sets import QuestionSet, read_sets
from launch.servers import PostgresServer

TREE = Path(__file__).parents[1]
CELLS = [f"{kind}@{depth}" for kind in ("recall", "hit") for depth in DEPTHS] + ["mrr"]


def section() -> str:
    return render(*measure())


def measure() -> tuple[list[Line], list[Times]]:
    sets = list(read_sets())
    standards = next(one for one in sets if one.name == "ntd_text")
    return compare(sets), _time(standards)


def compare(sets: Sequence[QuestionSet]) -> list[Line]:
    with migrated_database() as url:
        return asyncio.run(search_quality.compare(url, sets))


def render(lines: Sequence[Line], times: Sequence[Times]) -> str:
    head = f"| set | scope | n | | {' | '.join(CELLS)} |\n|{'---|' * (4 + len(CELLS))}\n"
    rows = "".join(_rows(line) for line in lines)
    speeds = "".join(
        f"| {one.blocks} | {one.documents} | {one.narrow_p50_ms:.0f} / {one.narrow_p95_ms:.0f} ms "
        f"| {one.all_p50_ms:.0f} / {one.all_p95_ms:.0f} ms | {one.trivial_ms:.1f} ms |\n"
        for one in times
    )
    growth = times[-1].narrow_p95_ms / times[0].narrow_p95_ms if times else 0
    return f"""## Search: pages found, against plain BM25

Wanted: no cell worse than the better baseline by more than one question.

{head}{rows}
## Search: time

p50 / p95 in medians of {search_scale.ROUNDS} rounds; wanted: p95 ≤ 50 ms inside {search_scale.SCOPE} documents and
≤ 150 ms over everything, growth at fixed scope ≤ 2×
(measured: {growth:.2f}×). The last column is the p95 of `select 1` in the same rounds.

| blocks | documents | inside {search_scale.SCOPE} | everything | select 1 |
|---|---|---|---|---|
{speeds}"""


def _rows(line: Line) -> str:
    named = (("ours", line.ours), ("BM25", line.plain), ("BM25, whole ids", line.whole_ids))
    return "".join(
        f"| {line.name} | {line.scope} | {cells.questions} | {name} | {_shares(cells)} |\n" for name, cells in named
    )


def _shares(cells: Cells) -> str:
    return " | ".join(f"{cells.share(cell):.3f}" for cell in CELLS)


def _time(standards: QuestionSet) -> list[Times]:
    with migrated_database() as url:
        return asyncio.run(search_scale.measure(url, standards))


@contextmanager
def migrated_database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aizoomdoc-bench-") as folder:
        Path(folder).chmod(0o755)
        with PostgresServer(Path(folder)) as server:
            url = server.create_database("bench")
            env = {**os.environ, "DATABASE_URL": url}
            subprocess.run(
                [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=TREE, env=env, check=True, capture_output=True
            )
            yield url


if __name__ == "__main__":
    print(render(*measure()))
