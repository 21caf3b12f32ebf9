"""What the block index adds to a search: terms of a page's drawings that its own text may lack (docs/search.md).

A page is ranked as if the terms of its entries that its text lacks stood on it; what its text has counts as it did. So
an index that tells nothing new changes nothing, and a sheet whose text is poor or missing is found. The index is a
help and no condition: whatever is wrong with it, the search goes on without it.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from storage.direct import Direct, as_uuid
from storage.ranking import K1, B, Place

ENTRIES = 60
"""The best entries of a question. A guess: a page of results shows twenty places."""

PATIENCE_S = 1.0
"""A search takes a tenth of it; whoever locks the table does not hold up answers."""

_log = structlog.get_logger()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that has terms of the question: `block_no` is the drawing's, or the one its sheet is known by."""

    place: Place
    block_no: int
    tfs: Mapping[str, float]


async def find_drawings(
    direct: Direct, weights: Mapping[str, float], document_ids: Sequence[UUID]
) -> dict[Place, list[Told]]:
    """By page; empty also when the index cannot be read."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            rows = await direct.every(_ENTRIES, document_ids, list(weights), list(weights.values()), ENTRIES)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, OSError, TimeoutError) as error:
        _log.warning("block_index_unread", error=type(error).__name__)
        return {}
    found: dict[Place, list[Told]] = {}
    for document_id, page_no, block_no, terms, tfs in rows:
        place = as_uuid(document_id), page_no
        told = Told(place=place, block_no=block_no, tfs=dict(zip(terms, tfs, strict=True)))
        found.setdefault(place, []).append(told)
    return found


def idf_with(
    idf: Mapping[str, float], weights: Mapping[str, float], told: Mapping[Place, Sequence[Told]], pages: float
) -> dict[str, float]:
    """`idf` with the terms that no text of the scope has, by the pages whose drawings are told to have them. `pages`
    are those of the scope."""
    counts = Counter(term for entries in told.values() for term in {t for entry in entries for t in entry.tfs})
    total = max(pages, len(told))
    return {
        **{term: weights[term] * math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in counts.items()},
        **idf,
    }


def lacked(told: Sequence[Told], own: Container[str]) -> list[Told]:
    """The entries with those of their terms that are not among the page's own."""
    left = [
        msgspec.structs.replace(entry, tfs={term: tf for term, tf in entry.tfs.items() if term not in own})
        for entry in told
    ]
    return [entry for entry in left if entry.tfs]


def gain_of(
    told: Sequence[Told], idf: Mapping[str, float], *, length: int, average_length: float, share: float
) -> float:
    """What a page's BM25 score gains by terms that its drawings have and its text has not: `share` of an occurrence
    each."""
    most: dict[str, float] = {}
    for entry in told:
        for term, tf in entry.tfs.items():
            most[term] = max(most.get(term, 0.0), share * tf)
    norm = K1 * (1 - B + B * length / average_length)
    return sum(idf.get(term, 0.0) * tf * (K1 + 1) / (tf + norm) for term, tf in most.items())


_ENTRIES = """
with hits as materialized (
    select term, document_id, block_id, max(tf) as tf
    from block_index_terms
    where term = any($2::text[]) and document_id = any($1::uuid[])
    group by term, document_id, block_id
), entries as materialized (
    select count(*)::float8 as number from (select distinct document_id, block_id from hits) one
), rarity as materialized (
    select h.term, w.weight * ln(1 + (select number from entries) / count(*)) as worth
    from hits h join unnest($2::text[], $3::float8[]) as w(term, weight) using (term)
    group by h.term, w.weight
), best as materialized (
    select h.document_id, h.block_id, array_agg(h.term) as terms, array_agg(h.tf) as tfs, sum(r.worth * h.tf) as worth
    from hits h join rarity r using (term)
    group by h.document_id, h.block_id
    order by worth desc, h.document_id, h.block_id limit $4
)
select b.document_id, b.page_no, b.block_no, best.terms, best.tfs
from best
join documents d on d.id = best.document_id and d.deleted_at is null
join blocks b on b.document_id = best.document_id and b.id = best.block_id
where exists (
    select 1 from block_index i
    where i.document_id = best.document_id and i.block_id = best.block_id and i.sha256 = coalesce(d.sha256, '')
)
order by best.worth desc, b.document_id, b.page_no, b.block_no
"""
