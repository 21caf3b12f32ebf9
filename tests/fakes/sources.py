"""Cited blocks made of plain text, with words laid out as a reader would report them."""

from domain.documents import BlockKind
from domain.families.analysis.types import Material
from domain.grounding.rules_citations import Source, words_of
from domain.ids import new_id
from tests.fakes.pages import page_of


def source_of(
    content: str,
    *,
    name: str = "ОВ.pdf",
    sheet: str = "лист 5 (стр. 7)",
    kind: BlockKind | None = None,
    has_words: bool = True,
) -> Source:
    """The only block of a page 7. Contents that begin with | are tables."""
    page = page_of(7, content, has_words=has_words)
    block = page.blocks[0]
    material = Material(
        ref=block.id,
        document_id=new_id(),
        document_name=name,
        page_no=7,
        sheet=sheet,
        block_id=block.id,
        kind=kind or block.kind,
    )
    return Source(material=material, block=block, words=words_of(block, page.words))
