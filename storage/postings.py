"""Turns pages into rows of the inverted index. Pure but for `copy_rows`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Page, PageContent
from storage.terms import count_terms

POSTINGS = "postings"
LENGTHS = "page_lengths"
POSTING_COLUMNS = ("term", "document_id", "page_no", "tf", "block_nos", "block_tfs")
LENGTH_COLUMNS = ("document_id", "page_no", "length", "block_lengths")

Row = tuple[Any, ...]


def index_page(document_id: UUID, document_name: str, content: PageContent) -> tuple[list[Row], Row]:
    """The postings of a page and its lengths. A block is also found by the heading it stands under, a page by the
    names of its document and sheet; these do not count as length."""
    blocks = [count_terms(block.content) for block in content.blocks]
    headings = [set(count_terms(block.heading or "")) for block in content.blocks]
    names = set(count_terms(" ".join(_names(document_name, content.page))))
    page: Counter[str] = Counter()
    places: dict[str, tuple[list[int], list[int]]] = {}
    for number, (counts, heading) in enumerate(zip(blocks, headings, strict=True)):
        page.update(counts)
        for term in counts.keys() | heading:
            nos, tfs = places.setdefault(term, ([], []))
            nos.append(number)
            tfs.append(counts[term] or 1)
    page.update(dict.fromkeys(names, 1))
    postings: list[Row] = [
        (term, document_id, content.page.page_no, tf, *places.get(term, ([], []))) for term, tf in page.items()
    ]
    lengths = [counts.total() for counts in blocks]
    return postings, (document_id, content.page.page_no, sum(lengths), lengths)


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert by COPY within the session's transaction: ten times faster than INSERT for thousands of rows."""
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    await driver.copy_records_to_table(table, records=rows, columns=list(columns))


def _names(document_name: str, page: Page) -> list[str]:
    return [document_name, page.facts.title or "", page.facts.sheet or "", *page.facts.stamp.values()]
