"""Vector indexes: which one belongs to an embedder, and what is in it of each document."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.ports import Embedder
from storage.direct import Direct, as_uuid
from storage.vectors.chunks import VERSION

NEAREST = "ix_vectors_nearest_"
"""And the id of the index: the name of its HNSW index."""

_LOCK = 7_236_105
"""Of `pg_advisory_xact_lock`: two workers that start together make one index. Any number that nobody else uses."""


class VectorIndex(msgspec.Struct, frozen=True):
    id: int
    dimensions: int


class Embedded(msgspec.Struct, frozen=True):
    """What is in an index of one document. `language` is ru or en."""

    chunks: int
    language: str


async def find_index(session: AsyncSession, embedder: Embedder) -> VectorIndex | None:
    """Null before `make_index`."""
    parameters = {"model": embedder.model, "dimensions": embedder.dimensions, "version": VERSION}
    found = await session.scalar(text(_FIND.format(":model", ":dimensions", ":version")), parameters)
    return None if found is None else VectorIndex(found, embedder.dimensions)


async def look_up_index(direct: Direct, embedder: Embedder) -> VectorIndex | None:
    """`find_index` outside a transaction."""
    found = await direct.first(_FIND.format("$1", "$2", "$3"), embedder.model, embedder.dimensions, VERSION)
    return None if found is None else VectorIndex(found[0], embedder.dimensions)


async def make_index(session: AsyncSession, embedder: Embedder) -> VectorIndex:
    """The embedder's index, made when it is not there; safe to repeat. The caller commits."""
    await session.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
    index = await find_index(session, embedder)
    if index is None:
        parameters = {"model": embedder.model, "dimensions": embedder.dimensions, "version": VERSION}
        index = VectorIndex((await session.execute(_ADD, parameters)).scalar_one(), embedder.dimensions)
    await session.execute(text(nearest_index_sql(index)))
    return index


def nearest_index_sql(index: VectorIndex) -> str:
    """m and ef_construction are pgvector's defaults (github.com/pgvector/pgvector#index-options)."""
    return (
        f"create index if not exists {NEAREST}{index.id} on vectors using hnsw "
        f"((embedding::halfvec({index.dimensions})) halfvec_cosine_ops) where index_id = {index.id}"
    )


async def embedded(direct: Direct, index: VectorIndex, document_ids: Sequence[UUID]) -> dict[UUID, Embedded]:
    """Of the given documents those that are in the index as they stand, and not deleted."""
    rows = await direct.every(_EMBEDDED, index.id, list(document_ids))
    return {as_uuid(row[0]): Embedded(row[1], row[2]) for row in rows}


_FIND = "select id from vector_indexes where model = {} and dimensions = {} and version = {}"
_ADD = text("""
insert into vector_indexes (model, dimensions, version) values (:model, :dimensions, :version) returning id
""")
_EMBEDDED = """
select v.document_id, v.chunks, v.language
from vector_documents v join documents d on d.id = v.document_id and d.deleted_at is null
where v.index_id = $1 and v.document_id = any($2::uuid[]) and v.embedded_at is not null
"""
