"""Makes a page of what a model transcribed from pictures of its parts. Pure.

A model tells where its blocks stand, not where each word does: such a page has boxes of blocks and no words.
"""

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from domain.documents import Block, BlockKind, Box, Page, PageContent
from domain.ids import derive_block_id
from domain.recognition import to_unrotated, within

SAME_PLACE = 0.5
"""Of the smaller block: blocks of two pictures that cover each other by more may be one. A guess."""

SAME_TEXT = 0.7
"""Likeness of two readings of one text. A guess."""

CONTENT_LIMIT = 20_000
"""Characters of one block; a model that repeats itself writes more."""

NOTHING = "nothing_recognised"

_SIGNS = re.compile(r"[^\w]+")


class SeenBlock(msgspec.Struct, frozen=True, kw_only=True):
    """As the model tells it: `box` is 0–1 of the picture."""

    kind: Literal["text", "table", "image"]
    box: tuple[float, ...]
    markdown: str


class SeenReply(msgspec.Struct, frozen=True, kw_only=True):
    blocks: tuple[SeenBlock, ...]
    sheet: str | None = None
    title: str | None = None
    code: str | None = None


class _Placed(msgspec.Struct, frozen=True):
    """`box` is of the page as seen."""

    tile_no: int
    kind: BlockKind
    box: Box
    content: str


def make_page(page: Page, replies: list[tuple[Box, SeenReply]], read_by: str) -> PageContent:
    """`replies`: each with the part of the page as seen that its picture showed, in reading order."""
    placed: list[_Placed] = []
    for tile_no, (tile, reply) in enumerate(replies):
        for told in reply.blocks:
            if content := told.markdown.strip()[:CONTENT_LIMIT]:
                _add(placed, _Placed(tile_no, BlockKind(told.kind), _place(told.box, tile), content))
    stamp = {
        name: value.strip()[:200]
        for name in ("code", "sheet", "title")
        if (value := next((told for _, reply in replies if (told := getattr(reply, name))), None))
    }
    facts = msgspec.structs.replace(
        page.facts,
        characters=sum(len(block.content) for block in placed),
        needs_ocr=False,
        read_by=read_by,
        sheet=stamp.get("sheet"),
        title=stamp.get("title"),
        stamp=stamp,
        confidence=None,
        warnings=page.facts.warnings if placed else (*page.facts.warnings, NOTHING),
    )
    return PageContent(page=msgspec.structs.replace(page, facts=facts), blocks=_blocks(page, placed))


def _place(box: tuple[float, ...], tile: Box) -> Box:
    """The whole picture where the model tells no box."""
    if len(box) != 4:
        return tile
    x0, y0, x1, y1 = (min(max(edge, 0.0), 1.0) for edge in box)
    return within((x0, y0, x1, y1), tile) if x0 < x1 and y0 < y1 else tile


def _add(placed: list[_Placed], block: _Placed) -> None:
    """Adds the block unless an earlier picture shows it too: then the longer reading stays, or what is new of it."""
    for number, known in enumerate(placed):
        if known.tile_no == block.tile_no or _overlap(known.box, block.box) <= SAME_PLACE:
            continue
        if _is_same(known.content, block.content):
            if len(block.content) > len(known.content):
                placed[number] = msgspec.structs.replace(block, tile_no=known.tile_no)
            return
        if block.kind is not BlockKind.TABLE:
            block = msgspec.structs.replace(block, content=_new_lines(block.content, known.content))
    if block.content:
        placed.append(block)


def _is_same(one: str, other: str) -> bool:
    a, b = _folded(one), _folded(other)
    return a in b or b in a or SequenceMatcher(None, a, b, autojunk=False).ratio() > SAME_TEXT


def _new_lines(content: str, known: str) -> str:
    said = {_folded(line) for line in known.split("\n")}
    return "\n".join(line for line in content.split("\n") if _folded(line) not in said).strip()


def _folded(text: str) -> str:
    return _SIGNS.sub(" ", text.lower()).strip()


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    least = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / least if width > 0 and height > 0 and least > 0 else 0.0


def _blocks(page: Page, placed: list[_Placed]) -> tuple[Block, ...]:
    occurrences: Counter[tuple[str, str]] = Counter()
    blocks: list[Block] = []
    heading: str | None = None
    for block_no, block in enumerate(placed):
        if block.kind is BlockKind.TEXT and block.content.startswith("#"):
            heading = block.content.split("\n", 1)[0].lstrip("#").strip() or heading
        folded = " ".join(block.content.split())
        occurrence = occurrences[block.kind.value, folded]
        occurrences[block.kind.value, folded] += 1
        x0, y0, x1, y1 = to_unrotated(block.box, page.rotation)
        blocks.append(
            Block(
                id=derive_block_id(page.page_no, block.kind.value, block.content, occurrence),
                page_no=page.page_no,
                block_no=block_no,
                kind=block.kind,
                content=block.content,
                box=(round(x0, 5), round(y0, 5), round(x1, 5), round(y1, 5)),
                heading=heading,
            )
        )
    return tuple(blocks)
