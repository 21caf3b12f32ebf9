"""What words and what vectors find for each question of a set, side by side, so that any way to fuse them is pure.

Through the product's own pipeline: chunks, a provider over HTTP, background filling, pgvector, the lexical search.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from benchmarks.plain_vectors import DIMENSIONS as PLAIN_DIMENSIONS
from benchmarks.plain_vectors import PlainVectors
from benchmarks.search_quality import LIMIT, documents_of, scopes_of, store
from benchmarks.search_sets import Asked, Place, QuestionSet
from benchmarks.trained_vectors import DIMENSIONS as TRAINED_DIMENSIONS
from benchmarks.trained_vectors import NAME as TRAINED
from benchmarks.trained_vectors import TrainedVectors, trained_folder
from domain.llm import Usage
from domain.ports import Embedder
from storage.database import Sessions
from storage.embedders.ollama import OllamaEmbedder
from storage.ranking import Ranked
from storage.uow import Database
from storage.vectors.asking import QuestionVectors
from storage.vectors.chunks import cut_document
from storage.vectors.filling import Filler
from storage.vectors.fusing import Weights
from storage.vectors.search import FusedSearch, Rankings, fused
from tests.loopback.embedding_server import Embed, EmbeddingServer

PLAIN = "latent"
PATIENCE_S = 60.0
"""The benchmark waits for a real model that is loaded first; the product would go on without."""

ACROSS = " across"
"""After a set's name: its questions in the other language."""

TRANSLATED = Path(__file__).with_name("search_across.jsonl")
"""Questions of some sets in the other language, written before anything was measured with them."""

BRIDGED = " bridged"
"""After a model's name: its vector of a question in the other language is that of the question's original, as if it
knew both languages. Asked only of those."""

LARGE, PART = 200, 6
"""Of a set with more questions every sixth is asked."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One question in a scope. `keys` are the names of the stored documents."""

    name: str
    scope: str
    asked: Asked
    rankings: Rankings
    keys: Mapping[UUID, str]

    def by_words(self) -> list[Place]:
        return self._places(self.rankings.lexical)

    def by_vectors(self) -> list[Place]:
        pages = dict.fromkeys(one.place for one in self.rankings.near)
        return [(self.keys[document_id], page_no - 1) for document_id, page_no in pages]

    def by_both(self, weights: Weights) -> list[Place]:
        return self._places(fused(self.asked.text, self.rankings, weights, level="page")[:LIMIT])

    def _places(self, ranked: Sequence[Ranked]) -> list[Place]:
        return [(self.keys[one.place[0]], one.place[1] - 1) for one in ranked]


async def find_all(
    sessions: Sessions, database: Database, questions: QuestionSet, embedder: Embedder, *, is_bridged: bool = False
) -> AsyncIterator[Found]:
    """Of a set and of its questions in the other language. Stores the set's documents and removes them again."""
    variants = [across(questions)] if is_bridged else [thinned(questions), across(questions)]
    if not any(variant.questions for variant in variants):
        return
    ids = await store(database, questions)
    async with database.uow() as uow:
        for document_id in ids.values():
            await uow.documents.set_ready(document_id, {})
        await uow.commit()
    search = await _filled(sessions, embedder)
    for variant in variants:
        for scope in scopes_of(variant):
            for asked in variant.questions:
                documents = [ids[key] for key in documents_of(variant, scope, asked)]
                rankings = await search.rankings(asked.text, documents, level="page", limit=LIMIT)
                keys = {document_id: key for key, document_id in ids.items()}
                yield Found(name=variant.name, scope=scope, asked=asked, rankings=rankings, keys=keys)
    async with database.uow() as uow:
        for document_id in ids.values():
            await uow.documents.delete(document_id, user_id=(await uow.documents.get(document_id)).owner_id)
        await uow.commit()


def thinned(questions: QuestionSet) -> QuestionSet:
    if len(questions.questions) <= LARGE:
        return questions
    return msgspec.structs.replace(questions, questions=questions.questions[::PART])


def across(questions: QuestionSet) -> QuestionSet:
    """The same questions in the other language, as far as there are."""
    words = {row["question"]: row["across"] for row in _translated() if row["set"] == questions.name}
    asked = [msgspec.structs.replace(one, text=words[one.text]) for one in questions.questions if one.text in words]
    return msgspec.structs.replace(questions, name=f"{questions.name}{ACROSS}", questions=tuple(asked))


def _translated() -> list[dict[str, str]]:
    return [msgspec.json.decode(line) for line in TRANSLATED.read_text(encoding="utf-8").splitlines()]


async def nobody(_: Usage) -> None:
    """A model that is measured is paid by who measures."""


@asynccontextmanager
async def served(embed: Embed, name: str, dimensions: int) -> AsyncIterator[Embedder]:
    """As Ollama serves a model."""
    with EmbeddingServer(embed) as server:
        embedder = OllamaEmbedder(name, dimensions=dimensions, base_url=server.url)
        yield embedder
        await embedder.close()


def models() -> tuple[str, ...]:
    """Those that can be measured here without a network."""
    own = (PLAIN, TRAINED) if trained_folder() else (PLAIN,)
    return own + tuple(f"{name}{BRIDGED}" for name in own)


@asynccontextmanager
async def embedder_of(model: str, questions: QuestionSet) -> AsyncIterator[Embedder]:
    """The plain model learns from the set's own texts and is another one for each."""
    folder = trained_folder()
    bridge = {row["across"]: row["question"] for row in _translated()} if model.endswith(BRIDGED) else {}

    def bridged(embed: Embed) -> Embed:
        return lambda texts: embed([bridge.get(text, text) for text in texts])

    if model.removesuffix(BRIDGED) == TRAINED and folder is not None:
        async with served(bridged(TrainedVectors(folder).embed), TRAINED, TRAINED_DIMENSIONS) as embedder:
            yield embedder
        return
    texts = [
        chunk.text
        for source in questions.sources.values()
        for chunk in cut_document(source.name, [block for page in source.contents for block in page.blocks])
    ]
    async with served(bridged(PlainVectors(texts).embed), f"{PLAIN}-{questions.name}", PLAIN_DIMENSIONS) as embedder:
        yield embedder


async def _filled(sessions: Sessions, embedder: Embedder) -> FusedSearch:
    filler = Filler(sessions, embedder)
    while await filler.fill_one():
        pass
    return FusedSearch(sessions, QuestionVectors(embedder, patience_s=PATIENCE_S), pay=nobody)
