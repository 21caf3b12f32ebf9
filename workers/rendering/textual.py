"""Files that are text, not pages: DOCX, XLSX, HTML, Markdown and plain text as pages. Runs in render children only."""

import os
from collections.abc import Iterator

from domain.documents import PageContent
from domain.errors import DocumentEmpty, DocumentTooHeavy
from domain.families.ingest.rules_encodings import decode_text
from domain.families.ingest.rules_text import parse_text
from domain.formats import HEAD_BYTES, FileFormat, sniff
from workers.rendering.archives import check_ole, office_format
from workers.rendering.docx import read_docx
from workers.rendering.html import read_html
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.xlsx import read_xlsx

TEXT_LIMIT_BYTES = 50_000_000
"""Of a text file: pages of half of it reach the limit of characters."""

_READERS = {
    "docx": read_docx,
    "xlsx": read_xlsx,
    FileFormat.HTML: read_html,
    FileFormat.TEXT: lambda file: parse_text(decode_text(bytes(file))),
}


class TextualFiles:
    """Keeps the pages of the file read last: batches of one file mostly come to one child."""

    def __init__(self) -> None:
        self._known: tuple[int, int, int] | None = None
        self._pages: tuple[PageContent, ...] = ()

    def pages(self, file: memoryview, descriptor: int) -> tuple[PageContent, ...] | None:
        """All pages; null for a file that pymupdf is to open. Raises DocumentRejected and its subclasses."""
        status = os.fstat(descriptor)
        key = (status.st_ino, status.st_size, status.st_mtime_ns)
        if key != self._known:
            self._known, self._pages = None, ()
            pages = read_textual(file)
            if pages is None:
                return None
            self._known, self._pages = key, pages
        return self._pages


def read_textual(file: memoryview) -> tuple[PageContent, ...] | None:
    """All pages of a text-like file; null for PDF, pictures and what cannot be read."""
    found = sniff(bytes(file[:HEAD_BYTES]))
    if len(file) == 0:
        raise DocumentEmpty("empty file")
    if found == "DOC, XLS":
        check_ole(file)
    name = office_format(file) if found is FileFormat.ZIP else found
    reader = _READERS.get(name)
    if reader is None:
        return None
    if found is not FileFormat.ZIP and len(file) > TEXT_LIMIT_BYTES:
        raise DocumentTooHeavy(f"{len(file)} bytes of text")
    return reader(file)


def read_text_pages(pages: tuple[PageContent, ...], task: ReadPages) -> Iterator[PageRead]:
    for content in pages[task.first - 1 : task.last]:
        yield PageRead(content)
