"""The block index of the offline reader and search: it takes nothing away, and finds sheets that say nothing."""

import pytest

from benchmarks.search_drawings import compare
from benchmarks.search_sets import read_sets

pytestmark = pytest.mark.slow

SETS = frozenset({"aizoomdoc_ar4", "ru_tech"})
EXACTLY = 1e-9


async def test_no_cell_is_worse_with_the_index(database_url: str) -> None:
    lines = await compare(database_url, list(read_sets(SETS)), is_blank=False)

    behind = {(line.name, line.scope, cell): line.behind(cell) for line in lines for cell in line.index.sums}
    assert {cell: by for cell, by in behind.items() if by > EXACTLY} == {}


async def test_sheets_without_text_are_found_by_what_was_told_of_them(database_url: str) -> None:
    [line] = await compare(database_url, list(read_sets(frozenset({"aizoomdoc_ar4"}))), is_blank=True)

    assert line.without.share("recall@5") < 0.5 < line.index.share("recall@5")
