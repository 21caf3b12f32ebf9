"""Stage `open`: find out what the file is, how it is read, and how many pages it has."""

from contextlib import aclosing

from msgspec import structs

from domain.documents import Document
from domain.errors import (
    DocumentEmpty,
    DocumentEncrypted,
    DocumentMisnamed,
    DocumentRejected,
    DocumentTooHeavy,
)
from domain.families.ingest.pages import parse_pages
from domain.families.ingest.rules_encodings import decode_text
from domain.families.ingest.rules_layout import PAGES_LIMIT
from domain.families.ingest.rules_prepared import is_prepared
from domain.families.ingest.types import MODE_PREPARED, Reader, ReadingState
from domain.formats import HEAD_BYTES, FileFormat, is_as_named, sniff
from domain.ports import UnitOfWork
from domain.rules_rejections import unsupported
from domain.stage import Next, StageContext

OFFICE_BEFORE_2007 = "DOC, XLS"
"""Also what DOCX and XLSX with a password are; the render child tells which."""


async def open_document(ctx: StageContext, state: ReadingState) -> Next:
    """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
    async with ctx.uow() as uow:
        document = await uow.documents.get(state.source.document_id)
    reader = await _reader_of(ctx, state, document)
    if reader.kind == "pages":
        page_count = await ctx.reader.count_pages(reader.digest)
    else:
        page_count = len((await parse_pages(ctx, reader)).pages)
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
        if reader.kind == "pages" and reader.digest != document.sha256:
            await uow.documents.set_content(document.id, reader.digest)

    return Next(state=structs.replace(state, reader=reader, page_count=page_count), write=write)


async def _reader_of(ctx: StageContext, state: ReadingState, document: Document) -> Reader:
    """A file is what its bytes are; a text file may be a prepared document."""
    if state.source.mode == MODE_PREPARED:
        if not state.source.digests.keys() & {"document", "annotation", "html"}:
            raise DocumentRejected("a prepared document without its text")
        return Reader(kind="prepared", digests=state.source.digests)
    if document.sha256 is None:
        raise DocumentRejected("a document without a file")
    first = await _first_piece(ctx, document.sha256)
    found = sniff(first[:HEAD_BYTES])
    if not is_as_named(document.name, found):
        raise DocumentMisnamed(f"{document.name} is {found}")
    if not isinstance(found, FileFormat) and found != OFFICE_BEFORE_2007:
        raise unsupported(found)
    if found is FileFormat.TEXT and is_prepared(decode_text(first)):
        return Reader(kind="prepared", digests={"document": document.sha256})
    if found is FileFormat.PDF and state.source.is_locked:
        return Reader(kind="pages", digest=await _unlocked(ctx, document.sha256))
    return Reader(kind="pages", digest=document.sha256)


async def _first_piece(ctx: StageContext, digest: str) -> bytes:
    """At most a piece of the store's. Raises DocumentEmpty for an empty file."""
    async with aclosing(ctx.blobs.stream(digest)) as pieces:
        async for piece in pieces:
            return piece
    raise DocumentEmpty("empty file")


async def _unlocked(ctx: StageContext, digest: str) -> str:
    """The digest of the file without its password, which is used once: a crash in between asks for it again."""
    password = await ctx.vault.take(ctx.job.id)
    if password is None:
        raise DocumentEncrypted("the password is gone")
    return await ctx.blobs.put(await ctx.reader.decrypt(digest, password), "application/pdf")
