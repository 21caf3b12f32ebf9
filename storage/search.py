"""Lexical search in PostgreSQL: BM25 over the inverted index, of pages and of blocks (DESIGN §9, docs/search.md).

Two steps: the best pages by their terms (`storage.candidates`), weighed again by where on them the terms stand
(`storage.ranking`). What is shown of a place is read for those that are kept.
"""

from collections.abc import Mapping, Sequence, Set
from uuid import UUID

import msgspec

from domain.documents import Box, Hit, Word
from storage.candidates import find_candidates
from storage.database import Sessions
from storage.direct import Direct
from storage.page_contents import unpack_words
from storage.questions import read_question
from storage.ranking import SHARES, Place, Ranked, Shares, Weighed, best_blocks, best_pages, weigh
from storage.snippets import boxes_of, snippet_of

CANDIDATES = 100
"""Pages that the second step weighs. On the open sets the ranks up to 10 are the same with 60 and with 200."""

DRAWINGS_CONNECTIONS = 2
"""For the block index alone: who waits for it does not hold up the search. A guess."""


class PostgresSearch:
    """See `domain.ports.SearchIndex`. Takes a connection for each statement; holds none between."""

    def __init__(self, sessions: Sessions, *, shares: Shares = SHARES) -> None:
        self._direct = Direct(sessions.kw["bind"])
        self._drawings = Direct(sessions.kw["bind"], connections=DRAWINGS_CONNECTIONS)
        self._shares = shares

    async def search(
        self,
        query: str,
        document_ids: Sequence[UUID],
        *,
        level: str = "block",
        limit: int = 20,
        with_boxes: bool = True,
    ) -> list[Hit]:
        ranked = await self.rank(query, document_ids, level=level, limit=limit)
        return await self.show(query, ranked, level=level, with_boxes=with_boxes)

    async def search_levels(
        self, query: str, document_ids: Sequence[UUID], *, blocks: int, pages: int
    ) -> tuple[list[Hit], list[Hit]]:
        best = await self.rank_levels(query, document_ids, blocks=blocks, pages=pages)
        return await self.show_levels(query, *best)

    async def rank(self, query: str, document_ids: Sequence[UUID], *, level: str, limit: int) -> list[Ranked]:
        """The places of `search` alone, without names, snippets and boxes."""
        weighed = await self._weigh(query, document_ids, limit)
        return (best_blocks if level == "block" else best_pages)(weighed)[:limit]

    async def rank_levels(
        self, query: str, document_ids: Sequence[UUID], *, blocks: int, pages: int
    ) -> tuple[list[Ranked], list[Ranked]]:
        """The places of `search_levels` alone."""
        weighed = await self._weigh(query, document_ids, max(blocks, pages))
        return best_blocks(weighed)[:blocks], best_pages(weighed)[:pages]

    async def show(self, query: str, ranked: Sequence[Ranked], *, level: str, with_boxes: bool) -> list[Hit]:
        """Places with names, snippets and boxes of the question's words, in their order."""
        shown = await self._shown(ranked, with_boxes=with_boxes)
        return _hits(query, ranked, shown, level, _words_of(shown) if with_boxes else None)

    async def show_levels(
        self, query: str, blocks: Sequence[Ranked], pages: Sequence[Ranked]
    ) -> tuple[list[Hit], list[Hit]]:
        """As `show`, without boxes."""
        shown = await self._shown([*blocks, *pages], with_boxes=False)
        of_blocks, of_pages = shown[: len(blocks)], shown[len(blocks) :]
        return _hits(query, blocks, of_blocks, "block"), _hits(query, pages, of_pages, "page")

    async def _weigh(self, query: str, document_ids: Sequence[UUID], limit: int) -> list[Weighed]:
        question = read_question(query)
        if not question.weights or not document_ids:
            return []
        found = await find_candidates(
            self._direct,
            self._drawings,
            question,
            document_ids,
            limit=max(limit, CANDIDATES),
            share=self._shares.drawing,
        )
        return weigh(found.pages, found.idf, found.block_length, self._shares)

    async def _shown(self, ranked: Sequence[Ranked], *, with_boxes: bool) -> "list[_Shown | None]":
        """Side by side with `ranked`; null for what is gone meanwhile."""
        if not ranked:
            return []
        documents, pages = [one.place[0] for one in ranked], [one.place[1] for one in ranked]
        rows = await self._direct.every(_SHOWN, documents, pages, [one.block_no for one in ranked], with_boxes)
        found = {row[0]: row for row in rows}
        return [
            _Shown(one.place, *found[number][1:]) if number in found else None
            for number, one in enumerate(ranked, start=1)
        ]


class _Shown(msgspec.Struct, frozen=True):
    """`box` is JSON, `words` are those of the whole page, told with one of its places. A page on which only names were
    found has no block."""

    place: Place
    document_name: str
    block_id: str | None
    content: str | None
    box: str | None
    words: bytes | None


_SHOWN = """
select w.no, d.name, b.id, b.content, case when $4 then b.box::text end,
    case when $4 and row_number() over (partition by w.document_id, w.page_no) = 1 then g.words end
from unnest($1::uuid[], $2::int[], $3::int[]) with ordinality as w(document_id, page_no, block_no, no)
join documents d on d.id = w.document_id
join pages g on g.document_id = w.document_id and g.page_no = w.page_no
left join blocks b on b.document_id = w.document_id and b.page_no = w.page_no and b.block_no = w.block_no
"""

_BOX = msgspec.json.Decoder(Box)


def _words_of(shown: Sequence[_Shown | None]) -> dict[Place, tuple[Word, ...]]:
    return {row.place: unpack_words(row.words) for row in shown if row and row.words}


def _hits(
    query: str,
    ranked: Sequence[Ranked],
    shown: Sequence[_Shown | None],
    level: str,
    words: Mapping[Place, tuple[Word, ...]] | None = None,
) -> list[Hit]:
    """`words` null: no boxes are wanted."""
    terms = frozenset(read_question(query).weights)
    return [
        Hit(
            document_id=one.place[0],
            document_name=row.document_name,
            page_no=one.place[1],
            block_id=row.block_id if level == "block" else None,
            score=round(one.score, 4),
            snippet=snippet_of(row.content or "", terms),
            boxes=() if words is None else _boxes(one, row, words.get(one.place, ()), terms),
        )
        for one, row in zip(ranked, shown, strict=True)
        if row is not None
    ]


def _boxes(one: Ranked, row: _Shown, words: tuple[Word, ...], terms: Set[str]) -> tuple[Box, ...]:
    if row.block_id is None or one.block_no is None:
        return ()
    return boxes_of(words, one.block_no, _BOX.decode(row.box) if row.box else None, terms)
