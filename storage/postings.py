"""Turns pages into rows of the inverted index. Pure but for `copy_rows`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Page, PageContent
from storage.terms import count_terms, line_starts

POSTINGS = "postings"
LENGTHS = "page_lengths"
POSTING_COLUMNS = ("term", "document_id", "page_no", "tf", "length", "block_nos", "block_tfs")
LENGTH_COLUMNS = ("document_id", "page_no", "length", "block_lengths")

Row = tuple[Any, ...]


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """How many plain occurrences on a page a term counts that stands in a field of it. Measured in docs/search.md."""

    name: float = 1.0
    """Names of the document and the sheet, the stamp."""

    heading: float = 1.0
    carried: float = 2.0
    """The heading that the page before ended under: a section goes on."""

    line_start: int = 8
    """A designation that begins a line: there its clause stands; elsewhere it is mentioned."""


FIELDS = Fields()


def index_pages(
    document_id: UUID,
    document_name: str,
    contents: Sequence[PageContent],
    *,
    heading_before: str | None = None,
    fields: Fields = FIELDS,
) -> Iterator[tuple[list[Row], Row]]:
    """Of each page the postings and the lengths. `heading_before` is the last heading of the page before the first."""
    for content in contents:
        carried = set(count_terms(heading_before or ""))
        yield _index_page(document_id, document_name, content, carried, fields)
        heading_before = last_heading(content) or heading_before


def last_heading(content: PageContent) -> str | None:
    return next((block.heading for block in reversed(content.blocks) if block.heading), None)


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert by COPY within the session's transaction: ten times faster than INSERT for thousands of rows."""
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    await driver.copy_records_to_table(table, records=rows, columns=list(columns))


def _index_page(
    document_id: UUID, document_name: str, content: PageContent, carried: set[str], fields: Fields
) -> tuple[list[Row], Row]:
    """A block is also found by the heading it stands under, with 0 occurrences of its own. Fields are no length."""
    read = [(count_terms(block.content), line_starts(block.content)) for block in content.blocks]
    terms_of = {heading: set(count_terms(heading)) for heading in {block.heading or "" for block in content.blocks}}
    headings = [terms_of[block.heading or ""] for block in content.blocks]
    blocks, starts = [counts for counts, _ in read], [started for _, started in read]
    weights: Counter[str] = Counter()
    places: dict[str, tuple[list[int], list[int]]] = {}
    for number, (counts, heading, started) in enumerate(zip(blocks, headings, starts, strict=True)):
        weights.update(counts)
        for term in counts.keys() | heading:
            nos, tfs = places.setdefault(term, ([], []))
            nos.append(number)
            tfs.append(counts[term] + (fields.line_start if term in started else 0))
    under = set().union(*headings)
    _add(weights, under, fields.heading)
    _add(weights, carried - under, fields.carried)
    _add(weights, set(count_terms("\n".join(_names(document_name, content.page)))), fields.name)
    _add(weights, set().union(*starts), fields.line_start)
    lengths = [counts.total() for counts in blocks]
    page_no, length = content.page.page_no, sum(lengths)
    postings: list[Row] = [
        (term, document_id, page_no, float(tf), length, *places.get(term, ([], []))) for term, tf in weights.items()
    ]
    return postings, (document_id, page_no, length, lengths)


def _add(weights: dict[str, Any], terms: set[str], weight: float) -> None:
    if weight:
        for term in terms:
            weights[term] = weights.get(term, 0) + weight


def _names(document_name: str, page: Page) -> list[str]:
    return [document_name, page.facts.title or "", page.facts.sheet or "", *page.facts.stamp.values()]
