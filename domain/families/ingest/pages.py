"""Pages of documents that come as text, and pages in batches, whatever they are read by."""

from collections.abc import Callable
from typing import Any

import msgspec

from domain.documents import PageContent
from domain.errors import DocumentDamaged
from domain.families.ingest.rules_prepared import Prepared, parse_prepared
from domain.families.ingest.rules_text import decode_text, parse_text
from domain.families.ingest.types import Reader
from domain.ports import BlobStore, PageReader


async def parse_pages(blobs: BlobStore, reader: Reader) -> Prepared:
    """All pages of a text or a prepared document. Raises DocumentEmpty, DocumentDamaged, BlobMissing."""
    text = decode_text(await blobs.get(reader.digest))
    if reader.kind == "text":
        return Prepared(pages=parse_text(text))
    blocks: Any = None
    if reader.blocks_digest:
        try:
            blocks = msgspec.json.decode(await blobs.get(reader.blocks_digest))
        except msgspec.DecodeError as error:
            raise DocumentDamaged(f"blocks: {error}") from error
    return parse_prepared(text, blocks)


async def read_batch(
    blobs: BlobStore, page_reader: PageReader, reader: Reader, first: int, last: int, on_page: Callable[[int], None]
) -> tuple[list[PageContent], dict[str, str]]:
    """Pages `first` to `last` and the stamp of the document as far as these pages tell it."""
    if reader.kind == "pages":
        contents = await page_reader.read_pages(reader.digest, first, last, on_page=on_page)
        stamp = next((content.page.facts.stamp for content in contents if content.page.facts.stamp), {})
        return contents, {key: value for key, value in stamp.items() if key != "sheet"}
    prepared = await parse_pages(blobs, reader)
    return list(prepared.pages[first - 1 : last]), prepared.stamp
