"""Pages made of plain texts, laid out as a reader would report them: one word box per word, one line per line."""

from uuid import UUID

from domain.documents import Block, BlockKind, Document, DocumentStatus, Page, PageContent, PageFacts, Word, union
from domain.ids import derive_block_id, new_id
from tests.fakes.unit_of_work import FakeUnitOfWork

LINE_HEIGHT = 0.01
LETTER_WIDTH = 0.005


def page_of(
    page_no: int,
    *contents: str,
    sheet: str | None = None,
    has_words: bool = True,
    needs_ocr: bool = False,
    read_by: str = "text",
) -> PageContent:
    """A page with one block per content, below one another. Contents that begin with | are tables; their rows are
    lines, their rules (|---|) have no words."""
    blocks: list[Block] = []
    words: list[Word] = []
    line = 0
    for block_no, content in enumerate(contents):
        own: list[Word] = []
        rows = [row for row in content.split("\n") if set(row) - set("|-: ")]
        for line_no, row in enumerate(rows):
            own += _line(row, block_no, line_no, 0.05 + (line + line_no) * LINE_HEIGHT)
        line += len(rows) + 1
        kind = BlockKind.TABLE if content.startswith("|") else BlockKind.TEXT
        blocks.append(
            Block(
                id=derive_block_id(page_no, kind.value, content),
                page_no=page_no,
                block_no=block_no,
                kind=kind,
                content=content,
                box=union([word.box for word in own]) if own and has_words else None,
            )
        )
        words += own
    facts = PageFacts(sheet=sheet, needs_ocr=needs_ocr, read_by=read_by)
    page = Page(page_no=page_no, width_pt=595, height_pt=842, facts=facts)
    return PageContent(page=page, blocks=tuple(blocks), words=tuple(words) if has_words else ())


async def add_document(
    uow: FakeUnitOfWork,
    owner_id: UUID,
    name: str,
    *pages: PageContent,
    status: DocumentStatus = DocumentStatus.READY,
    error_ru: str | None = None,
    error_en: str | None = None,
) -> Document:
    document = Document(
        id=new_id(),
        owner_id=owner_id,
        name=name,
        status=status,
        page_count=len(pages),
        sha256=f"{len(uow.documents.stored):064x}",
        error_ru=error_ru,
        error_en=error_en,
    )
    await uow.documents.add(document)
    await uow.documents.save_pages(document.id, pages)
    return document


def _line(text: str, block_no: int, line_no: int, top: float) -> list[Word]:
    words: list[Word] = []
    left = 0.05
    for piece in text.replace("|", " ").split():
        width = LETTER_WIDTH * len(piece)
        box = (left, top, left + width, top + LINE_HEIGHT * 0.9)
        words.append(Word(text=piece, box=box, block_no=block_no, line_no=line_no))
        left += width + LETTER_WIDTH
    return words
