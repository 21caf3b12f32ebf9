"""Words of blocks as places: sheets of pages and exact boxes of quoted text, read once per stage run."""

from uuid import UUID

from domain.documents import Block, Box, Word, sheet_label
from domain.families.matrix.types import Place, ReadDocument
from domain.grounding.material import Material
from domain.grounding.rules_citations import Source, Stream, find_quote, line_boxes, words_of
from domain.stage import StageContext

MAX_QUOTE = 1_200
"""Characters of a quotation that are kept. A guess."""


class Places:
    """Finds where texts stand. Belongs to one run of a stage; keeps the words of the pages it was asked about."""

    def __init__(self, ctx: StageContext, language: str) -> None:
        self._ctx = ctx
        self._language = language
        self._words: dict[tuple[UUID, int], tuple[Word, ...]] = {}
        self._sheets: dict[tuple[UUID, int], str] = {}
        self._streams: dict[tuple[UUID, int, str], tuple[Source, Stream]] = {}

    async def sheet(self, document_id: UUID, page_no: int) -> str:
        """The page as engineers say it."""
        key = (document_id, page_no)
        if key not in self._sheets:
            async with self._ctx.uow() as uow:
                pages = await uow.documents.pages(document_id, [page_no])
            self._sheets[key] = sheet_label(pages[0], self._language) if pages else str(page_no)
        return self._sheets[key]

    async def place(self, document: ReadDocument, block: Block, quote: str) -> Place:
        """The place of words of a block; its whole box when the words have no coordinates of their own."""
        boxes = await self.boxes(document, block, quote)
        return Place(
            document_id=document.id,
            document_name=document.name,
            page_no=block.page_no,
            sheet=await self.sheet(document.id, block.page_no),
            block_id=block.id,
            boxes=boxes or ((block.box,) if block.box else ()),
            quote=quote[:MAX_QUOTE],
        )

    async def boxes(self, document: ReadDocument, block: Block, quote: str) -> tuple[Box, ...] | None:
        """The boxes of quoted words, one a line; empty without coordinates; null when they do not stand there."""
        key = (document.id, block.page_no, block.id)
        if key not in self._streams:
            source = await self.source(document, block)
            self._streams[key] = source, Stream([word.text for word in source.words])
        source, stream = self._streams[key]
        # Reading the block's words once serves all its quotations; what it misses the thorough way finds.
        found = stream.find(quote)
        if found is not None:
            return line_boxes(source.words[found[0] : found[1] + 1])
        return find_quote(quote, source)

    async def source(self, document: ReadDocument, block: Block) -> Source:
        """The block with its words, for looking up quotations."""
        material = Material(
            ref=block.id,
            document_id=document.id,
            document_name=document.name,
            page_no=block.page_no,
            sheet="",
            block_id=block.id,
            kind=block.kind,
        )
        words = words_of(block, await self._words_on(document.id, block.page_no))
        return Source(material=material, block=block, words=words)

    async def _words_on(self, document_id: UUID, page_no: int) -> tuple[Word, ...]:
        key = (document_id, page_no)
        if key not in self._words:
            async with self._ctx.uow() as uow:
                self._words[key] = await uow.documents.words(document_id, page_no)
        return self._words[key]
