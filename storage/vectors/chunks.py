"""Pages cut into the texts that vectors stand for: runs of blocks, with what the blocks stand under. Pure."""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from domain.documents import Block

CHUNK_CHARACTERS = 1000
"""Blocks are put together up to so many characters. Measured in docs/search.md against 400, 2000 and whole pages."""

PIECE_CHARACTERS = 3000
"""A longer block is cut: at 2,048 tokens Gemini cuts in silence, and a token of Russian is about two characters."""

VERSION = 1
"""Of these rules. Vectors of another version are another index."""


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """`chunk_no` counts on its page, from 0; the blocks are those from `first_block` to `last_block`, inclusive."""

    page_no: int
    chunk_no: int
    first_block: int
    last_block: int
    text: str

    @property
    def digest(self) -> bytes:
        """16 bytes that tell whether the text is still the one that was embedded."""
        return hashlib.sha256(self.text.encode()).digest()[:16]


def cut_document(name: str, blocks: Sequence[Block], *, characters: int = CHUNK_CHARACTERS) -> list[Chunk]:
    """The chunks of a document whose blocks are given in reading order."""
    chunks: list[Chunk] = []
    page: list[Block] = []
    for block in blocks:
        if page and block.page_no != page[0].page_no:
            chunks.extend(_cut_page(name, page, characters))
            page = []
        page.append(block)
    chunks.extend(_cut_page(name, page, characters))
    return chunks


def _cut_page(name: str, blocks: Sequence[Block], characters: int) -> Iterator[Chunk]:
    number = 0
    for run in _runs(blocks, characters):
        above = " › ".join(part for part in (name, run[0].heading or "") if part)
        content = "\n".join(block.content.strip() for block in run)
        for start in range(0, len(content), PIECE_CHARACTERS):
            yield Chunk(
                page_no=run[0].page_no,
                chunk_no=number,
                first_block=run[0].block_no,
                last_block=run[-1].block_no,
                text=f"{above}\n{content[start : start + PIECE_CHARACTERS]}",
            )
            number += 1


def _runs(blocks: Sequence[Block], characters: int) -> Iterator[list[Block]]:
    """Successive blocks with some text; a heading that differs begins a new run once there is something in it."""
    run: list[Block] = []
    length = 0
    for block in blocks:
        size = len(block.content.strip())
        if not size:
            continue
        if run and length + size > characters:
            yield run
            run, length = [], 0
        run.append(block)
        length += size
    if run:
        yield run
