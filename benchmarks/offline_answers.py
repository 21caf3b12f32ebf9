"""The offline reader on the open question sets: the product's reading, search, materials, answer and verification.

Alone: `python -m benchmarks.offline_answers`. The reader was worked out on `dev`; `held` is only measured.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import msgspec

from benchmarks.offline_gold import Asking, holds_value, questions
from benchmarks.search import migrated_database
from benchmarks.search_quality import opened, store
from benchmarks.search_sets import QuestionSet, read_sets
from domain.answers import VERIFIED, Answer
from domain.chats import Question, Scope
from domain.documents import Document
from domain.events import EventType
from domain.families.analysis.answer import answer
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.families.analysis.verify import verify
from domain.ids import new_id
from domain.llm import Capabilities, Usage
from domain.rules_language import language_of
from domain.stage import Asked, StageContext
from storage.database import open_sessions
from storage.search import PostgresSearch
from storage.uow import Database
from tests.fakes.stage_context import running_job
from workers.offline.intents import read_intent
from workers.providers.dryrun import MODEL, NAME, READERS


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A question and what came of it; `ms` is the reader's own time. `pages` are those cited."""

    asking: Asking
    answer: Answer
    pages: frozenset[tuple[str, int]]
    unverified: int
    ms: float


class _Context:
    """What the stages need of a job's context: the store, the search and the offline reader."""

    def __init__(self, database: Database, index: PostgresSearch, user_id: UUID) -> None:
        self.job = msgspec.structs.replace(running_job(user_id), max_attempts=1)
        self.uow = database.uow
        self.search = index
        self.spent = Usage()
        self.ms = 0.0

    def has_models(self, role: str) -> bool:
        return False

    def capabilities(self, role: str) -> Capabilities:
        return Capabilities(offline=True, context_tokens=10_000_000)

    async def emit(self, event: EventType, payload: dict[str, Any]) -> None:
        """Nobody listens."""

    async def progress(self, fraction: float, message_ru: str = "", message_en: str = "") -> None:
        """Nobody looks."""

    async def write_answer(self, text: str) -> None:
        """Nobody reads along."""

    async def restart_answer(self, reason: str) -> None:
        """Nobody has read anything."""

    async def ask(self, role: str, prompt: str, variables: dict[str, Any], schema: type, **_: Any) -> Asked:
        start = time.perf_counter()
        reply = READERS[prompt](variables)
        self.ms += 1000 * (time.perf_counter() - start)
        return Asked(reply=reply, model=f"{NAME}:{MODEL}", usage=Usage(), offline=True)


def section() -> str:
    """The part of the report, in Markdown. Takes about two minutes."""
    return render(measure(list(read_sets())))


def measure(sets: Sequence[QuestionSet]) -> list[Told]:
    with migrated_database() as url:
        return asyncio.run(_answer_all(url, sets))


def render(told: Sequence[Told]) -> str:
    names = list(dict.fromkeys(one.asking.set_name for one in told))
    groups = [(name, half) for name in names for half in ("dev", "held")]
    rows = [_row(told, [name], [half]) for name, half in groups]
    rows += [_row(told, names, [half]) for half in ("dev", "held")]
    times = sorted(one.ms for one in told)
    return f"""
## The offline reader on the open question sets

Each question is asked of its document through search, materials, answer and verification. `gold page` counts answers
that cite a gold page, `value` those that hold the numbers and designations of the gold answer (or else its words, but
for a third), `refused` those that say that the documents do not hold the answer. `absent` are questions without an
answer, `misdirected` ones put to a document of another set: there "not found" is right. `unverified` are claims of all
its answers that the ledger could not find. The reader was worked out on `dev`, `held` is only measured.
Time of the reader: p50 {times[len(times) // 2]:.0f} ms, p95 {times[len(times) * 95 // 100]:.0f} ms.

| set | half | questions | gold page | value | refused | absent | misdirected | unverified |
|---|---|---|---|---|---|---|---|---|
{"".join(rows)}"""


def _row(told: Sequence[Told], names: Sequence[str], halves: Sequence[str]) -> str:
    own = [one for one in told if one.asking.set_name in names and one.asking.half in halves]
    asked = [one for one in own if one.asking.gold]
    valued = [one for one in asked if one.asking.value]
    others = [one for one in own if not one.asking.gold]
    absent = [one for one in others if not one.asking.is_misdirected]
    misdirected = [one for one in others if one.asking.is_misdirected]
    cells = (
        names[0] if len(names) == 1 else "all",
        halves[0],
        str(len(asked)),
        _share(sum(bool(one.pages & one.asking.gold) for one in asked), len(asked)),
        _share(sum(holds_value(one.answer.text, one.asking.value) for one in valued), len(valued)),
        str(sum(not one.answer.citations for one in asked)),
        _share(sum(not one.answer.citations for one in absent), len(absent)),
        _share(sum(not one.answer.citations for one in misdirected), len(misdirected)),
        f"{sum(one.unverified for one in own)} of {sum(len(one.answer.claims) for one in own)}",
    )
    return f"| {' | '.join(cells)} |\n"


def _share(count: int, total: int) -> str:
    return f"{count}/{total}" if total else "–"


async def _answer_all(url: str, sets: Sequence[QuestionSet]) -> list[Told]:
    async with opened(url) as (engine, database):
        stored = await _store_all(database, sets)
        index = PostgresSearch(open_sessions(engine))
        return [await _answer(asking, database, index, stored) for asking in questions(sets)]


async def _store_all(database: Database, sets: Sequence[QuestionSet]) -> dict[str, Document]:
    """The documents, ready to be asked, by key."""
    stored: dict[str, Document] = {}
    for one in sets:
        ids = await store(database, one)
        async with database.uow() as uow:
            for key, document_id in ids.items():
                await uow.documents.set_page_count(document_id, len(one.sources[key].contents))
                await uow.documents.set_ready(document_id, {})
                stored[key] = await uow.documents.get(document_id)
            await uow.commit()
    return stored


async def _answer(asking: Asking, database: Database, index: PostgresSearch, stored: Mapping[str, Document]) -> Told:
    documents = [stored[key] for key in asking.documents]
    keys = {document.id: key for document, key in zip(documents, asking.documents, strict=True)}
    ctx = _Context(database, index, documents[0].owner_id)
    # The stages take the whole protocol; these three use of it what stands here.
    context = cast("StageContext", ctx)
    state = AnalysisState(
        question=Question(message_id=new_id(), chat_id=new_id(), scope=Scope(document_ids=tuple(keys))),
        text=asking.text,
        language=language_of(asking.text),
        intent=read_intent({"question": asking.text}),
    )
    for stage in (search, answer):
        outcome = await stage(context, state)
        state: AnalysisState = outcome.state
    finished = await verify(context, state)
    answered = msgspec.convert(finished.result["answer"], Answer)
    return Told(
        asking=asking,
        answer=answered,
        pages=frozenset((keys[cited.document_id], cited.page_no - 1) for cited in answered.citations),
        unverified=sum(claim.verdict not in VERIFIED for claim in answered.claims),
        ms=ctx.ms,
    )
