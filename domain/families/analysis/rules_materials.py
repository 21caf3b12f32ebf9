"""Which blocks go to the model: the best of several rankings, their neighbours, then openings, within a budget."""

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from domain.documents import Block, BlockKind, Box, Hit, PageKey

MAX_CONTEXT_CHARS = 60_000
"""Characters of block text per prompt (spec/aizoomdoc.md §1.3, MAX_CONTEXT_CHARS)."""

MAX_BLOCKS = 80
"""Blocks per prompt (spec/aizoomdoc.md §1.3, MAX_BLOCKS_IN_MATERIALS)."""

MAX_BLOCK_CHARS = 6_000
"""A longer block is shown by its matching lines. The longest blocks of the sample document have 5,984 characters."""

RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009)."""

PAGE_WEIGHT = 0.5
"""How much a block gains from its page's rank, against its own. A guess."""

NEIGHBOURS_OF_BEST = 12
"""How many of the best blocks bring the blocks before and after them. A guess."""

_WORD = re.compile(r"[^\W_]{3,}")

BlockKey = tuple[UUID, int, str]
"""Document, page and block id."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    document_id: UUID
    block: Block
    score: float = 0.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is shown: characters of block text and blocks; of how many pages the blocks are loaded; how many of the
    best pages bring all their blocks, for tables and their notes stand apart; and how many pages a scope may have that
    is shown whole. The numbers of pages are guesses: 24 are enough for 80 blocks and their neighbours."""

    chars: int = MAX_CONTEXT_CHARS
    blocks: int = MAX_BLOCKS
    pages: int = 24
    full_pages: int = 3
    small_scope_pages: int = 8


SIMPLE = Limits()
SIDE = Limits(chars=MAX_CONTEXT_CHARS // 2, blocks=MAX_BLOCKS // 2)
"""Of one side of a comparison: both together show as much as a simple question."""

COLLECTED = Limits(chars=100_000, blocks=300, pages=60, full_pages=60, small_scope_pages=30)
"""Of one document for its collector, which reads a drawing set of 30 pages whole; about 40,000 tokens. A guess."""


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    hits: Sequence[Hit]
    weight: float = 1.0


def fuse(
    block_rankings: Iterable[Ranking], page_rankings: Iterable[Ranking]
) -> tuple[dict[BlockKey, float], dict[PageKey, float]]:
    """Scores of blocks and pages by reciprocal rank. A block also gains from the rank of its page."""
    blocks: dict[BlockKey, float] = {}
    pages: dict[PageKey, float] = {}
    for ranking in page_rankings:
        for rank, hit in enumerate(ranking.hits):
            page = (hit.document_id, hit.page_no)
            pages[page] = pages.get(page, 0.0) + ranking.weight / (RANK_OFFSET + rank)
    for ranking in block_rankings:
        for rank, hit in enumerate(ranking.hits):
            if hit.block_id is not None:
                key = (hit.document_id, hit.page_no, hit.block_id)
                blocks[key] = blocks.get(key, 0.0) + ranking.weight / (RANK_OFFSET + rank)
    for document_id, page_no, block_id in blocks:
        gain = PAGE_WEIGHT * pages.get((document_id, page_no), 0.0)
        blocks[document_id, page_no, block_id] += gain
    return blocks, pages


def choose(
    scores: Mapping[BlockKey, float],
    pages: Mapping[PageKey, Sequence[Block]],
    *,
    pointed: Iterable[Chosen] = (),
    full_pages: Iterable[PageKey] = (),
    limits: Limits = SIMPLE,
) -> list[Chosen]:
    """The blocks for the prompt, in reading order within each document; documents by their best block.

    `pages` holds all blocks of the pages in question. First come blocks the user points at, then the ranked ones, then
    the neighbours and linked blocks of the best, then the rest of `full_pages`.
    """
    chosen: dict[BlockKey, Chosen] = {}
    room = limits.chars
    for candidate in _candidates(scores, pages, pointed, full_pages):
        key = (candidate.document_id, candidate.block.page_no, candidate.block.id)
        cost = min(len(candidate.block.content), MAX_BLOCK_CHARS)
        if key in chosen or cost > room or (cost == 0 and candidate.block.kind is not BlockKind.IMAGE):
            continue
        if len(chosen) == limits.blocks:
            break
        chosen[key] = candidate
        room -= cost
    return in_order(chosen.values())


def in_order(chosen: Iterable[Chosen]) -> list[Chosen]:
    """In reading order within each document; documents by their best block."""
    items = list(chosen)
    best: dict[UUID, float] = {}
    for item in items:
        best[item.document_id] = max(best.get(item.document_id, 0.0), item.score)
    order = {document_id: place for place, document_id in enumerate(sorted(best, key=lambda d: -best[d]))}
    return sorted(items, key=lambda c: (order[c.document_id], c.block.page_no, c.block.block_no))


def blocks_under(blocks: Sequence[Block], box: Box | None) -> list[Block]:
    """The blocks that a pointed box touches; all of the page for a null box or blocks without coordinates."""
    return [block for block in blocks if box is None or block.box is None or _touch(block.box, box)]


def excerpt(content: str, question: str, limit: int = MAX_BLOCK_CHARS) -> str:
    """`content` within `limit` characters: its first two lines and those that share most words with the question.

    Left-out lines show as one line with an ellipsis. Words are compared by their first five letters: enough to see
    through endings without a stemmer.
    """
    if len(content) <= limit:
        return content
    asked = {word[:5] for word in _WORD.findall(question.lower())}
    lines = content.split("\n")
    weights = [len(asked & {word[:5] for word in _WORD.findall(line.lower())}) for line in lines]
    order = sorted(range(len(lines)), key=lambda n: (n > 1, -weights[n], n))
    kept: set[int] = set()
    room = limit - 2
    for number in order:
        if len(lines[number]) + 3 <= room:
            kept.add(number)
            room -= len(lines[number]) + 3
    shown: list[str] = []
    for number, line in enumerate(lines):
        if number in kept:
            shown.append(line)
        elif not shown or shown[-1] != "…":
            shown.append("…")
    return "\n".join(shown) if kept else content[:limit]


def _candidates(
    scores: Mapping[BlockKey, float],
    pages: Mapping[PageKey, Sequence[Block]],
    pointed: Iterable[Chosen],
    full_pages: Iterable[PageKey],
) -> Iterable[Chosen]:
    yield from pointed
    places = {
        (document_id, page_no, block.id): position
        for (document_id, page_no), blocks in pages.items()
        for position, block in enumerate(blocks)
    }
    ranked = [key for key in sorted(scores, key=lambda key: -scores[key]) if key in places]
    for document_id, page_no, block_id in ranked:
        blocks = pages[document_id, page_no]
        block = blocks[places[document_id, page_no, block_id]]
        yield Chosen(document_id=document_id, block=block, score=scores[document_id, page_no, block_id])
    for document_id, page_no, block_id in ranked[:NEIGHBOURS_OF_BEST]:
        blocks = pages[document_id, page_no]
        place = places[document_id, page_no, block_id]
        linked = set(blocks[place].links)
        near = [*blocks[max(place - 1, 0) : place], *blocks[place + 1 : place + 2]]
        near += [block for block in blocks if block.id in linked or block_id in block.links]
        yield from (Chosen(document_id=document_id, block=block) for block in near)
    for document_id, page_no in full_pages:
        yield from (Chosen(document_id=document_id, block=block) for block in pages.get((document_id, page_no), ()))


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
