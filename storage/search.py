"""Lexical search in PostgreSQL: BM25 over the inverted index, of pages and of blocks (DESIGN §9, docs/search.md).

Two hand-written statements: the first ranks pages by their terms, from the index alone; the second reads where on the
best pages the terms stand, for `storage.ranking`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Hit
from storage.database import Sessions
from storage.indexed_drawings import Told, find_drawings, gain_of, idf_with, lacked
from storage.page_contents import unpack_words
from storage.questions import Question, read_question
from storage.ranking import K1, SHARES, B, Candidate, Place, Ranked, Shares, rank_blocks, rank_pages
from storage.snippets import boxes_of, snippet_of

CANDIDATES = 100
"""Pages that the second step weighs. On the open sets the ranks up to 10 are the same with 60 and with 200."""


class PostgresSearch:
    """See `domain.ports.SearchIndex`. Opens a short session per search; holds none between."""

    def __init__(self, sessions: Sessions, *, shares: Shares = SHARES) -> None:
        self._sessions = sessions
        self._shares = shares

    async def search(
        self,
        query: str,
        document_ids: Sequence[UUID],
        *,
        level: str = "block",
        limit: int = 20,
        with_boxes: bool = True,
    ) -> list[Hit]:
        question = read_question(query)
        if not question.weights or not document_ids:
            return []
        async with self._sessions() as session:
            ranked = await self._ranked(session, question, document_ids, level, limit)
            return await _hits(session, ranked, frozenset(question.weights), level, with_boxes=with_boxes)

    async def show(self, query: str, ranked: Sequence[Ranked], *, level: str, with_boxes: bool) -> list[Hit]:
        """Places with names, snippets and boxes of the question's words, in their order."""
        async with self._sessions() as session:
            terms = frozenset(read_question(query).weights)
            return await _hits(session, ranked, terms, level, with_boxes=with_boxes)

    async def rank(self, query: str, document_ids: Sequence[UUID], *, level: str, limit: int) -> list[Ranked]:
        """The places of `search` alone, without names, snippets and boxes."""
        question = read_question(query)
        if not question.weights or not document_ids:
            return []
        async with self._sessions() as session:
            return await self._ranked(session, question, document_ids, level, limit)

    async def _ranked(
        self, session: AsyncSession, question: Question, document_ids: Sequence[UUID], level: str, limit: int
    ) -> list[Ranked]:
        share = self._shares.drawing
        told = await find_drawings(self._sessions, question.weights, document_ids) if share else {}
        found = await _candidates(session, question, list(document_ids), max(limit, CANDIDATES), told, share)
        rank = rank_blocks if level == "block" else rank_pages
        return rank(found.pages, found.idf, found.block_length, self._shares)[:limit]


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    pages: list[Candidate]
    idf: dict[str, float] = {}
    block_length: float = 1.0


_NO_NESTED_LOOPS = text("set local enable_nestloop = off")
"""The planner cannot know how many rows the arrays bring, guesses one, and compares every row with every other:
1.0 s instead of 10 ms (measured with 8,000 blocks)."""

_NESTED_LOOPS = text("set local enable_nestloop = on")

# The casts of k1 and b are needed: in `1 - :b` PostgreSQL takes the parameter for an integer, and 0.75 arrives as 0.

_PAGES = text("""
with scope as materialized (
    select l.document_id, l.pages, l.blocks, l.length
    from document_lengths l join documents d on d.id = l.document_id and d.deleted_at is null
    where l.document_id = any(cast(:documents as uuid[]))
), stats as materialized (
    select coalesce(sum(pages), 0)::float8 as pages, greatest(sum(length)::float8 / sum(pages), 1) as page_length,
        greatest(sum(length)::float8 / greatest(sum(blocks), 1), 1) as block_length,
        cast(:k1 as float8) as k1, cast(:b as float8) as b
    from scope
), hits as materialized (
    select p.term, p.document_id, p.page_no, p.tf, p.length
    from postings p
    where p.term = any(cast(:terms as text[])) and p.document_id = any(cast(:documents as uuid[]))
), weights as materialized (
    select w.term, w.weight * ln(1 + (s.pages - h.pages + 0.5) / (h.pages + 0.5)) as idf
    from (select term, count(*) as pages from hits group by term) h
    join unnest(cast(:terms as text[]), cast(:weights as float8[])) as w(term, weight) using (term)
    cross join stats s
), pages as materialized (
    select h.document_id, h.page_no, sum(
        w.idf * h.tf * (s.k1 + 1) / (h.tf + s.k1 * (1 - s.b + s.b * h.length / s.page_length))) as score
    from hits h join weights w using (term) cross join stats s
    group by h.document_id, h.page_no
)
select p.document_id, p.page_no, p.score,
    (select jsonb_object_agg(term, idf) from weights) as idf, (select block_length from stats) as block_length,
    (select page_length from stats) as page_length, (select pages from stats) as pages
from pages p join scope using (document_id)
order by p.score desc, p.document_id, p.page_no limit :candidates
""")

_PLACES = text("""
select w.document_id, w.page_no, l.length, l.block_lengths, p.terms, p.nos, p.tfs, g.facts ->> 'sheet' as sheet
from unnest(cast(:documents as uuid[]), cast(:pages as integer[])) as w(document_id, page_no)
join page_lengths l using (document_id, page_no)
join pages g using (document_id, page_no)
cross join lateral (
    select array_agg(p.term) as terms, array_agg(array_to_string(p.block_nos, ' ')) as nos,
        array_agg(array_to_string(p.block_tfs, ' ')) as tfs
    from postings p
    where p.term = any(cast(:terms as text[])) and p.document_id = w.document_id and p.page_no = w.page_no
) p
""")


async def _candidates(
    session: AsyncSession,
    question: Question,
    document_ids: list[UUID],
    limit: int,
    told: Mapping[Place, Sequence[Told]],
    share: float,
) -> _Found:
    """The best pages by their text, and those whose drawings are told to have terms of the question."""
    await session.execute(_NO_NESTED_LOOPS)
    parameters = {
        "documents": document_ids,
        "terms": list(question.weights),
        "weights": list(question.weights.values()),
        "k1": K1,
        "b": B,
        "candidates": limit,
    }
    rows = (await session.execute(_PAGES, parameters)).all()
    if not rows and not told:
        return _Found(pages=[])
    await session.execute(_NESTED_LOOPS)
    scores: dict[Place, float] = {(row.document_id, row.page_no): row.score for row in rows}
    scores.update({place: 0.0 for place in told if place not in scores})
    parameters = {
        "documents": [document_id for document_id, _ in scores],
        "pages": [page_no for _, page_no in scores],
        "terms": list(question.weights),
    }
    places = {(row.document_id, row.page_no): row for row in await session.execute(_PLACES, parameters)}
    idf = idf_with(rows[0].idf if rows else {}, question.weights, told, rows[0].pages if rows else 0.0)
    average_length = rows[0].page_length if rows else 1.0
    pages = []
    for place, score in scores.items():
        if row := places.get(place):
            entries = lacked(told.get(place, ()), row.terms or ())
            gain = gain_of(entries, idf, length=row.length, average_length=average_length, share=share)
            pages.append(_candidate(place, score + gain, row, question, entries, share))
    return _Found(pages=pages, idf=idf, block_length=rows[0].block_length if rows else 1.0)


def _candidate(
    place: Place, score: float, row: Any, question: Question, told: Sequence[Told], share: float
) -> Candidate:
    blocks: dict[int, dict[str, float]] = {}
    for term, nos, tfs in zip(row.terms or (), row.nos or (), row.tfs or (), strict=True):
        for number, tf in zip(nos.split(), tfs.split(), strict=True):
            blocks.setdefault(int(number), {})[term] = int(tf)
    for entry in told:
        counts = blocks.setdefault(entry.block_no, {})
        for term, tf in entry.tfs.items():
            counts[term] = counts.get(term, 0) + share * tf
    return Candidate(
        place=place,
        score=score,
        is_named=_is_named(place[1], row.sheet, question),
        block_lengths=row.block_lengths,
        blocks=blocks,
    )


def _is_named(page_no: int, sheet: str | None, question: Question) -> bool:
    """A sheet is known by the number in its stamp, else by that of its page."""
    on_sheet = int(sheet) if sheet and sheet.isdecimal() else page_no
    return page_no in question.page_nos or on_sheet in question.sheets


_SHOWN = text("""
select w.document_id, w.page_no, w.block_no, d.name, b.id as block_id, b.content, b.box,
    case when :boxes then g.words end as words
from unnest(cast(:documents as uuid[]), cast(:pages as integer[]), cast(:blocks as integer[]))
    with ordinality as w(document_id, page_no, block_no, rank)
join documents d on d.id = w.document_id
join pages g on g.document_id = w.document_id and g.page_no = w.page_no
left join blocks b on b.document_id = w.document_id and b.page_no = w.page_no and b.block_no = w.block_no
order by w.rank
""")


async def _hits(
    session: AsyncSession, ranked: Sequence[Ranked], terms: frozenset[str], level: str, *, with_boxes: bool
) -> list[Hit]:
    """The ranked places with names and snippets, and boxes of the words in them."""
    if not ranked:
        return []
    parameters = {
        "documents": [one.place[0] for one in ranked],
        "pages": [one.place[1] for one in ranked],
        "blocks": [one.block_no for one in ranked],
        "boxes": with_boxes,
    }
    rows = (await session.execute(_SHOWN, parameters)).all()
    words = {(row.document_id, row.page_no): row.words for row in rows}
    unpacked = {place: unpack_words(packed) for place, packed in words.items()}
    scores = {(*one.place, one.block_no): one.score for one in ranked}
    return [
        Hit(
            document_id=row.document_id,
            document_name=row.name,
            page_no=row.page_no,
            block_id=row.block_id if level == "block" else None,
            score=round(scores[row.document_id, row.page_no, row.block_no], 4),
            snippet=snippet_of(row.content, terms) if row.block_id else "",
            boxes=boxes_of(unpacked[row.document_id, row.page_no], row.block_no, row.box, terms)
            if row.block_id and with_boxes
            else (),
        )
        for row in rows
    ]
