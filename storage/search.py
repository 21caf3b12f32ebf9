"""Lexical search in PostgreSQL: BM25 over the inverted index, of pages and of blocks (DESIGN §9).

Hand-written SQL: one statement ranks. Measured with 200,000 blocks: 51 ms (dependencies.md §9).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Box, Hit, Word
from storage.database import Sessions
from storage.documents import unpack_words
from storage.tables.documents import BlockRow, DocumentRow, PageRow
from storage.terms import count_terms, parse_query, word_terms

K1, B = 1.5, 0.75
"""The values of the BM25 baseline that is compared with (shared/data/MANIFEST.md)."""

PAGE_SHARE = 0.5
"""How much of its page's score a block gets: words of a question are often spread over a page's blocks."""

BLOCK_SHARE = 0.5
"""How much of the score of its best block a page gets: saying it in one place counts more than having the words."""

SNIPPET_CHARACTERS = 240
BOXES_LIMIT = 40


class PostgresSearch:
    """See `domain.ports.SearchIndex`. Opens a short session per search; holds none between."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def search(
        self, query: str, document_ids: Sequence[UUID], *, level: str = "block", limit: int = 20
    ) -> list[Hit]:
        weights = parse_query(query).terms
        if not weights or not document_ids:
            return []
        parameters = {
            "documents": list(document_ids),
            "terms": list(weights),
            "weights": list(weights.values()),
            "k1": K1,
            "b": B,
            "limit": limit,
        }
        if level == "block":
            statement, parameters["page_share"] = _BLOCKS, PAGE_SHARE
        else:
            statement, parameters["block_share"] = _PAGES, BLOCK_SHARE
        async with self._sessions() as session:
            await session.execute(_NO_NESTED_LOOPS)
            ranked = (await session.execute(statement, parameters)).all()
            return await _hits(session, ranked, set(weights), with_blocks=level == "block")


_NO_NESTED_LOOPS = text("set local enable_nestloop = off")
"""The planner cannot know how many rows the arrays bring, guesses one, and compares every row with every other:
1.0 s instead of 10 ms (measured with 8,000 blocks)."""

_SCORED = """
with lengths as materialized (
    select l.document_id, l.page_no, l.length, l.block_lengths
    from page_lengths l join documents d on d.id = l.document_id and d.deleted_at is null
    where l.document_id = any(cast(:documents as uuid[]))
), stats as materialized (
    select count(*)::float8 as pages, greatest(avg(length), 1)::float8 as page_length,
        greatest(sum(cardinality(block_lengths)), 1)::float8 as blocks,
        greatest(sum(length)::float8 / greatest(sum(cardinality(block_lengths)), 1), 1) as block_length
    from lengths
), hits as materialized (
    select p.term, p.document_id, p.page_no, p.tf, p.block_nos, p.block_tfs, l.length, l.block_lengths
    from postings p join lengths l using (document_id, page_no)
    where p.term = any(cast(:terms as text[])) and p.document_id = any(cast(:documents as uuid[]))
), weights as materialized (
    select h.term,
        w.weight * ln(1 + (s.pages - count(*) + 0.5) / (count(*) + 0.5)) as on_page,
        w.weight * ln(1 + (s.blocks - sum(cardinality(h.block_nos)) + 0.5)
            / (sum(cardinality(h.block_nos)) + 0.5)) as in_block
    from hits h
    join unnest(cast(:terms as text[]), cast(:weights as float8[])) as w(term, weight) on w.term = h.term
    cross join stats s
    group by h.term, w.weight, s.pages, s.blocks
), pages as materialized (
    select h.document_id, h.page_no, sum(
        w.on_page * h.tf * (:k1 + 1) / (h.tf + :k1 * (1 - :b + :b * h.length / s.page_length))) as score
    from hits h join weights w using (term) cross join stats s
    group by h.document_id, h.page_no
), blocks as materialized (
    select h.document_id, h.page_no, place.block_no, sum(
        w.in_block * place.tf * (:k1 + 1)
        / (place.tf + :k1 * (1 - :b + :b * h.block_lengths[place.block_no + 1] / s.block_length))) as score
    from hits h join weights w using (term) cross join stats s
    cross join lateral unnest(h.block_nos, h.block_tfs) as place(block_no, tf)
    group by h.document_id, h.page_no, place.block_no
)
"""

_PAGES = text(
    _SCORED
    + """
, best as (
    select distinct on (document_id, page_no) document_id, page_no, block_no, score
    from blocks order by document_id, page_no, score desc, block_no
)
select p.document_id, p.page_no, b.block_no, p.score + :block_share * coalesce(b.score, 0) as score
from pages p left join best b using (document_id, page_no)
order by score desc, p.document_id, p.page_no limit :limit
"""
)

_BLOCKS = text(
    _SCORED
    + """
select b.document_id, b.page_no, b.block_no, b.score + :page_share * p.score as score
from blocks b join pages p using (document_id, page_no)
order by score desc, b.document_id, b.page_no, b.block_no limit :limit
"""
)


async def _hits(session: AsyncSession, ranked: Sequence[Any], terms: set[str], *, with_blocks: bool) -> list[Hit]:
    """The ranked places with names, snippets and boxes; three queries in all."""
    places = {(row.document_id, row.page_no, row.block_no) for row in ranked}
    documents = select(DocumentRow.id, DocumentRow.name).where(DocumentRow.id.in_({place[0] for place in places}))
    names = {row.id: row.name for row in await session.execute(documents)}
    at = tuple_(BlockRow.document_id, BlockRow.page_no, BlockRow.block_no)
    rows = await session.scalars(select(BlockRow).where(at.in_(places)))
    blocks = {(row.document_id, row.page_no, row.block_no): row for row in rows}
    on_page = tuple_(PageRow.document_id, PageRow.page_no)
    packed = select(PageRow.document_id, PageRow.page_no, PageRow.words).where(
        on_page.in_({place[:2] for place in places})
    )
    words = {(row.document_id, row.page_no): unpack_words(row.words) for row in await session.execute(packed)}
    hits = []
    for row in ranked:
        block = blocks.get((row.document_id, row.page_no, row.block_no))
        on_this = words.get((row.document_id, row.page_no), ())
        hits.append(
            Hit(
                document_id=row.document_id,
                document_name=names[row.document_id],
                page_no=row.page_no,
                block_id=block.id if block and with_blocks else None,
                score=round(float(row.score), 4),
                snippet=snippet_of(block.content, terms) if block else "",
                boxes=_boxes(on_this, block.block_no, terms) if block else (),
            )
        )
    return hits


def snippet_of(content: str, terms: set[str]) -> str:
    """The lines of the content around the one with most of the terms, up to 240 characters."""
    lines = [line for line in content.split("\n") if line.strip()]
    if not lines:
        return ""
    best = max(range(len(lines)), key=lambda number: (len(terms.intersection(count_terms(lines[number]))), -number))
    first = last = best
    while True:
        length = sum(len(line) + 1 for line in lines[first : last + 1])
        if last + 1 < len(lines) and length + len(lines[last + 1]) < SNIPPET_CHARACTERS:
            last += 1
        elif first > 0 and length + len(lines[first - 1]) < SNIPPET_CHARACTERS:
            first -= 1
        else:
            break
    snippet = "\n".join(lines[first : last + 1])
    return snippet if len(snippet) <= 2 * SNIPPET_CHARACTERS else _middle(snippet, terms)


def _middle(line: str, terms: set[str]) -> str:
    """The part of a long line from a little before its first term on."""
    pieces = line.split(" ")
    start = next((number for number, piece in enumerate(pieces) if word_terms(piece) & terms), 0)
    offset = len(" ".join(pieces[: max(start - 5, 0)]))
    return line[offset : offset + SNIPPET_CHARACTERS].strip()


def _boxes(words: tuple[Word, ...], block_no: int, terms: set[str]) -> tuple[Box, ...]:
    found = (word.box for word in words if word.block_no == block_no and word_terms(word.text) & terms)
    return tuple(box for box, _ in zip(found, range(BOXES_LIMIT), strict=False))
