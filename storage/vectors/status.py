"""How far vectors are: for operators and for `/ready`."""

import msgspec

from storage.direct import Direct


class VectorState(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting` documents are found by their words alone until they are embedded. `error` is the code of the provider's
    last failure, null since it last answered: while it lasts, all search goes by words. `embedding_limit` is none of
    the provider: the month's money is spent, and what is embedded already is found as ever."""

    model: str
    dimensions: int
    documents: int
    waiting: int
    vectors: int
    error: str | None = None


async def vector_states(database: Direct) -> list[VectorState]:
    """Of every index, the oldest first."""
    return [VectorState(**dict(row)) for row in await database.every(_STATES)]


async def prune(database: Direct, *, kept: str) -> int:
    """Remove what other models than `kept` (`provider:model`) have made; the number of indexes removed. Paid again if
    they are ever configured again."""
    rows = await database.every("select id from vector_indexes where model <> $1", kept)
    for row in rows:
        await database.every(f"drop index if exists ix_vectors_nearest_{row['id']}")
        await database.every("delete from vector_indexes where id = $1", row["id"])
    return len(rows)


async def embed_again(database: Direct) -> int:
    """Let every document be looked through again: what is unchanged is not paid again. Their number."""
    return len(await database.every("delete from vector_documents returning document_id"))


_STATES = """
select i.model, i.dimensions, i.error,
    (select count(*) from vector_documents v where v.index_id = i.id and v.embedded_at is not null) as documents,
    (select count(*) from documents d where d.deleted_at is null and d.status = 'ready' and not exists (
        select 1 from vector_documents v
        where v.index_id = i.id and v.document_id = d.id and v.embedded_at is not null)) as waiting,
    (select coalesce(sum(v.chunks), 0)::bigint from vector_documents v where v.index_id = i.id) as vectors
from vector_indexes i order by i.id
"""
