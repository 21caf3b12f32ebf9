"""Sheets with drawings, as a reader would report them."""

from domain.documents import Block, BlockKind, Box, Page, PageContent, PageFacts, Word
from domain.ids import derive_block_id

A1_PT = (2384.0, 1684.0)
A4_PT = (595.0, 842.0)


def drawing(page_no: int, block_no: int, box: Box | None, content: str = "") -> Block:
    return Block(
        id=derive_block_id(page_no, "image", f"{content}{box}", block_no),
        page_no=page_no,
        block_no=block_no,
        kind=BlockKind.IMAGE,
        content=content,
        box=box,
    )


def drawn_page(
    page_no: int,
    *drawings: tuple[Box | None, str],
    size_pt: tuple[float, float] = A4_PT,
    stamp: dict[str, str] | None = None,
    smallest_glyph_pt: float | None = 8.0,
) -> PageContent:
    """A page of drawings by box and content; words of a content stand in a row inside its box."""
    blocks = [drawing(page_no, number, box, content) for number, (box, content) in enumerate(drawings)]
    words = [word for block in blocks for word in _words(block)]
    stamp = stamp or {}
    facts = PageFacts(
        stamp=stamp, sheet=stamp.get("sheet"), title=stamp.get("title"), smallest_glyph_pt=smallest_glyph_pt
    )
    page = Page(page_no=page_no, width_pt=size_pt[0], height_pt=size_pt[1], facts=facts)
    return PageContent(page=page, blocks=tuple(blocks), words=tuple(words))


def _words(block: Block) -> list[Word]:
    if block.box is None:
        return []
    x0, y0, _, _ = block.box
    return [
        Word(text=text, box=(x0 + 0.002 * n, y0, x0 + 0.002 * n + 0.001, y0 + 0.01), block_no=block.block_no, line_no=0)
        for n, text in enumerate(block.content.split())
    ]
