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
    DocumentPasswordWrong,
    DocumentTooHeavy,
    PageNotLoadable,
    UnsupportedFormat,
)
from domain.formats import HEAD_BYTES, PICTURES, FileFormat, sniff

PICTURE_LIMIT_BYTES = 400_000_000
"""Of a picture file once decoded: an A0 scan at 300 dpi in grey is 139 MB, in colour 417 MB."""

DAMAGES = (RuntimeError, ValueError, mupdf.FzErrorBase)
"""What pymupdf raises on damaged files; `mupdf.FzErrorBase` is not always wrapped."""


def prepare_libraries() -> None:
    """Load what would be loaded on first use (the child may open no files later) and silence MuPDF."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    Image.MAX_IMAGE_PIXELS = PICTURE_LIMIT_BYTES
    pymupdf.TOOLS.set_small_glyph_heights(True)
    Image.init()


def open_document(file: memoryview, *, password: str | None = None) -> pymupdf.Document:
    """Raises UnsupportedFormat, DocumentEncrypted, DocumentDamaged, DocumentEmpty or DocumentTooHeavy.

    With a password, DocumentPasswordWrong when it does not fit.
    """
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
        if password is None:
            raise DocumentEncrypted
        if not document.authenticate(password):
            raise DocumentPasswordWrong
    if filetype == "pdf" and not document.is_pdf:
        raise UnsupportedFormat("opens, but is no PDF")
    if document.page_count < 1:
        raise DocumentEmpty("no pages")
    return document


def load_page(document: pymupdf.Document, page_no: int) -> pymupdf.Page:
    """The page, from 1. Raises PageNotLoadable for a page that is promised and not there, DocumentTooHeavy."""
    try:
        return document.load_page(page_no - 1)
    except (*DAMAGES, IndexError) as damage:
        raise (DocumentTooHeavy if is_out_of_memory(damage) else PageNotLoadable)(str(damage)) from damage


def without_encryption(document: pymupdf.Document) -> bytes:
    """The whole file, readable by everybody. Raises DocumentDamaged, DocumentTooHeavy."""
    try:
        return document.tobytes(encryption=mupdf.PDF_ENCRYPT_NONE)
    except DAMAGES as damage:
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
    found = sniff(bytes(file[:HEAD_BYTES]))
    if found is FileFormat.PDF or found in PICTURES:
        return str(found)
    raise UnsupportedFormat(found.upper() if isinstance(found, FileFormat) else found)


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
