"""Stage `open`: find out how the document is read and how many pages it has."""

from msgspec import structs

from domain.documents import Document
from domain.errors import DocumentEmpty, DocumentRejected, DocumentTooHeavy
from domain.families.ingest.pages import parse_pages
from domain.families.ingest.rules_prepared import is_prepared
from domain.families.ingest.rules_text import decode_text, is_text_file
from domain.families.ingest.types import MODE_PREPARED, Reader, ReadingState, Source
from domain.ports import UnitOfWork
from domain.stage import Next, StageContext

PAGES_LIMIT = 10_000
"""Read in 5 to 15 minutes. A guess: the largest project documentation in one file is a tenth of it."""


async def open_document(ctx: StageContext, state: ReadingState) -> Next:
    """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
    async with ctx.uow() as uow:
        document = await uow.documents.get(state.source.document_id)
    reader = await _reader_of(ctx, state.source, document)
    if reader.kind == "pages":
        page_count = await ctx.reader.count_pages(reader.digest)
    else:
        page_count = len((await parse_pages(ctx.blobs, reader)).pages)
    if page_count == 0:
        raise DocumentEmpty("no pages")
    if page_count > PAGES_LIMIT:
        raise DocumentTooHeavy(
            f"{page_count} pages",
            public_ru=f"В файле больше {PAGES_LIMIT} страниц.",
            public_en=f"The file has more than {PAGES_LIMIT} pages.",
        )

    async def write(uow: UnitOfWork) -> None:
        await uow.documents.set_page_count(document.id, page_count)

    return Next(state=structs.replace(state, reader=reader, page_count=page_count), write=write)


async def _reader_of(ctx: StageContext, source: Source, document: Document) -> Reader:
    """A file is what its bytes are; a text file may be a prepared document."""
    if source.mode == MODE_PREPARED:
        if "document" not in source.digests:
            raise DocumentRejected("a prepared document without its text")
        return Reader(kind="prepared", digest=source.digests["document"], blocks_digest=source.digests.get("blocks"))
    if document.sha256 is None:
        raise DocumentRejected("a document without a file")
    if not is_text_file(document.name, document.mime_type):
        return Reader(kind="pages", digest=document.sha256)
    data = await ctx.blobs.get(document.sha256)
    if data.startswith(b"%PDF-"):
        return Reader(kind="pages", digest=document.sha256)
    return Reader(kind="prepared" if is_prepared(decode_text(data)) else "text", digest=document.sha256)
