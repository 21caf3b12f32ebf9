"""Which blocks the answering model is shown after the collectors: chosen, linked, overlooked, found. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from domain.documents import Block, BlockKind
from domain.families.analysis.rules_materials import MAX_BLOCK_CHARS, BlockKey, Chosen, in_order
from domain.families.analysis.types import Collected, Material

MAX_EXTRAS = 10
PREFERRED_PAGE = 1.5
SHORT_CHARS = 20
SHORT = 0.5
"""spec/aizoomdoc.md §1.6, coverage check: up to ten more by score, pages of chosen blocks preferred, short texts not.
The score is the search's own, so what it adds and takes away there multiplies here."""

MAX_CHARS = 90_000
MAX_SHOWN = 100
"""Of one prompt in complex and compare mode: characters half as many again as in simple mode. Guesses."""


def covered(
    materials: Sequence[Material], collected: Sequence[Collected], blocks: Mapping[BlockKey, Block]
) -> list[Chosen]:
    """The blocks in reading order. `blocks` holds all that may be named."""
    scores = {(m.document_id, m.page_no, m.block_id): m.score for m in materials}
    kept: dict[BlockKey, Chosen] = {}
    room = MAX_CHARS
    for key in _candidates(materials, collected, blocks):
        block = blocks[key]
        cost = min(len(block.content), MAX_BLOCK_CHARS)
        if key in kept or cost > room or (cost == 0 and block.kind is not BlockKind.IMAGE):
            continue
        if len(kept) == MAX_SHOWN:
            break
        kept[key] = Chosen(document_id=key[0], block=block, score=scores.get(key, 0.0))
        room -= cost
    return in_order(kept.values())


def _candidates(
    materials: Sequence[Material], collected: Sequence[Collected], blocks: Mapping[BlockKey, Block]
) -> Iterator[BlockKey]:
    """Pointed blocks, the chosen ones of all documents in turns, their links both ways, the search's of documents
    without a collector's word, then the best that were overlooked."""
    found = [key for m in sorted(materials, key=lambda m: -m.score) if (key := _key(m)) in blocks]
    by_id = {(key[0], key[2]): key for key in blocks}
    chosen = [key for item in _in_turns(collected) if (key := by_id.get(item)) is not None]
    yield from (_key(m) for m in materials if m.score >= 1.0 and _key(m) in blocks)
    yield from chosen
    yield from _linked(chosen, blocks, by_id)
    served = {item.document_id for item in collected if not item.is_failed}
    yield from (key for key in found if key[0] not in served)
    yield from _overlooked(materials, set(chosen), blocks)


def _linked(
    chosen: Sequence[BlockKey], blocks: Mapping[BlockKey, Block], by_id: Mapping[tuple[UUID, str], BlockKey]
) -> Iterator[BlockKey]:
    wanted = {(key[0], key[2]) for key in chosen}
    for key in chosen:
        yield from (by_id[key[0], link] for link in blocks[key].links if (key[0], link) in by_id)
    yield from (key for key, block in blocks.items() if any((key[0], link) in wanted for link in block.links))


def _overlooked(
    materials: Sequence[Material], chosen: set[BlockKey], blocks: Mapping[BlockKey, Block]
) -> list[BlockKey]:
    pages = {key[:2] for key in chosen}

    def worth(material: Material) -> float:
        score = material.score * (PREFERRED_PAGE if (material.document_id, material.page_no) in pages else 1.0)
        return score * (SHORT if len(blocks[_key(material)].content) < SHORT_CHARS else 1.0)

    left = [m for m in materials if m.score > 0 and _key(m) in blocks and _key(m) not in chosen]
    return [_key(material) for material in sorted(left, key=worth, reverse=True)[:MAX_EXTRAS]]


def _in_turns(collected: Sequence[Collected]) -> Iterable[tuple[UUID, str]]:
    longest = max((len(item.block_ids) for item in collected), default=0)
    for place in range(longest):
        yield from ((item.document_id, item.block_ids[place]) for item in collected if place < len(item.block_ids))


def _key(material: Material) -> BlockKey:
    return material.document_id, material.page_no, material.block_id
