"""What a job waits for when documents of it are still being read or recognised, and what it can never know. Pure."""

from collections.abc import Iterable
from typing import Any

from domain.documents import Document, DocumentStatus, RecognitionState

LOST = (RecognitionState.FAILED, RecognitionState.CANCELLED)


def reason_of(documents: Iterable[Document]) -> dict[str, Any]:
    """Shown while the job waits. With `recognition` where the pages that have text are read already."""
    return {"kind": "documents", "documents": [_shown(document) for document in documents]}


def is_unrecognised(document: Document) -> bool:
    """Whether pages of a document that was read stay without text: their recognition ended early or could not read
    them."""
    recognition = document.recognition
    is_partly = recognition.state is RecognitionState.DONE and recognition.pages_left > 0
    return document.status is DocumentStatus.READY and (recognition.state in LOST or is_partly)


def _shown(document: Document) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "document_id": str(document.id),
        "name": document.name,
        "pages_done": document.pages_done,
        "page_count": document.page_count,
    }
    if document.status is DocumentStatus.READY:
        shown["recognition"] = {"pages_done": document.recognition.pages_done, "pages": document.recognition.pages}
    return shown
