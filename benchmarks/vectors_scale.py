"""How long a search by words and vectors takes with 200,000 vectors, and what they cost to index.

The vectors are drawn around some hundred centres, one for each block: more than the product makes, which puts blocks
together. The provider's own time is not in it: the question's vector is there at once.
"""

import statistics
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
import numpy as np

from benchmarks.search_quality import opened
from benchmarks.search_scale import ROUNDS, SCOPE, SEED, connect, cut, fill, p95
from benchmarks.search_sets import QuestionSet
from domain.embedding import Embeddings
from domain.ports import Embedder, SearchIndex
from storage.database import Sessions, open_sessions
from storage.search import PostgresSearch
from storage.vectors.asking import QuestionVectors
from storage.vectors.indexes import NEAREST, VectorIndex, make_index, nearest_index_sql
from storage.vectors.search import FusedSearch

VECTORS = 200_000
DIMENSIONS = 768
CENTRES = 500
SPREAD = 0.6
"""Of the noise against the centre: neighbours of a page are alike, cosine about 0.7."""

ADDED = 500
"""Vectors added to the finished index one by one, as the product does."""

BUILD_MEMORY = "512MB"


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds inside few documents and over everything; medians over the rounds."""

    narrow_p50_ms: float
    narrow_p95_ms: float
    all_p50_ms: float
    all_p95_ms: float


class VectorTimes(msgspec.Struct, frozen=True, kw_only=True):
    """`recall` is the share of the exact 10 nearest that the index finds among its 10, over everything. `words` was
    measured in the same rounds as `both`."""

    vectors: int
    build_s: float
    table_mb: float
    index_mb: float
    add_ms: float
    words: Spent
    both: Spent
    recall: float


class Centred:
    """`domain.ports.Embedder` of nothing: a question is near some centre."""

    model = "bench:centres"
    dimensions = DIMENSIONS
    batch = 100
    price_micro_usd = 0

    def __init__(self) -> None:
        self._random = np.random.default_rng(SEED)
        self.centres = self._random.standard_normal((CENTRES, DIMENSIONS), dtype=np.float32)

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings:
        return Embeddings(self.near(len(texts)).tolist())

    async def embed_query(self, text: str) -> Embeddings:
        return Embeddings(self.near(1).tolist())

    async def close(self) -> None:
        return

    def near(self, count: int) -> np.ndarray:
        """Of one centre."""
        centre = self.centres[self._random.integers(CENTRES)]
        drawn = centre + SPREAD * self._random.standard_normal((count, DIMENSIONS), dtype=np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


async def measure(database_url: str, standards: QuestionSet, *, vectors: int = VECTORS) -> VectorTimes:
    """The database is migrated and holds nothing else."""
    pages = [cut(text) for source in standards.sources.values() for text in source.texts if text.strip()]
    ids = await fill(database_url, pages, vectors)
    embedder = Centred()
    async with opened(database_url) as (engine, _):
        sessions = open_sessions(engine)
        index = await _index_of(sessions, embedder)
        build_s = await _fill_index(database_url, index, embedder)
        searches = [PostgresSearch(sessions), FusedSearch(sessions, QuestionVectors(embedder))]
        words, both = await _times(searches, [asked.text for asked in standards.questions], ids)
    connection = await connect(database_url)
    size = await connection.fetchrow(
        f"select count(*), pg_table_size('vectors') / 1e6, pg_relation_size('{NEAREST}{index.id}') / 1e6 from vectors"
    )
    found = await _recall(connection, index, embedder)
    add_ms = await _add(connection, index, embedder)
    await connection.close()
    return VectorTimes(
        vectors=size[0],
        build_s=build_s,
        table_mb=float(size[1]),
        index_mb=float(size[2]),
        add_ms=add_ms,
        words=words,
        both=both,
        recall=found,
    )


async def _index_of(sessions: Sessions, embedder: Embedder) -> VectorIndex:
    async with sessions() as session, session.begin():
        return await make_index(session, embedder)


async def _fill_index(database_url: str, index: VectorIndex, embedder: Centred) -> float:
    """Seconds that building the index took, of vectors that were there before it."""
    connection = await connect(database_url)
    await _speak_halfvec(connection)
    await connection.execute(f"drop index {NEAREST}{index.id}")
    rows = await connection.fetch("select document_id, page_no, block_no from blocks order by 1, 2, 3")
    for start in range(0, len(rows), 20):
        await _copy(connection, index, rows[start : start + 20], embedder)
    await connection.execute(
        """
        insert into vector_documents (index_id, document_id, chunks, language, run_at, embedded_at)
        select $1, document_id, count(*), 'ru', now(), now() from vectors group by document_id
        """,
        index.id,
    )
    await connection.execute(f"set maintenance_work_mem = '{BUILD_MEMORY}'")
    started = time.perf_counter()
    await connection.execute(nearest_index_sql(index), timeout=3600)
    elapsed = time.perf_counter() - started
    await connection.execute("vacuum analyze vectors")
    await connection.close()
    return elapsed


async def _copy(
    connection: asyncpg.Connection, index: VectorIndex, rows: Sequence[asyncpg.Record], embedder: Centred
) -> None:
    """The vectors of some neighbouring blocks: near one centre."""
    records = [
        (row["document_id"], index.id, row["page_no"], row["block_no"], row["block_no"], row["block_no"], b"", vector)
        for row, vector in zip(rows, embedder.near(len(rows)), strict=True)
    ]
    await connection.copy_records_to_table("vectors", records=records)


async def _speak_halfvec(connection: asyncpg.Connection) -> None:
    """pgvector's binary form: dimensions, a spare number, then the values, each of two bytes, big endian."""

    def encode(vector: np.ndarray) -> bytes:
        return len(vector).to_bytes(2, "big") + bytes(2) + vector.astype(">f2").tobytes()

    await connection.set_type_codec("halfvec", schema="public", encoder=encode, decoder=bytes, format="binary")


async def _times(searches: Sequence[SearchIndex], questions: Sequence[str], ids: list[UUID]) -> list[Spent]:
    """Of each search; they take turns. The first round fills the caches."""
    rounds: list[list[list[float]]] = [[] for _ in searches]
    for number in range(ROUNDS + 1):
        for search, own in zip(searches, rounds, strict=True):
            narrow = [await _ask(search, f"{question} {number}", ids[:SCOPE]) for question in questions]
            everything = [await _ask(search, f"{question} {number}a", ids) for question in questions]
            own.append([statistics.median(narrow), p95(narrow), statistics.median(everything), p95(everything)])
    middles = [[statistics.median(column) for column in zip(*own[1:], strict=True)] for own in rounds]
    return [
        Spent(narrow_p50_ms=middle[0], narrow_p95_ms=middle[1], all_p50_ms=middle[2], all_p95_ms=middle[3])
        for middle in middles
    ]


async def _ask(search: SearchIndex, question: str, ids: list[UUID]) -> float:
    started = time.perf_counter()
    await search.search(question, ids)
    return (time.perf_counter() - started) * 1000


async def _recall(connection: asyncpg.Connection, index: VectorIndex, embedder: Centred) -> float:
    await _speak_halfvec(connection)
    await connection.execute("set hnsw.ef_search = 200")
    expression = f"(embedding::halfvec({index.dimensions})) <=> $1::halfvec({index.dimensions})"
    found = 0
    for _ in range(20):
        vector = embedder.near(1)[0]
        quick = f"select ctid from vectors where index_id = {index.id} order by {expression} limit 10"
        exact = f"select ctid from vectors where index_id + 0 = {index.id} order by 1 - (1 - ({expression})) limit 10"
        rows = [{row["ctid"] for row in await connection.fetch(query, vector)} for query in (quick, exact)]
        found += len(rows[0] & rows[1])
    return found / 200


async def _add(connection: asyncpg.Connection, index: VectorIndex, embedder: Centred) -> float:
    """Milliseconds for one vector more, with the index kept."""
    rows = await connection.fetch("select document_id, page_no from vectors limit $1", ADDED)
    started = time.perf_counter()
    for number, row in enumerate(rows):
        record = (row["document_id"], index.id, row["page_no"], 100_000 + number, 0, 0, b"", embedder.near(1)[0])
        await connection.copy_records_to_table("vectors", records=[record])
    return (time.perf_counter() - started) * 1000 / max(len(rows), 1)
