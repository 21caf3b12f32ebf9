"""Brings back the typed failure that a render child or a stored row names by its code. Pure."""

from domain.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentMisnamed,
    DocumentPasswordWrong,
    DocumentRejected,
    DocumentTooHeavy,
    DomainError,
    PageNotLoadable,
    RegionOutsidePage,
    UnsupportedFormat,
)

FINAL: dict[str, type[DomainError]] = {
    error.code: error
    for error in (
        UnsupportedFormat,
        DocumentEncrypted,
        DocumentPasswordWrong,
        DocumentMisnamed,
        DocumentDamaged,
        PageNotLoadable,
        DocumentEmpty,
        DocumentTooHeavy,
        DocumentRejected,
        RegionOutsidePage,
    )
}
"""Failures of reading and drawing that trying again does not mend, by code."""

_ADVICE = {
    "DWG": ("экспортируйте чертёж в PDF", "export the drawing to PDF"),
    "DXF": ("экспортируйте чертёж в PDF", "export the drawing to PDF"),
    "DOC, XLS": ("сохраните файл в DOCX, XLSX или PDF", "save the file as DOCX, XLSX or PDF"),
    "ZIP": ("распакуйте архив и загрузите файлы", "unpack the archive and upload its files"),
    "RAR": ("распакуйте архив и загрузите файлы", "unpack the archive and upload its files"),
    "7z": ("распакуйте архив и загрузите файлы", "unpack the archive and upload its files"),
    "GZIP": ("распакуйте архив и загрузите файлы", "unpack the archive and upload its files"),
}
_SAVE_AS_PDF = ("сохраните файл в PDF", "save the file as PDF")


def rejection(code: str, detail: str) -> DomainError:
    """The exception of this code; an unknown code counts as a damaged document."""
    if code == UnsupportedFormat.code:
        return unsupported(detail)
    return FINAL.get(code, DocumentDamaged)(detail)


def unsupported(name: str) -> UnsupportedFormat:
    """`name` as `domain.formats.sniff` gives it; the message says what the user can do."""
    if not name or len(name) > 20 or name == "unknown":
        return UnsupportedFormat(name)
    russian, english = _ADVICE.get(name, _SAVE_AS_PDF)
    return UnsupportedFormat(
        name,
        public_ru=f"Формат {name} не поддерживается: {russian}.",
        public_en=f"The format {name} is not supported: {english}.",
    )
