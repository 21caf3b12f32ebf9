"""The chunks nearest to a question, inside given documents: by looking at all of them, or by the HNSW index."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

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
    session: AsyncSession, index: VectorIndex, vector: Sequence[float], scope: Mapping[UUID, Embedded], *, limit: int
) -> list[Near]:
    """Best first. `scope` are the documents to look in, as `indexes.embedded` tells them."""
    if not scope:
        return []
    is_small = sum(document.chunks for document in scope.values()) <= EXACT_CHUNKS
    await session.execute(_EXACTLY if is_small else _BY_INDEX)
    # Written into the statement: a partial index is used only for what the planner can prove.
    statement = _NEAREST.format(index=index.id, dimensions=index.dimensions)
    parameters = {"vector": as_text(vector), "documents": list(scope), "limit": limit}
    rows = (await session.execute(text(statement), parameters)).all()
    return [
        Near(
            place=(row.document_id, row.page_no),
            first_block=row.first_block,
            last_block=row.last_block,
            block_no=_longest(row.block_lengths, row.first_block, row.last_block),
            similarity=1 - row.distance,
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


_EXACTLY = text("set local enable_indexscan = off")
"""Leaves the key's bitmap: what is in the scope is read, and sorted by distance."""

_BY_INDEX = text(f"""
select set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '{SEARCH_WIDTH}', true),
    set_config('hnsw.max_scan_tuples', '{SCAN_LIMIT}', true), set_config('enable_sort', 'off', true),
    set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)
""")

_NEAREST = """
with near as materialized (
    select document_id, page_no, first_block, last_block,
        (embedding::halfvec({dimensions})) <=> cast(:vector as halfvec({dimensions})) as distance
    from vectors
    where index_id = {index} and document_id = any(cast(:documents as uuid[]))
    order by (embedding::halfvec({dimensions})) <=> cast(:vector as halfvec({dimensions})) limit :limit
)
select n.*, l.block_lengths
from near n left join page_lengths l on l.document_id = n.document_id and l.page_no = n.page_no
order by n.distance, n.document_id, n.page_no, n.first_block
"""
