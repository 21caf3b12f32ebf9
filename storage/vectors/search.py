"""Search by words and by vectors together; by words alone whenever vectors are not to be had."""

import asyncio
import copy
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Hit
from domain.rules_language import language_of
from storage.database import Sessions
from storage.direct import Direct
from storage.ranking import Ranked
from storage.search import PostgresSearch
from storage.vectors.account import QUESTIONS, EmbeddingAccount
from storage.vectors.asking import Pay, Questions
from storage.vectors.fusing import WEIGHTS, Guard, Weights, fuse, weights_of
from storage.vectors.guarding import guards_of
from storage.vectors.indexes import VectorIndex, embedded, look_up_index
from storage.vectors.nearest import Near, nearest

CANDIDATES = 100
"""Of each kind, as many as the lexical search weighs (`storage.search`)."""


class Rankings(msgspec.Struct, frozen=True, kw_only=True):
    """What is fused. `near` is empty when the provider did not answer in time or nothing is embedded yet; `languages`
    are of the documents that have vectors."""

    lexical: Sequence[Ranked]
    near: Sequence[Near] = ()
    languages: Mapping[UUID, str] = {}
    guard: Guard = Guard()


class FusedSearch:
    """See `domain.ports.SearchIndex`. Holds a connection only while it asks the database, never while it waits for the
    provider. `pay` is charged for the vectors of questions; null: the installation itself is."""

    def __init__(
        self, sessions: Sessions, questions: Questions, *, weights: Weights = WEIGHTS, pay: Pay | None = None
    ) -> None:
        self.questions = questions
        self._direct = Direct(sessions.kw["bind"])
        self._lexical = PostgresSearch(sessions)
        self._weights = weights
        self._indexes: dict[str, VectorIndex] = {}
        account = EmbeddingAccount(sessions, model=questions.embedder.model, purpose=QUESTIONS)
        self.pay = pay or account.pay

    def asking(self, questions: Questions) -> "FusedSearch":
        """The same search with the vectors of its questions from somewhere else."""
        other = copy.copy(self)
        other.questions = questions
        return other

    def paid_by(self, pay: Pay) -> "FusedSearch":
        """The same search, with its connections, on somebody's account."""
        charged = copy.copy(self)
        charged.pay = pay
        return charged

    async def search(
        self,
        query: str,
        document_ids: Sequence[UUID],
        *,
        level: str = "block",
        limit: int = 20,
        with_boxes: bool = True,
    ) -> list[Hit]:
        if not document_ids:
            return []
        ranked = await self.rank(query, document_ids, level=level, limit=limit)
        return await self._lexical.show(query, ranked, level=level, with_boxes=with_boxes)

    async def search_levels(
        self, query: str, document_ids: Sequence[UUID], *, blocks: int, pages: int
    ) -> tuple[list[Hit], list[Hit]]:
        if not document_ids:
            return [], []
        found = await self._level_rankings(query, document_ids, limit=max(blocks, pages))
        best = {level: fused(query, rankings, self._weights, level=level) for level, rankings in found.items()}
        return await self._lexical.show_levels(query, best["block"][:blocks], best["page"][:pages])

    async def rank(self, query: str, document_ids: Sequence[UUID], *, level: str, limit: int) -> list[Ranked]:
        """The places of `search` alone."""
        rankings = await self.rankings(query, document_ids, level=level, limit=limit)
        return fused(query, rankings, self._weights, level=level)[:limit]

    async def rankings(self, query: str, document_ids: Sequence[UUID], *, level: str, limit: int) -> Rankings:
        """What words find and what vectors find, beside one another."""
        lexical, near = await asyncio.gather(
            self._lexical.rank(query, document_ids, level=level, limit=max(limit, CANDIDATES)),
            self._near(query, document_ids),
        )
        return (await self._guarded(query, near, {level: lexical}))[level]

    async def _level_rankings(self, query: str, document_ids: Sequence[UUID], *, limit: int) -> dict[str, Rankings]:
        """Of block and page, each as `rankings` tells it, asked for once."""
        most = max(limit, CANDIDATES)
        (blocks, pages), near = await asyncio.gather(
            self._lexical.rank_levels(query, document_ids, blocks=most, pages=most),
            self._near(query, document_ids),
        )
        return await self._guarded(query, near, {"block": blocks, "page": pages})

    async def _guarded(
        self, query: str, found: tuple[list[Near], dict[UUID, str]], lexical: Mapping[str, Sequence[Ranked]]
    ) -> dict[str, Rankings]:
        """By level, as `lexical` is."""
        near, languages = found
        if not near:
            return {level: Rankings(lexical=ranked) for level, ranked in lexical.items()}
        guards = await guards_of(self._direct, query, lexical, near)
        return {
            level: Rankings(lexical=ranked, near=near, languages=languages, guard=guards[level])
            for level, ranked in lexical.items()
        }

    async def _near(self, query: str, document_ids: Sequence[UUID]) -> tuple[list[Near], dict[UUID, str]]:
        """The chunks nearest to the question, and the languages of the documents that have vectors; of none when the
        provider does not answer in time or nothing is embedded yet."""
        vector = await self.questions.of(query, self.pay)
        if vector is None:
            return [], {}
        index = await self._index()
        if index is None:
            return [], {}
        scope = await embedded(self._direct, index, document_ids)
        near = await nearest(self._direct, index, vector, scope, limit=CANDIDATES)
        return near, {document_id: document.language for document_id, document in scope.items()}

    async def _index(self) -> VectorIndex | None:
        """Null until a worker has made it."""
        embedder = self.questions.embedder
        if embedder.model not in self._indexes and (found := await look_up_index(self._direct, embedder)) is not None:
            self._indexes[embedder.model] = found
        return self._indexes.get(embedder.model)


def fused(query: str, rankings: Rankings, weights: Weights, *, level: str) -> list[Ranked]:
    """Best first."""
    if not rankings.near:
        return list(rankings.lexical)
    weight_of = weights_of(rankings.languages, told_language(query), weights)
    return fuse(rankings.lexical, rankings.near, weight_of, level=level, guard=rankings.guard)


def told_language(question: str) -> str | None:
    """ru or en; null for a question without words, such as a mark alone."""
    return language_of(question) if _WORDS.search(question) else None


_WORDS = re.compile(r"[^\W\d_]{3}")
