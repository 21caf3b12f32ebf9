"""What re-ranking by a model can gain and spoil: the stage's own code and the real Gemini wire, beside scripted judges.

No judge here is a flash model. Some know the gold pages and err as often as told: an upper bound of what a model could
do with our candidates, and what one that picks wrongly costs. One knows nothing and goes by the nearness of a small
trained model. Alone: `python -m benchmarks.search_rerank`.
"""

import asyncio
import json
import random
import re
import statistics
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from benchmarks.search import CELLS, TREE, migrated_database
from benchmarks.search_quality import Cells, cells_of, documents_of, opened, scopes_of, store
from benchmarks.search_sets import Asked, Place, QuestionSet, read_sets
from benchmarks.trained_vectors import NAME as TRAINED
from benchmarks.trained_vectors import TrainedVectors, trained_folder
from benchmarks.vector_questions import thinned
from domain.budgets import Budget
from domain.chats import Question
from domain.documents import Document, DocumentStatus
from domain.families.analysis.gathering import Found
from domain.families.analysis.rerank import CANDIDATES, RERANK_ROLE, rerank
from domain.families.analysis.search import find
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from storage.database import open_sessions
from storage.prompts import FilePrompts
from storage.search import PostgresSearch
from tests.fakes.blobs import FakeBlobs
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.loopback.gemini_server import GeminiServer, Seen, said
from workers.asking import Asker
from workers.models import ModelConfig
from workers.providers.gemini import GeminiProvider

MODEL = "gemini:gemini-3-flash-preview"
ERRORS = (0.0, 0.2, 0.4)
"""Of a judge that knows the gold pages: the share of its picks that are another excerpt instead."""

SEED = 20
SHOWN = [cell for cell in CELLS if not cell.startswith("hit")]
_EXCERPT = re.compile(r'\{"id":"E\d+".*\}')

Pick = Callable[[str, Sequence[Mapping[str, Any]], frozenset[Place]], list[str]]
"""(question, excerpts, gold as document name and page number) → ids, best first."""


class Reranks(msgspec.Struct, frozen=True, kw_only=True):
    """A set in a scope: the pages of the best blocks, by judge; null is the order found. `reachable` is the share of
    questions with a gold page among the excerpts shown."""

    name: str
    scope: str
    reachable: float
    cells: dict[str | None, Cells]


class Judge:
    """A scripted model. `gold` is that of the question that is asked."""

    def __init__(self, pick: Pick) -> None:
        self.gold: frozenset[Place] = frozenset()
        self.question = ""
        self._pick = pick

    def __call__(self, seen: Seen) -> Any:
        excerpts = [json.loads(line) for line in _EXCERPT.findall(seen.prompt)]
        return said({"ids": self._pick(self.question, excerpts, self.gold)})


def knowing(error: float) -> Pick:
    """Names the gold excerpts in the order shown, or one if there is none; each with this chance another one."""
    drawn = random.Random(SEED)

    def pick(_: str, excerpts: Sequence[Mapping[str, Any]], gold: frozenset[Place]) -> list[str]:
        right = [one["id"] for one in excerpts if (one["document"], one["page"]) in gold]
        wrong = [one["id"] for one in excerpts if one["id"] not in right]
        picked = [drawn.choice(wrong) if wrong and drawn.random() < error else name for name in right or [None]]
        return [name for name in picked if name is not None]

    return pick


def nearest_by(vectors: TrainedVectors) -> Pick:
    def pick(question: str, excerpts: Sequence[Mapping[str, Any]], _: frozenset[Place]) -> list[str]:
        rows = vectors.rows([question, *(one["text"] for one in excerpts)])
        return [excerpts[number]["id"] for number in np.argsort(-(rows[1:] @ rows[0]), kind="stable")]

    return pick


def judges() -> dict[str, Judge]:
    known = {f"knows, errs {error:.0%}": Judge(knowing(error)) for error in ERRORS}
    folder = trained_folder()
    return known if folder is None else {**known, TRAINED: Judge(nearest_by(TrainedVectors(folder)))}


async def measure(database_url: str, sets: Sequence[QuestionSet]) -> list[Reranks]:
    """In a migrated, else unused database."""
    measured: list[Reranks] = []
    async with opened(database_url) as (engine, database):
        index = PostgresSearch(open_sessions(engine))
        async with asked_by(judges()) as contexts:
            for questions in map(thinned, sets):
                ids = await store(database, questions)
                measured += [
                    await _measure_set(index, questions, scope, ids, contexts) for scope in scopes_of(questions)
                ]
    return measured


Contexts = Mapping[str, tuple[Judge, Asker]]


@asynccontextmanager
async def asked_by(judges: Mapping[str, Judge]) -> AsyncIterator[Contexts]:
    """Each judge behind a Gemini of its own on loopback."""
    contexts: dict[str, tuple[Judge, Asker]] = {}
    servers = {name: GeminiServer(judge) for name, judge in judges.items()}
    providers: list[GeminiProvider] = []
    try:
        for name, server in servers.items():
            server.__enter__()
            provider = GeminiProvider(FakeBlobs(), api_key="AIza-of-the-bench", base_url=server.url)
            providers.append(provider)
            contexts[name] = judges[name], _asker(provider)
        yield contexts
    finally:
        for provider in providers:
            await provider.close()
        for server in servers.values():
            server.__exit__(None, None, None)


def _asker(provider: GeminiProvider) -> Asker:
    return Asker(
        providers={"gemini": provider},
        config=ModelConfig(chains={RERANK_ROLE: (MODEL,), "flash": (MODEL,)}),
        prompts=FilePrompts(TREE / "prompts"),
        log=FakeLLMLog(),
        budget=Budget(),
    )


async def _measure_set(
    index: PostgresSearch, questions: QuestionSet, scope: str, ids: Mapping[str, UUID], contexts: Contexts
) -> Reranks:
    ranked: dict[str | None, list[list[Place]]] = {name: [] for name in (None, *contexts)}
    reachable = 0
    for asked in questions.questions:
        keys = documents_of(questions, scope, asked)
        state = AnalysisState(question=Question(message_id=new_id(), chat_id=new_id()), text=asked.text)
        found = await find(index, state, [ids[key] for key in keys])
        pages = {document_id: key for key, document_id in ids.items()}
        ranked[None].append(_pages(found, pages))
        reachable += any(place in asked.gold for place in _pages(_best(found), pages))
        for name, (judge, asker) in contexts.items():
            ranked[name].append(_pages(await _reranked(judge, asker, questions, asked, found, ids), pages))
    return Reranks(
        name=questions.name,
        scope=scope,
        reachable=reachable / len(questions.questions),
        cells={name: cells_of(zip(questions.questions, own, strict=True)) for name, own in ranked.items()},
    )


async def _reranked(
    judge: Judge, asker: Asker, questions: QuestionSet, asked: Asked, found: Found, ids: Mapping[str, UUID]
) -> Found:
    judge.question = asked.text
    judge.gold = frozenset((questions.sources[key].name, index + 1) for key, index in asked.gold)
    documents = [
        Document(id=document_id, owner_id=new_id(), name=questions.sources[key].name, status=DocumentStatus.READY)
        for key, document_id in ids.items()
    ]
    return await rerank(FakeStageContext(FakeUnitOfWork(), new_id(), asker=asker), asked.text, found, documents)


def _best(found: Found) -> Found:
    best = sorted(found.blocks, key=lambda key: (-found.blocks[key], key))[:CANDIDATES]
    return msgspec.structs.replace(found, blocks={key: found.blocks[key] for key in best})


def _pages(found: Found, keys: Mapping[UUID, str]) -> list[Place]:
    """In the order of their best blocks."""
    ordered = sorted(found.blocks, key=lambda key: (-found.blocks[key], key))
    return list(dict.fromkeys((keys[document_id], page_no - 1) for document_id, page_no, _ in ordered))


def render(measured: Sequence[Reranks]) -> str:
    rows = "".join(
        f"| {one.name} | {one.scope} | {one.reachable:.2f} | {name or 'as found'} | "
        f"{' | '.join(f'{cells.share(cell):.3f}' for cell in SHOWN)} |\n"
        for one in measured
        for name, cells in one.cells.items()
    )
    means = "".join(
        f"| **mean** | | | {name or 'as found'} | {_mean(measured, name)} |\n" for name in measured[0].cells
    )
    return f"""## Search: re-ranking

The stage's own code over the real wire, but **no flash model**: none is to be had here. Judges that *know* the gold
pages and err as told (a wrong pick is a random other excerpt) bound from above what a model can do with the best
{CANDIDATES} blocks by words, and show what a bad one spoils; `{TRAINED}` puts them in order of nearness to the question
and knows nothing. Figures are of the pages of the best blocks; `reachable`: a gold page is among those blocks.

| set | scope | reachable | judge | {" | ".join(SHOWN)} |
|{"---|" * (4 + len(SHOWN))}
{rows}{means}"""


def _mean(measured: Sequence[Reranks], name: str | None) -> str:
    """Every set and scope counting as one."""
    return " | ".join(f"{statistics.mean(one.cells[name].share(cell) for one in measured):.3f}" for cell in SHOWN)


def main() -> None:
    sets = list(read_sets())
    with migrated_database() as url:
        print(render(asyncio.run(measure(url, sets))))


if __name__ == "__main__":
    main()
