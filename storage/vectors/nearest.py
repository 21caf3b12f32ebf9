"""The chunks nearest to a question, inside given documents: by looking at all of them, or by the HNSW index."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from storage.direct import Direct, as_uuid
from storage.ranking import Place
from storage.vectors.indexes import Embedded, VectorIndex

EXACT_CHUNKS = 10_000
"""Up to so many chunks in the scope all are compared. Measured in docs/search.md: about 1 ms a thousand at 768
dimensions; the index would have to pass over what is outside the scope."""

SEARCH_WIDTH = 200
"""`hnsw.ef_search`: candidates kept while walking the graph; twice what is asked for. A guess."""

SCAN_LIMIT = 20_000
"""`hnsw.max_scan_tuples`, pgvector's default: a scope that is rare among its neighbours gives fewer hits, no error."""


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk. `similarity` is the cosine; `block_no` the longest of its blocks."""

    place: Place
    first_block: int
    last_block: int
    block_no: int
    similarity: float


async def nearest(
    direct: Direct, index: VectorIndex, vector: Sequence[float], scope: Mapping[UUID, Embedded], *, limit: int
) -> list[Near]:
    """Best first. `scope` are the documents to look in, as `indexes.embedded` tells them."""
    if not scope:
        return []
    is_small = sum(document.chunks for document in scope.values()) <= EXACT_CHUNKS
    # Written into the statement: a partial index is used only for what the planner can prove.
    statement = _NEAREST.format(index=index.id, dimensions=index.dimensions)
    settings = _EXACTLY if is_small else _BY_INDEX
    rows = await direct.every_under(settings, statement, as_text(vector), list(scope), limit)
    return [
        Near(
            place=(as_uuid(row[0]), row[1]),
            first_block=row[2],
            last_block=row[3],
            block_no=_longest(row[5], row[2], row[3]),
            similarity=1 - row[4],
        )
        for row in rows
    ]


def as_text(vector: Sequence[float]) -> str:
    """As pgvector reads it. Six digits are more than a half-precision number has."""
    return "[" + ",".join(format(value, ".6g") for value in vector) + "]"


def _longest(lengths: Sequence[int] | None, first: int, last: int) -> int:
    """By number of terms; the first when nothing is known."""
    if not lengths or last >= len(lengths):
        return first
    return max(range(first, last + 1), key=lambda number: (lengths[number], -number))


_EXACTLY = {"enable_indexscan": "off", "plan_cache_mode": "force_custom_plan"}
"""Leaves the key's bitmap: what is in the scope is read, and sorted by distance. A plan that the connection keeps after
five executions would be that of one of the two ways, whichever was the fifth: at 200,000 vectors exact comparing took
500 ms where the index takes 5 (2026-11-20)."""

_BY_INDEX = {
    "plan_cache_mode": "force_custom_plan",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.ef_search": str(SEARCH_WIDTH),
    "hnsw.max_scan_tuples": str(SCAN_LIMIT),
    "enable_sort": "off",
    "enable_bitmapscan": "off",
    "enable_seqscan": "off",
}

_NEAREST = """
with near as materialized (
    select document_id, page_no, first_block, last_block,
        (embedding::halfvec({dimensions})) <=> cast($1::text as halfvec({dimensions})) as distance
    from vectors
    where index_id = {index} and document_id = any($2::uuid[])
    order by (embedding::halfvec({dimensions})) <=> cast($1::text as halfvec({dimensions})) limit $3
)
select n.document_id, n.page_no, n.first_block, n.last_block, n.distance, l.block_lengths
from near n left join page_lengths l on l.document_id = n.document_id and l.page_no = n.page_no
order by n.distance, n.document_id, n.page_no, n.first_block
"""
