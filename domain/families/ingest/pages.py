"""Pages of documents that were prepared elsewhere, and pages in batches, whatever they are read by."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from msgspec import structs

from domain.documents import PageContent
from domain.errors import DocumentDamaged, DocumentRejected, DocumentTooHeavy
from domain.families.ingest.rules_encodings import decode_text
from domain.families.ingest.rules_layout import PAGES_LIMIT
from domain.families.ingest.rules_merging import merge_pages
from domain.families.ingest.rules_placing import place_blocks
from domain.families.ingest.rules_prepared import Prepared, parse_prepared
from domain.families.ingest.types import Reader
from domain.stage import StageContext

TEXT_LIMIT_BYTES = 50_000_000
"""Of each text of a prepared document; the real one of 27 pages has 0.6 MB."""


async def parse_pages(ctx: StageContext, reader: Reader) -> Prepared:
    """All pages of a prepared document. Raises DocumentRejected and its subclasses, BlobMissing."""
    texts = {name: await _text(ctx, digest) for name, digest in reader.digests.items() if name not in ("html", "pdf")}
    prepared = await asyncio.to_thread(_parse, texts)
    html = reader.digests.get("html")
    if html is None:
        return prepared
    page_count = await ctx.reader.count_pages(html)
    return merge_pages(prepared, await ctx.reader.read_pages(html, 1, page_count))


async def read_batch(
    ctx: StageContext, document_id: UUID, reader: Reader, first: int, last: int, on_page: Callable[[int], None]
) -> tuple[list[PageContent], dict[str, str]]:
    """Pages `first` to `last` and the stamp of the document as far as these pages tell it."""
    if reader.kind == "pages":
        contents = await ctx.reader.read_pages(reader.digest, first, last, on_page=on_page)
        stamp = next((content.page.facts.stamp for content in contents if content.page.facts.stamp), {})
        return contents, {key: value for key, value in stamp.items() if key != "sheet"}
    prepared = await parse_pages(ctx, reader)
    contents = list(prepared.pages[first - 1 : last])
    if pdf := reader.digests.get("pdf"):
        contents = await _placed(ctx, pdf, contents)
    async with ctx.uow() as uow:
        crops = await uow.documents.crops(document_id)
    return [_with_crops(content, crops) for content in contents], prepared.stamp


def _with_crops(content: PageContent, crops: dict[str, str]) -> PageContent:
    if not crops:
        return content
    blocks = tuple(structs.replace(block, crop=crops.get(block.id.upper())) for block in content.blocks)
    return structs.replace(content, blocks=blocks)


async def _placed(ctx: StageContext, pdf: str, contents: list[PageContent]) -> list[PageContent]:
    """With the boxes that the source PDF shows; pages that it lacks or that cannot be read stay without."""
    first = contents[0].page.page_no
    try:
        last = min(contents[-1].page.page_no, await ctx.reader.count_pages(pdf))
        read = await ctx.reader.read_pages(pdf, first, last) if first <= last else []
    except DocumentRejected:
        return contents
    by_no = {content.page.page_no: content for content in read}
    return await asyncio.to_thread(
        lambda: [place_blocks(c, by_no[c.page.page_no]) if c.page.page_no in by_no else c for c in contents]
    )


async def _text(ctx: StageContext, digest: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in ctx.blobs.stream(digest):
        pieces.append(piece)
        size += len(piece)
        if size > TEXT_LIMIT_BYTES:
            raise DocumentTooHeavy(f"a text of more than {TEXT_LIMIT_BYTES} bytes")
    return b"".join(pieces)


def _parse(texts: dict[str, bytes]) -> Prepared:
    described = [_json(name, texts[name]) for name in ("annotation", "blocks") if name in texts]
    prepared = parse_prepared(decode_text(texts.get("document", b"")), *described)
    if len(prepared.pages) > PAGES_LIMIT:
        raise DocumentTooHeavy(f"{len(prepared.pages)} pages")
    return prepared


def _json(name: str, data: bytes) -> Any:
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise DocumentDamaged(f"{name}: {error}") from error
