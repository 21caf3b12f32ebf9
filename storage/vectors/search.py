"""Search by words and by vectors together; by words alone whenever vectors are not to be had."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Hit
from domain.rules_language import language_of
from storage.database import Sessions
from storage.questions import read_question
from storage.ranking import Place, Ranked
from storage.search import PostgresSearch
from storage.vectors.asking import QuestionVectors
from storage.vectors.fusing import WEIGHTS, Guard, Spot, Weights, fuse, weights_of
from storage.vectors.indexes import VectorIndex, embedded, find_index
from storage.vectors.nearest import Near, nearest

CANDIDATES = 100
"""Of each kind, as many as the lexical search weighs (`storage.search`)."""


class FusedSearch:
    """See `domain.ports.SearchIndex`. Holds a connection only while it asks the database, never while it waits for the
    provider."""

    def __init__(self, sessions: Sessions, questions: QuestionVectors, *, weights: Weights = WEIGHTS) -> None:
        self.questions = questions
        self._sessions = sessions
        self._lexical = PostgresSearch(sessions)
        self._weights = weights
        self._index: VectorIndex | None = None

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

    async def rank(self, query: str, document_ids: Sequence[UUID], *, level: str, limit: int) -> list[Ranked]:
        """The places of `search` alone."""
        lexical, (near, languages) = await asyncio.gather(
            self._lexical.rank(query, document_ids, level=level, limit=max(limit, CANDIDATES)),
            self._near(query, document_ids),
        )
        if not near:
            return lexical[:limit]
        async with self._sessions() as session:
            guard = await _guard(session, query, lexical, near, level)
        weight_of = weights_of(languages, told_language(query), self._weights)
        return fuse(lexical, near, weight_of, level=level, guard=guard)[:limit]

    async def _near(self, query: str, document_ids: Sequence[UUID]) -> tuple[list[Near], dict[UUID, str]]:
        """The chunks nearest to the question, and the languages of the documents that have vectors; of none when the
        provider does not answer in time or nothing is embedded yet."""
        vector = await self.questions.of(query)
        if vector is None:
            return [], {}
        async with self._sessions() as session:
            self._index = self._index or await find_index(session, self.questions.embedder)
            if self._index is None:
                return [], {}
            scope = await embedded(session, self._index, document_ids)
            near = await nearest(session, self._index, vector, scope, limit=CANDIDATES)
        return near, {document_id: document.language for document_id, document in scope.items()}


def told_language(question: str) -> str | None:
    """ru or en; null for a question without words, such as a mark alone."""
    return language_of(question) if _WORDS.search(question) else None


def designations_of(weights: Mapping[str, float]) -> list[str]:
    """The terms of a question that name one thing: with a digit and something else, and no year («FY2022»)."""
    return [
        term for term, weight in weights.items() if weight >= 1 and _NAMES.search(term) and not _YEAR.fullmatch(term)
    ]


_WORDS = re.compile(r"[^\W\d_]{3}")
_NAMES = re.compile(r"\d[^\d]|[^\d]\d")
_YEAR = re.compile(r"\w{1,3}\d?(?:19|20)\d\d")


async def _guard(
    session: AsyncSession, query: str, lexical: Sequence[Ranked], near: Sequence[Near], level: str
) -> Guard:
    names = designations_of(read_question(query).weights)
    if not names:
        return Guard()
    places = {one.place for one in lexical} | {one.place for one in near}
    held: Counter[Spot] = Counter()
    for place, block_nos in await _postings(session, names, places):
        held.update([(place, None)] if level == "page" else [(place, number) for number in block_nos])
    most = max(held.values(), default=0)
    return Guard(spots={spot for spot, count in held.items() if count == most} or None)


async def _postings(
    session: AsyncSession, terms: Sequence[str], places: set[Place]
) -> list[tuple[Place, Sequence[int]]]:
    ordered = sorted(places)
    parameters = {
        "terms": list(terms),
        "documents": [document_id for document_id, _ in ordered],
        "pages": [page_no for _, page_no in ordered],
    }
    rows = await session.execute(_POSTINGS, parameters)
    return [((row.document_id, row.page_no), row.block_nos) for row in rows]


_POSTINGS = text("""
select p.document_id, p.page_no, p.block_nos
from unnest(cast(:documents as uuid[]), cast(:pages as integer[])) as w(document_id, page_no)
join postings p on p.term = any(cast(:terms as text[])) and p.document_id = w.document_id and p.page_no = w.page_no
""")
