"""The document that a render child drew from last, kept open: the next tile of a sheet costs only its own pixels."""

import os

import pymupdf

from domain.errors import DomainError
from domain.evidence import Drawing, RenderSpec
from workers.rendering.drawing import draw
from workers.rendering.mapped import Mapped
from workers.rendering.opening import DAMAGES, open_document
from workers.rendering.sheets import Sheets


class Desk:
    """One document lies on it at a time, and leaves nothing behind for the next one."""

    def __init__(self) -> None:
        self._sha256 = ""
        self._document: pymupdf.Document | None = None
        self._sheets: Sheets | None = None

    def draw(self, spec: RenderSpec, descriptor: int) -> Drawing:
        """The picture, from the file behind the descriptor, which is closed. Raises DomainError and what MuPDF raises;
        the document is put away then."""
        if self._sheets is not None and self._sha256 == spec.sha256:
            os.close(descriptor)
            sheets = self._sheets
        else:
            sheets = self._open(spec.sha256, descriptor)
        try:
            return draw(sheets, spec)
        except (DomainError, MemoryError, *DAMAGES):
            self.clear()
            raise

    def clear(self) -> None:
        """Close the document and give back the memory."""
        if self._document is None:
            return
        self._sheets = None
        self._document.close()
        self._document = None
        pymupdf.TOOLS.store_shrink(100)

    def _open(self, sha256: str, descriptor: int) -> Sheets:
        self.clear()
        with Mapped(descriptor) as file:
            self._document = open_document(file)
        self._sha256, self._sheets = sha256, Sheets(self._document)
        return self._sheets
