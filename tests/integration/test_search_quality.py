"""Search against plain BM25 on the open question sets: the promises of docs/search.md."""

import pytest

from benchmarks.search_quality import Line, compare
from benchmarks.search_sets import read_sets

pytestmark = pytest.mark.slow

ONE_QUESTION = 1.0 + 1e-9


async def test_search_finds_the_pages_that_plain_bm25_finds(database_url: str) -> None:
    lines = await compare(database_url, read_sets())

    behind = {(line.name, line.scope, cell): line.behind(cell) for line in lines for cell in line.ours.sums}
    assert {cell: by for cell, by in behind.items() if by > ONE_QUESTION} == {}
    assert [_ahead(line) for line in lines if line.name in {"financebench", "mmlongbench"}] == [True] * 4
    assert [line.ours.share("recall@5") >= 0.98 for line in lines if line.name == "designqa"] == [True]


def _ahead(line: Line) -> bool:
    return line.behind("recall@5") < 0 and line.behind("mrr") < 0
