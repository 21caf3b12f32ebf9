"""Brings back the typed failure that a render child or a stored row names by its code. Pure."""

from domain.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentRejected,
    DocumentTooHeavy,
    DomainError,
    RegionOutsidePage,
    UnsupportedFormat,
)

FINAL: dict[str, type[DomainError]] = {
    error.code: error
    for error in (
        UnsupportedFormat,
        DocumentEncrypted,
        DocumentDamaged,
        DocumentEmpty,
        DocumentTooHeavy,
        DocumentRejected,
        RegionOutsidePage,
    )
}
"""Failures of reading and drawing that trying again does not mend, by code."""


def rejection(code: str, detail: str) -> DomainError:
    """The exception of this code; an unknown code counts as a damaged document."""
    return FINAL.get(code, DocumentDamaged)(detail)
