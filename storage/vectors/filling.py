"""Embeds what documents say, in the background: newest first, in batches that stay, paid once.

No job: nobody waits for it, the installation itself pays (`storage.vectors.account`), and a document is readable and
found by its words without it. What is to be done is what `vector_documents` lacks, so that a new model, a crash or a
page that was read again need no word.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.embedding import usage_of
from domain.errors import DomainError
from domain.ports import Embedder
from domain.rules_language import language_of
from storage.database import Sessions
from storage.documents import DocumentRepository
from storage.tables.vectors import VectorRow
from storage.vectors.account import DOCUMENTS, EmbeddingAccount
from storage.vectors.chunks import Chunk, cut_document
from storage.vectors.indexes import VectorIndex, make_index
from storage.vectors.nearest import as_text

_log = structlog.get_logger()

LEASE_S = 180
"""A document is somebody's for so long after each batch: longer than a batch may take (`embedders.wire.TIMEOUT`)."""

BATCH_CHARACTERS = 60_000
"""Of one request. A guess: Gemini counts 30,000 tokens a minute on its free tier."""

FIRST_PAUSE_S = 10.0
LONGEST_OUTAGE_S, LONGEST_PAUSE_S = 60.0, 3600.0
"""After a failure a document pauses, doubled each time: an outage ends by itself, a refusal waits for the operator.
Guesses."""

LANGUAGE_CHARACTERS = 20_000

ChunkKey = tuple[int, int]
"""Page and number on it."""


class Filler:
    """`fill_one` until it finds nothing. Any number of copies, in any number of processes. `monthly_micro_usd` is what
    the installation may spend on embedding in a month; null: no limit."""

    def __init__(self, sessions: Sessions, embedder: Embedder, *, monthly_micro_usd: int | None = None) -> None:
        self._sessions = sessions
        self._embedder = embedder
        self._index: VectorIndex | None = None
        self._account = EmbeddingAccount(
            sessions, model=embedder.model, purpose=DOCUMENTS, monthly_micro_usd=monthly_micro_usd
        )

    async def fill_one(self) -> bool:
        """Embed one document; false when there is none to do, or the provider cannot do it now.

        Raises what the database raises. A provider's failure and a month that is used up are written to the document
        and to the index.
        """
        index = self._index = self._index or await self._open()
        document_id = await self._claim(index)
        if document_id is None:
            return False
        try:
            await self._embed(index, document_id)
        except DomainError as error:
            _log.warning("document_without_vectors", document_id=str(document_id), error=error.code)
            await self._put_off(index, document_id, error)
            return False
        return True

    async def _open(self) -> VectorIndex:
        async with self._sessions() as session, session.begin():
            return await make_index(session, self._embedder)

    async def _claim(self, index: VectorIndex) -> UUID | None:
        async with self._sessions() as session, session.begin():
            parameters = {"index": index.id, "lease": LEASE_S}
            return await session.scalar(_CLAIM, parameters)

    async def _embed(self, index: VectorIndex, document_id: UUID) -> None:
        async with self._sessions() as session:
            repository = DocumentRepository(session)
            name = (await repository.get(document_id)).name
            blocks = await repository.blocks(document_id)
            known = await _digests(session, index, document_id)
        chunks = await asyncio.to_thread(cut_document, name, blocks)
        wanted = {(chunk.page_no, chunk.chunk_no): chunk for chunk in chunks}
        new = [chunk for key, chunk in wanted.items() if known.get(key) != chunk.digest]
        for batch in batches(new, self._embedder.batch):
            vectors = await self._vectors_of([chunk.text for chunk in batch])
            if not await self._save(index, document_id, batch, vectors):
                return
        language = language_of("".join(chunk.text for chunk in chunks)[:LANGUAGE_CHARACTERS])
        await self._finish(index, document_id, language, [key for key in known if key not in wanted], len(chunks))

    async def _vectors_of(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        await self._account.check()
        told = await self._embedder.embed_documents(texts)
        await self._account.pay(usage_of(told, texts, self._embedder.price_micro_usd))
        return told.vectors

    async def _save(
        self, index: VectorIndex, document_id: UUID, chunks: Sequence[Chunk], vectors: Sequence[Sequence[float]]
    ) -> bool:
        """False when the document is gone or was read again meanwhile: the vectors are dropped."""
        async with self._sessions() as session, session.begin():
            if not await _hold(session, index, document_id):
                return False
            rows = [
                {
                    "document": document_id,
                    "index": index.id,
                    "page": chunk.page_no,
                    "chunk": chunk.chunk_no,
                    "first": chunk.first_block,
                    "last": chunk.last_block,
                    "digest": chunk.digest,
                    "embedding": as_text(vector),
                }
                for chunk, vector in zip(chunks, vectors, strict=True)
            ]
            await session.execute(_PUT, rows)
            await session.execute(_ANSWERED, {"index": index.id})
        return True

    async def _finish(
        self, index: VectorIndex, document_id: UUID, language: str, stale: Sequence[ChunkKey], chunks: int
    ) -> None:
        async with self._sessions() as session, session.begin():
            if not await _hold(session, index, document_id):
                return
            for page_no, chunk_no in stale:
                await session.execute(
                    delete(VectorRow).where(
                        VectorRow.document_id == document_id,
                        VectorRow.index_id == index.id,
                        VectorRow.page_no == page_no,
                        VectorRow.chunk_no == chunk_no,
                    )
                )
            parameters = {"index": index.id, "document": document_id, "language": language, "chunks": chunks}
            await session.execute(_DONE, parameters)

    async def _put_off(self, index: VectorIndex, document_id: UUID, error: DomainError) -> None:
        parameters = {
            "index": index.id,
            "document": document_id,
            "error": error.code,
            "wait": error.retry_after_s,
            "first": FIRST_PAUSE_S,
            "longest": LONGEST_OUTAGE_S if error.retryable else LONGEST_PAUSE_S,
        }
        async with self._sessions() as session, session.begin():
            await session.execute(_PUT_OFF, parameters)
            await session.execute(_FAILED, {"index": index.id, "error": error.code})


def batches(chunks: Sequence[Chunk], size: int) -> list[list[Chunk]]:
    """At most `size` chunks and `BATCH_CHARACTERS` each, in order."""
    found: list[list[Chunk]] = []
    room = 0
    for chunk in chunks:
        if not found or len(found[-1]) >= size or len(chunk.text) > room:
            found.append([])
            room = BATCH_CHARACTERS
        found[-1].append(chunk)
        room -= len(chunk.text)
    return found


async def _digests(session: AsyncSession, index: VectorIndex, document_id: UUID) -> dict[ChunkKey, bytes]:
    query = select(VectorRow.page_no, VectorRow.chunk_no, VectorRow.digest)
    rows = await session.execute(query.where(VectorRow.document_id == document_id, VectorRow.index_id == index.id))
    return {(row.page_no, row.chunk_no): row.digest for row in rows}


async def _hold(session: AsyncSession, index: VectorIndex, document_id: UUID) -> bool:
    """Whether the document is alive and still ours; held so until the commit, its lease is renewed."""
    parameters = {"index": index.id, "document": document_id, "lease": LEASE_S}
    return await session.scalar(_HOLD, parameters) is not None


_CLAIM = text("""
insert into vector_documents (index_id, document_id, run_at, tries)
select cast(:index as smallint), d.id, now() + make_interval(secs => cast(:lease as float8)), 1
from documents d left join vector_documents v on v.document_id = d.id and v.index_id = :index
where d.deleted_at is null and d.status = 'ready' and d.recognition_state <> 'pending'
    and (v.document_id is null or (v.embedded_at is null and v.run_at <= now()))
order by d.id desc limit 1
on conflict (index_id, document_id) do update set run_at = excluded.run_at, tries = vector_documents.tries + 1
    where vector_documents.embedded_at is null and vector_documents.run_at <= now()
returning document_id
""")
_HOLD = text("""
with living as (select id from documents where id = :document and deleted_at is null for share)
update vector_documents set run_at = now() + make_interval(secs => cast(:lease as float8))
where index_id = :index and document_id = (select id from living) and embedded_at is null
returning document_id
""")
_PUT = text("""
insert into vectors (document_id, index_id, page_no, chunk_no, first_block, last_block, digest, embedding)
values (:document, :index, :page, :chunk, :first, :last, :digest, cast(cast(:embedding as text) as halfvec))
on conflict (document_id, index_id, page_no, chunk_no) do update set first_block = excluded.first_block,
    last_block = excluded.last_block, digest = excluded.digest, embedding = excluded.embedding
""")
_DONE = text("""
update vector_documents set embedded_at = now(), language = :language, chunks = :chunks, tries = 0, error = null
where index_id = :index and document_id = :document
""")
_PUT_OFF = text("""
update vector_documents set error = :error, run_at = now() + make_interval(secs => coalesce(
    cast(:wait as float8), least(cast(:first as float8) * power(2, least(tries, 20) - 1), cast(:longest as float8))))
where index_id = :index and document_id = :document
""")
_ANSWERED = text("update vector_indexes set error = null where id = :index and error is not null")
_FAILED = text("update vector_indexes set error = :error where id = :index")
