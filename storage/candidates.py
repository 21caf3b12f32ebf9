"""The first step of a search: the best pages by their terms, with where on them the terms stand. One statement.

Nothing in it joins rows whose number the planner cannot know with one another: each term walks the index by itself, and
its weight is looked up by its number. With such joins one bad guess made 1.0 s of 10 ms (8,000 blocks).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from storage.direct import Direct, as_uuid
from storage.indexed_drawings import Told, find_drawings, gain_of, idf_with, lacked
from storage.questions import Question
from storage.ranking import K1, B, Candidate, Place

LAST_BIT = 62
"""Of a bigint that stays positive. All terms beyond it share this bit, which is only slower; a question has a dozen."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`idf` of the terms that were found; `block_length` is the average of the scope, in terms."""

    pages: list[Candidate] = []
    idf: Mapping[str, float] = {}
    block_length: float = 1.0


class _Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for all pages. `idf` by number of the term, null where no text has it; lengths are averages, in
    terms; `pages` how many there are."""

    idf: Sequence[float | None] = ()
    block_length: float = 1.0
    page_length: float = 1.0
    pages: float = 0.0


class _Page(msgspec.Struct, frozen=True):
    """`terms`, `nos` and `tfs` run side by side: a term, the blocks it stands in, and how often in each, as numbers
    with spaces between. `sheet` is null where the question names none."""

    score: float
    length: int
    block_lengths: Sequence[int]
    sheet: str | None
    terms: Sequence[str] | None
    nos: Sequence[str] | None
    tfs: Sequence[str] | None


_TOLD = "l.length, l.block_lengths, case when {named} then g.facts ->> 'sheet' end, p.terms, p.nos, p.tfs"
_OF_PAGE = """
join page_lengths l using (document_id, page_no)
join pages g using (document_id, page_no)
cross join lateral (
    select array_agg(p.term) as terms, array_agg(array_to_string(p.block_nos, ' ')) as nos,
        array_agg(array_to_string(p.block_tfs, ' ')) as tfs
    from postings p
    where p.term = any({terms}) and p.document_id = b.document_id and p.page_no = b.page_no
) p
"""
_HELD = f"array(select t.term from terms t where b.held >> least(t.no, {LAST_BIT}) & 1 = 1)"

_BEST = f"""
with terms as materialized (
    select t.term, t.weight, t.no::int from unnest($2::text[], $3::float8[]) with ordinality as t(term, weight, no)
), scope as materialized (
    select l.document_id, l.pages, l.blocks, l.length
    from document_lengths l join documents d on d.id = l.document_id and d.deleted_at is null
    where l.document_id = any($1::uuid[])
), stats as materialized (
    select coalesce(sum(pages), 0)::float8 as pages, greatest(sum(length)::float8 / sum(pages), 1) as page_length,
        greatest(sum(length)::float8 / greatest(sum(blocks), 1), 1) as block_length
    from scope
), hits as materialized (
    select t.no, p.document_id, p.page_no, p.tf, p.length
    from terms t cross join lateral (
        select p.document_id, p.page_no, p.tf, p.length from postings p
        where p.term = t.term and p.document_id = any($1::uuid[]) offset 0
    ) p
), worth as materialized (
    select array_agg(t.weight * ln(1 + (s.pages - h.pages + 0.5) / (h.pages + 0.5)) order by t.no) as idf
    from terms t cross join stats s left join (select no, count(*) as pages from hits group by no) h using (no)
), best as materialized (
    select h.document_id, h.page_no, bit_or(1::bigint << least(h.no, {LAST_BIT})) as held, sum(
        (select idf from worth)[h.no] * h.tf * ($4::float8 + 1)
            / (h.tf + $4::float8 * (1 - $5::float8 + $5::float8 * h.length / (select page_length from stats)))) as score
    from hits h
    group by h.document_id, h.page_no
    having h.document_id in (select document_id from scope)
    order by score desc, h.document_id, h.page_no limit $6
)
select b.document_id, b.page_no, b.score, {_TOLD.format(named="$7::bool")},
    w.idf, s.block_length, s.page_length, s.pages
from worth w cross join stats s cross join best b {_OF_PAGE.format(terms=_HELD)}
"""
"""`having` and not a join: what the planner makes of it is a table of hashes, however many pages and documents."""

_PLACES = f"""
select b.document_id, b.page_no, 0::float8, {_TOLD.format(named="$4::bool")}
from unnest($1::uuid[], $2::int[]) as b(document_id, page_no) {_OF_PAGE.format(terms="$3::text[]")}
"""


async def find_candidates(
    direct: Direct, drawings: Direct, question: Question, document_ids: Sequence[UUID], *, limit: int, share: float
) -> Found:
    """The best pages by their text, and those whose drawings are told to have terms of the question, for which
    `drawings` is asked meanwhile. `share` is what an occurrence that is told of a drawing counts; 0 leaves the block
    index out."""
    (scope, pages), told = await asyncio.gather(
        _best(direct, question, document_ids, limit), _told(drawings, question, document_ids, share)
    )
    if lacking := [place for place in told if place not in pages]:
        pages |= await _places(direct, question, lacking)
    terms = list(question.weights)
    own = {term: idf for term, idf in zip(terms, scope.idf, strict=False) if idf is not None}
    idf = idf_with(own, question.weights, told, scope.pages)
    candidates = []
    for place, page in pages.items():
        entries = lacked(told.get(place, ()), page.terms or ())
        gain = gain_of(entries, idf, length=page.length, average_length=scope.page_length, share=share)
        candidates.append(_candidate(place, page, page.score + gain, question, entries, share))
    return Found(pages=candidates, idf=idf, block_length=scope.block_length)


async def _told(
    drawings: Direct, question: Question, document_ids: Sequence[UUID], share: float
) -> dict[Place, list[Told]]:
    return await find_drawings(drawings, question.weights, document_ids) if share else {}


async def _best(
    direct: Direct, question: Question, document_ids: Sequence[UUID], limit: int
) -> tuple[_Scope, dict[Place, _Page]]:
    terms, weights = list(question.weights), list(question.weights.values())
    rows = await direct.every(_BEST, document_ids, terms, weights, K1, B, limit, bool(question.sheets))
    if not rows:
        return _Scope(), {}
    idf, block_length, page_length, pages = rows[0][9:]
    return _Scope(idf=idf, block_length=block_length, page_length=page_length, pages=pages), _pages_of(rows)


async def _places(direct: Direct, question: Question, places: Sequence[Place]) -> dict[Place, _Page]:
    documents, numbers = [document_id for document_id, _ in places], [page_no for _, page_no in places]
    rows = await direct.every(_PLACES, documents, numbers, list(question.weights), bool(question.sheets))
    return _pages_of(rows)


def _pages_of(rows: Sequence[Sequence[Any]]) -> dict[Place, _Page]:
    return {(as_uuid(row[0]), row[1]): _Page(*row[2:9]) for row in rows}


def _candidate(
    place: Place, page: _Page, score: float, question: Question, told: Sequence[Told], share: float
) -> Candidate:
    blocks: dict[int, dict[str, float]] = {}
    for term, nos, tfs in zip(page.terms or (), page.nos or (), page.tfs or (), strict=True):
        for number, tf in zip(nos.split(), tfs.split(), strict=True):
            blocks.setdefault(int(number), {})[term] = int(tf)
    for entry in told:
        counts = blocks.setdefault(entry.block_no, {})
        for term, tf in entry.tfs.items():
            counts[term] = counts.get(term, 0) + share * tf
    return Candidate(
        place=place,
        score=score,
        is_named=_is_named(place[1], page.sheet, question),
        block_lengths=page.block_lengths,
        blocks=blocks,
    )


def _is_named(page_no: int, sheet: str | None, question: Question) -> bool:
    """A sheet is known by the number in its stamp, else by that of its page."""
    on_sheet = int(sheet) if sheet and sheet.isdecimal() else page_no
    return page_no in question.page_nos or on_sheet in question.sheets
