"""Opens the bytes of a file as a pymupdf document, or says in a typed error why not. Runs in render children only.

Quirks: `pymupdf.open` with filetype "pdf" also opens HTML, PNG and SVG that are named so, hence the magic bytes;
`page_count` may promise pages that cannot be loaded (shared/data/MANIFEST.md, found while collecting).
"""

import io

import pymupdf
from PIL import Image
from pymupdf import mupdf

from domain.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentTooHeavy,
    UnsupportedFormat,
)

PICTURE_LIMIT_BYTES = 400_000_000
"""Of a picture file once decoded: an A0 scan at 300 dpi in grey is 139 MB, in colour 417 MB."""

PDF_HEADER_WITHIN = 1024
"""ISO 32000-1, implementation note 13: readers accept the header within the first 1024 bytes."""

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
}
_NAMED = {
    b"AC10": "DWG",
    b"AutoCAD Binary DXF": "DXF",
    b"PK\x03\x04": "ZIP, DOCX, XLSX",
    b"\xd0\xcf\x11\xe0": "DOC, XLS",
    b"%!PS": "PostScript",
    b"Rar!": "RAR",
    b"{\\rtf": "RTF",
}

DAMAGES = (RuntimeError, ValueError, mupdf.FzErrorBase)
"""What pymupdf raises on damaged files; `mupdf.FzErrorBase` is not always wrapped."""


def prepare_libraries() -> None:
    """Load what would be loaded on first use (the child may open no files later) and silence MuPDF."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    Image.MAX_IMAGE_PIXELS = PICTURE_LIMIT_BYTES
    pymupdf.TOOLS.set_small_glyph_heights(True)
    Image.init()


def open_document(file: memoryview) -> pymupdf.Document:
    """Raises UnsupportedFormat, DocumentEncrypted, DocumentDamaged, DocumentEmpty or DocumentTooHeavy."""
    if len(file) == 0:
        raise DocumentEmpty("empty file")
    filetype = _filetype(file)
    if filetype == "webp":
        file, filetype = _webp_as_png(file), "png"
    elif filetype != "pdf":
        _measure_picture(file)
    try:
        document = pymupdf.open(stream=file, filetype=filetype)
    except DAMAGES as damage:
        raise _damaged(damage) from damage
    if document.needs_pass:
        raise DocumentEncrypted
    if filetype == "pdf" and not document.is_pdf:
        raise UnsupportedFormat("opens, but is no PDF")
    if document.page_count < 1:
        raise DocumentEmpty("no pages")
    return document


def load_page(document: pymupdf.Document, page_no: int) -> pymupdf.Page:
    """The page, from 1. Raises DocumentDamaged when the file promises the page and does not have it."""
    try:
        return document.load_page(page_no - 1)
    except (*DAMAGES, IndexError) as damage:
        raise _damaged(damage) from damage


def count_pages(document: pymupdf.Document) -> int:
    """The pages that can be loaded from the first on: the number in the file may be a lie."""
    promised = document.page_count
    if _is_loadable(document, promised):
        return promised
    good, bad = 0, promised
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _is_loadable(document, middle) else (good, middle)
    # A single broken page: the document is kept, its page is named when it is read.
    return good if promised - good > 1 and good else promised


def is_out_of_memory(error: BaseException) -> bool:
    """MuPDF reports a failed allocation as an error of its own."""
    return isinstance(error, MemoryError) or "alloc" in str(error)


def _is_loadable(document: pymupdf.Document, page_no: int) -> bool:
    try:
        document.load_page(page_no - 1)
    except (*DAMAGES, IndexError):
        return False
    return True


def _filetype(file: memoryview) -> str:
    head = bytes(file[:PDF_HEADER_WITHIN])
    if b"%PDF-" in head:
        return "pdf"
    for magic, filetype in _PICTURES.items():
        if head.startswith(magic):
            return filetype
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    raise UnsupportedFormat(f"looks like {_format_name(head)}")


def _format_name(head: bytes) -> str:
    for magic, name in _NAMED.items():
        if head.startswith(magic):
            return name
    text = head.lstrip().lower()
    if text.startswith(b"0") and b"section" in text[:40]:
        return "DXF"
    if text.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    return "unknown"


def _measure_picture(file: memoryview) -> tuple[int, int]:
    """Width and height from the header. Raises before anything is decoded."""
    try:
        with Image.open(io.BytesIO(file), formats=("PNG", "JPEG", "TIFF", "WEBP")) as picture:
            size, channels = picture.size, len(picture.getbands())
    except Image.DecompressionBombError as bomb:
        raise DocumentTooHeavy(str(bomb)) from bomb
    except (OSError, ValueError, SyntaxError) as damage:
        raise DocumentDamaged(str(damage)) from damage
    if size[0] * size[1] * channels > PICTURE_LIMIT_BYTES:
        raise DocumentTooHeavy(f"{size[0]}x{size[1]} px")
    return size


def _webp_as_png(file: memoryview) -> memoryview:
    """MuPDF reads no WebP."""
    _measure_picture(file)
    png = io.BytesIO()
    try:
        with Image.open(io.BytesIO(file), formats=("WEBP",)) as picture:
            picture.convert("RGB").save(png, "PNG", compress_level=1)
    except (OSError, ValueError) as damage:
        raise DocumentDamaged(str(damage)) from damage
    return memoryview(png.getvalue())


def _damaged(damage: BaseException) -> DocumentDamaged | DocumentTooHeavy:
    if is_out_of_memory(damage):
        return DocumentTooHeavy(str(damage))
    return DocumentDamaged(str(damage))
