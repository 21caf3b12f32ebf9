"""Page recall of the product's search against plain BM25, per open set and scope."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.search_baseline import PlainBM25, tokens
from benchmarks.search_sets import Asked, Place, QuestionSet
from domain.documents import Document, DocumentStatus
from domain.ids import new_id
from storage.database import open_engine, open_sessions
from storage.outbox import Outbox
from storage.search import PostgresSearch
from storage.uow import Database

DEPTHS = (1, 3, 5, 10)
LIMIT = 100

Ranker = Callable[[str, tuple[str, ...]], Awaitable[list[Place]]]
"""(question, documents) → pages, best first."""


class Cells(msgspec.Struct, frozen=True):
    """One line of the table: sums over `questions`, by cell: recall@k, hit@k, mrr."""

    questions: int
    sums: dict[str, float]

    def share(self, cell: str) -> float:
        return self.sums[cell] / self.questions


class Line(msgspec.Struct, frozen=True):
    """A set in a scope: `ours` and the two baselines."""

    name: str
    scope: str
    ours: Cells
    plain: Cells
    whole_ids: Cells

    def behind(self, cell: str) -> float:
        """By how many questions ours is worse than the better baseline; negative when better."""
        return max(self.plain.sums[cell], self.whole_ids.sums[cell]) - self.ours.sums[cell]


async def compare(database_url: str, sets: Iterable[QuestionSet]) -> list[Line]:
    """Stores the sets in the (migrated, else unused) database and asks their questions of everybody."""
    lines = []
    async with opened(database_url) as (engine, database):
        for questions in sets:
            ids = await store(database, questions)
            ours = product(PostgresSearch(open_sessions(engine)), ids)
            rankers = (ours, baseline(questions, whole_ids=False), baseline(questions, whole_ids=True))
            for scope in scopes_of(questions):
                cells = [await ask_all(questions, scope, ranker) for ranker in rankers]
                lines.append(Line(questions.name, scope, *cells))
    return lines


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[tuple[AsyncEngine, Database]]:
    engine = open_engine(database_url, name="bench")
    try:
        yield engine, Database(open_sessions(engine), _tell_nobody, on_end={})
    finally:
        await engine.dispose()


async def store(database: Database, questions: QuestionSet) -> dict[str, UUID]:
    """The ids of the set's documents by their keys."""
    ids = {}
    async with database.uow() as uow:
        owner = await uow.users.add(f"owner of {questions.name} {new_id()}", "user")
        for key, source in questions.sources.items():
            ids[key] = new_id()
            await uow.documents.add(
                Document(id=ids[key], owner_id=owner.id, name=source.name, status=DocumentStatus.READING)
            )
            await uow.documents.save_pages(ids[key], source.contents)
        await uow.commit()
    return ids


def product(search: PostgresSearch, ids: dict[str, UUID]) -> Ranker:
    keys = {document_id: key for key, document_id in ids.items()}

    async def rank(question: str, documents: tuple[str, ...]) -> list[Place]:
        hits = await search.search(question, [ids[key] for key in documents], level="page", limit=LIMIT)
        return [(keys[hit.document_id], hit.page_no - 1) for hit in hits]

    return rank


def baseline(questions: QuestionSet, *, whole_ids: bool) -> Ranker:
    pages = {
        (key, index): tokens(text, whole_ids=whole_ids)
        for key, source in questions.sources.items()
        for index, text in enumerate(source.texts)
    }
    indexes: dict[tuple[str, ...], PlainBM25] = {}

    async def rank(question: str, documents: tuple[str, ...]) -> list[Place]:
        if documents not in indexes:
            indexes[documents] = PlainBM25({place: page for place, page in pages.items() if place[0] in documents})
        return indexes[documents].rank(tokens(question, whole_ids=whole_ids))

    return rank


async def ask_all(questions: QuestionSet, scope: str, rank: Ranker) -> Cells:
    ranked = [await rank(asked.text, documents_of(questions, scope, asked)) for asked in questions.questions]
    return cells_of(zip(questions.questions, ranked, strict=True))


def documents_of(questions: QuestionSet, scope: str, asked: Asked) -> tuple[str, ...]:
    """`corpus`: all of the set; `doc`: those that hold the answer."""
    return tuple(questions.sources) if scope == "corpus" else tuple(sorted({place[0] for place in asked.gold}))


def scopes_of(questions: QuestionSet) -> tuple[str, ...]:
    return ("corpus", "doc") if len(questions.sources) > 1 else ("doc",)


def cells_of(ranked: Iterable[tuple[Asked, Sequence[Place]]]) -> Cells:
    sums = dict.fromkeys([f"{kind}@{depth}" for kind in ("recall", "hit") for depth in DEPTHS] + ["mrr"], 0.0)
    questions = 0
    for asked, places in ranked:
        _add(sums, asked, places)
        questions += 1
    return Cells(questions, sums)


def _add(sums: dict[str, float], asked: Asked, ranked: Sequence[Place]) -> None:
    for depth in DEPTHS:
        found = len(asked.gold.intersection(ranked[:depth]))
        sums[f"hit@{depth}"] += found > 0
        sums[f"recall@{depth}"] += (found > 0) if asked.any_page else found / len(asked.gold)
    sums["mrr"] += next((1 / rank for rank, place in enumerate(ranked, start=1) if place in asked.gold), 0.0)


async def _tell_nobody(_: Outbox) -> None:
    """Storing documents has no events."""
