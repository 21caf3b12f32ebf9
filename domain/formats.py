"""What a file is by its first bytes, and whether that is what its name says. Pure.

Quirks: a PDF header may stand anywhere in the first 1024 bytes (ISO 32000-1, implementation note 13); Office files
with a password are OLE files; DOCX and XLSX are told apart only by what their ZIP holds, which needs a render child.
"""

import re
from enum import StrEnum

HEAD_BYTES = 4096
"""So much of a file is looked at."""


class FileFormat(StrEnum):
    """What can be read. `ZIP` may be DOCX or XLSX, `TEXT` any text, also Markdown."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    WEBP = "webp"
    ZIP = "zip"
    HTML = "html"
    TEXT = "text"


PICTURES = frozenset({FileFormat.PNG, FileFormat.JPEG, FileFormat.TIFF, FileFormat.WEBP})
TEXTS = frozenset({FileFormat.TEXT, FileFormat.HTML})

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": FileFormat.PNG,
    b"\xff\xd8\xff": FileFormat.JPEG,
    b"II*\x00": FileFormat.TIFF,
    b"MM\x00*": FileFormat.TIFF,
    b"II+\x00": FileFormat.TIFF,
    b"MM\x00+": FileFormat.TIFF,
    b"PK\x03\x04": FileFormat.ZIP,
}
_OTHERS = {
    b"AC10": "DWG",
    b"AutoCAD Binary DXF": "DXF",
    b"\xd0\xcf\x11\xe0": "DOC, XLS",
    b"%!PS": "PostScript",
    b"Rar!": "RAR",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x1f\x8b": "GZIP",
    b"PK\x05\x06": "an empty ZIP",
    b"{\\rtf": "RTF",
    b"AT&TFORM": "DjVu",
    b"GIF8": "GIF",
    b"BM": "BMP",
}
_SAID: dict[str, frozenset[FileFormat]] = {
    "pdf": frozenset({FileFormat.PDF}),
    **dict.fromkeys(("png", "jpg", "jpeg", "tif", "tiff", "webp"), PICTURES),
    **dict.fromkeys(("docx", "docm", "xlsx", "xlsm"), frozenset({FileFormat.ZIP})),
    **dict.fromkeys(("txt", "md", "markdown", "csv", "html", "htm", "xhtml"), TEXTS),
}
_PDF_OBJECT = re.compile(rb"^\s*(?:%[^\n]*\n\s*)*\d+\s+\d+\s+obj\b")
"""A PDF that lost its header: MuPDF repairs it."""

_HTML = re.compile(rb"^(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.DOTALL)
_DXF = re.compile(rb"^(?:999\s.*?\n\s*)*0\s+SECTION\b", re.DOTALL)
_BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_BINARY_SHARE = 0.02
"""Of the bytes looked at: texts have next to none of these control bytes, a compressed file a tenth. A guess."""


def sniff(head: bytes) -> FileFormat | str:
    """The format by the first `HEAD_BYTES`; of what is not read, its name in English, `unknown` when it has none."""
    if b"%PDF" in head[:1024] or _PDF_OBJECT.match(head):
        return FileFormat.PDF
    for magic, found in (_MAGIC | _OTHERS).items():
        if head.startswith(magic):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return FileFormat.WEBP
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _DXF.match(text):
        return "DXF"
    if not is_text(head):
        return "unknown"
    if _HTML.match(text.lower()):
        return FileFormat.HTML
    return "SVG" if b"<svg" in text[:1024].lower() and text.startswith(b"<") else FileFormat.TEXT


def is_text(head: bytes) -> bool:
    """Whether the bytes may be text of one of the encodings that `decode_text` knows; UTF-16 has zero bytes."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or zero_bytes_of_utf16(head):
        return True
    return b"\0" not in head and len(_BINARY.findall(head)) <= _BINARY_SHARE * len(head)


def zero_bytes_of_utf16(head: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be` for text whose every other byte is zero or a Cyrillic page's 4; null for other."""
    even, odd = head[0::2], head[1::2]
    for high, low, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if high and b"\0" in high and b"\0" not in low and _share_of_pages(high) > 0.95:
            return name
    return None


def is_as_named(name: str, found: FileFormat | str) -> bool:
    """False when the name's ending says another kind of file than was found; an unknown ending says nothing."""
    said = _SAID.get(ending_of(name))
    if said is None:
        return True
    if found == "DOC, XLS" and said == _SAID["docx"]:
        return True
    return found in said


def ending_of(name: str) -> str:
    """The part of a name after its last dot, in small letters; empty when there is none."""
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot else ""


def _share_of_pages(high: bytes) -> float:
    """How many of the high bytes are those of Latin (0), Greek, Cyrillic (4) or general punctuation (0x20, 0x21)."""
    return sum(high.count(page) for page in (0, 3, 4, 0x20, 0x21)) / len(high)
