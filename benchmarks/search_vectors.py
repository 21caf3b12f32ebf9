"""Search by text, by vectors and by both on the open sets, through the product's pipeline: chunks, provider over HTTP,
background filling, pgvector, fusing. Alone: `python -m benchmarks.search_vectors`; EMBEDDINGS=provider:model measures a
real model."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

import msgspec

from benchmarks import vectors_scale
from benchmarks.plain_vectors import DIMENSIONS, PlainVectors
from benchmarks.search import CELLS, migrated_database
from benchmarks.search_quality import LIMIT, Cells, Ranker, ask_all, opened, product, store
from benchmarks.search_sets import Place, QuestionSet, read_sets
from benchmarks.vectors_scale import Spent, VectorTimes
from domain.ports import Embedder
from storage.database import Sessions, open_sessions
from storage.embedders.ollama import OllamaEmbedder
from storage.embedders.registry import build_embedder, read_embedding_settings
from storage.search import PostgresSearch
from storage.uow import Database
from storage.vectors.asking import QuestionVectors
from storage.vectors.chunks import cut_document
from storage.vectors.filling import Filler
from storage.vectors.indexes import embedded, find_index
from storage.vectors.nearest import nearest
from storage.vectors.search import FusedSearch
from tests.loopback.embedding_server import EmbeddingServer

PATIENCE_S = 60.0
"""The benchmark waits for a real model that is loaded first; the product would go on without."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A set in a scope, by ranking: text, vectors, fused."""

    name: str
    scope: str
    cells: dict[str, Cells]


def section() -> str:
    return render(*measure())


def measure() -> tuple[str, list[Compared], VectorTimes]:
    """The name of the model, the rankings compared, and time with the synthetic vectors."""
    sets = list(read_sets())
    standards = next(one for one in sets if one.name == "ntd_text")
    with migrated_database() as url:
        model, compared = asyncio.run(compare(url, sets))
    with migrated_database() as url:
        return model, compared, asyncio.run(vectors_scale.measure(url, standards))


def render(model: str, compared: Sequence[Compared], times: VectorTimes) -> str:
    head = f"| set | scope | n | | {' | '.join(CELLS)} |\n|{'---|' * (4 + len(CELLS))}\n"
    rows = "".join(
        f"| {one.name} | {one.scope} | {cells.questions} | {name} | "
        f"{' | '.join(f'{cells.share(cell):.3f}' for cell in CELLS)} |\n"
        for one in compared
        for name, cells in one.cells.items()
    )
    return f"""## Search: by text, by vectors, by both

Vectors of {model}. The plain model is a floor that knows no synonym its texts do not teach and no other language: it
shows what vectors may spoil (wanted: of no cell more than one question against plain BM25), not what a trained model
gains. Re-ranking by a model was not measured: none is to be had
here.

{head}{rows}
## Search: time with vectors

{times.vectors} vectors of {vectors_scale.DIMENSIONS} dimensions, one for each block; p50 / p95, medians of
{vectors_scale.ROUNDS} rounds, without the provider's time. Wanted: p95 ≤ 50 ms inside {vectors_scale.SCOPE} documents,
≤ 150 ms over everything.

| | inside {vectors_scale.SCOPE} | everything |
|---|---|---|
{_spent("words", times.words)}{_spent("words and vectors", times.both)}
| index built in | one vector more | table | HNSW index | recall@10 of the index |
|---|---|---|---|---|
| {times.build_s:.0f} s | {times.add_ms:.1f} ms | {times.table_mb:.0f} MB | {times.index_mb:.0f} MB \
| {times.recall:.2f} |
"""


def _spent(name: str, spent: Spent) -> str:
    return (
        f"| {name} | {spent.narrow_p50_ms:.0f} / {spent.narrow_p95_ms:.0f} ms "
        f"| {spent.all_p50_ms:.0f} / {spent.all_p95_ms:.0f} ms |\n"
    )


async def compare(database_url: str, sets: Sequence[QuestionSet]) -> tuple[str, list[Compared]]:
    """The model's name and the rankings of the sets, stored in the (migrated, else unused) database."""
    compared: list[Compared] = []
    model = ""
    async with opened(database_url) as (engine, database):
        sessions = open_sessions(engine)
        for questions in sets:
            async with _embedder_of(questions) as embedder:
                model = embedder.model
                compared += await _compare_set(sessions, database, questions, embedder)
    return model, compared


async def _compare_set(
    sessions: Sessions, database: Database, questions: QuestionSet, embedder: Embedder
) -> list[Compared]:
    ids = await store(database, questions)
    async with database.uow() as uow:
        for document_id in ids.values():
            await uow.documents.set_ready(document_id, {})
        await uow.commit()
    filler = Filler(sessions, embedder)
    while await filler.fill_one():
        pass
    asking = QuestionVectors(embedder, patience_s=PATIENCE_S)
    rankers = {
        "text": product(PostgresSearch(sessions), ids),
        "vectors": _vectors_alone(sessions, asking, ids),
        "fused": product(FusedSearch(sessions, asking), ids),
    }
    scopes = ("corpus", "doc") if len(questions.sources) > 1 else ("doc",)
    return [
        Compared(
            name=questions.name,
            scope=scope,
            cells={name: await ask_all(questions, scope, ranker) for name, ranker in rankers.items()},
        )
        for scope in scopes
    ]


def _vectors_alone(sessions: Sessions, asking: QuestionVectors, ids: dict[str, UUID]) -> Ranker:
    keys = {document_id: key for key, document_id in ids.items()}

    async def rank(question: str, documents: tuple[str, ...]) -> list[Place]:
        vector = await asking.of(question)
        async with sessions() as session:
            index = await find_index(session, asking.embedder)
            if vector is None or index is None:
                return []
            scope = await embedded(session, index, [ids[key] for key in documents])
            near = await nearest(session, index, vector, scope, limit=LIMIT)
        return list(dict.fromkeys((keys[one.place[0]], one.place[1] - 1) for one in near))

    return rank


@asynccontextmanager
async def _embedder_of(questions: QuestionSet) -> AsyncIterator[Embedder]:
    """The configured one, else the plain model of the set's own texts, served as Ollama serves."""
    configured = build_embedder(read_embedding_settings(os.environ))
    if configured is not None:
        yield configured
        await configured.close()
        return
    with _plain(questions) as url:
        embedder = OllamaEmbedder(f"plain-{questions.name}", dimensions=DIMENSIONS, base_url=url)
        yield embedder
        await embedder.close()


@contextmanager
def _plain(questions: QuestionSet) -> Iterator[str]:
    texts = [
        chunk.text
        for source in questions.sources.values()
        for chunk in cut_document(source.name, [block for page in source.contents for block in page.blocks])
    ]
    with EmbeddingServer(PlainVectors(texts).embed) as server:
        yield server.url


if __name__ == "__main__":
    print(render(*measure()))
