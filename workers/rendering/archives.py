"""DOCX and XLSX are ZIPs: measures them by their directory before anything is unpacked. In render children only."""

import io
import zipfile

from domain.errors import DocumentDamaged, DocumentEncrypted, DocumentTooHeavy, UnsupportedFormat

MEMBERS_LIMIT = 10_000
XML_LIMIT_BYTES = 120_000_000
"""Of all XML of a file once unpacked: a tree takes five to eight times as much, the child has 1 GiB."""

RATIO_LIMIT = 200
RATIO_FROM_BYTES = 10_000_000
"""A bomb of 0.9 MB declares 312 MB, which is a ratio of 342 (reliability.md §5.2); a real sheet of repeated rows 60."""

_MARKS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def office_format(file: memoryview) -> str:
    """`docx` or `xlsx`. Raises UnsupportedFormat, DocumentDamaged, or DocumentTooHeavy for a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as damage:
        raise DocumentDamaged(f"ZIP: {damage}") from damage
    _check(members)
    names = {member.filename.lower() for member in members}
    for mark, found in _MARKS.items():
        if mark in names:
            return found
    raise UnsupportedFormat("PPTX" if "ppt/presentation.xml" in names else "ZIP")


def check_ole(file: memoryview) -> None:
    """Raises DocumentEncrypted for an Office file with a password, UnsupportedFormat for DOC and XLS."""
    if _ENCRYPTED in bytes(file[:1_000_000]) or _ENCRYPTED in bytes(file[-1_000_000:]):
        raise DocumentEncrypted("Office")
    raise UnsupportedFormat("DOC, XLS")


def _check(members: list[zipfile.ZipInfo]) -> None:
    """The sizes of a directory may lie: nothing beyond them is ever unpacked by zipfile."""
    if len(members) > MEMBERS_LIMIT:
        raise DocumentTooHeavy(f"{len(members)} members")
    if any(member.flag_bits & 0x1 for member in members):
        raise DocumentEncrypted("ZIP")
    xml = [member for member in members if member.filename.lower().endswith((".xml", ".rels"))]
    size_bytes = sum(member.file_size for member in xml)
    packed = sum(member.compress_size for member in xml)
    if size_bytes > XML_LIMIT_BYTES:
        raise DocumentTooHeavy(f"{size_bytes} bytes of XML")
    if size_bytes > RATIO_FROM_BYTES and size_bytes > RATIO_LIMIT * max(packed, 1):
        raise DocumentTooHeavy(f"{size_bytes} bytes of XML in {packed}")
