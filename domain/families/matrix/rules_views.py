"""Rows of the matrix as JSON for clients, events and exports."""

from typing import Any

from domain.documents import Box
from domain.families.matrix.rules_reasons import reason_in
from domain.families.matrix.types import Place, Proof, Requirement, Row

TOLD_CHARS = 240
"""Of a requirement's text in an event. A guess."""


def row_view(row: Row, language: str) -> dict[str, Any]:
    """A row as a client gets it."""
    requirement = row.requirement
    return {
        "number": requirement.number,
        "clause": requirement.clause,
        "requirement": requirement.text,
        "subject": requirement.subject,
        "parameter": requirement.parameter,
        "relation": requirement.relation.value,
        "value": requirement.value,
        "unit": requirement.unit,
        "condition": requirement.condition,
        "expected": requirement.expected,
        "place": place_view(requirement.place),
        "found_by": requirement.found_by,
        "verdict": row.verdict.value,
        "found": row.found,
        "reason": row.reason,
        "explanation": reason_in(row.reason, language),
        "note": row.note,
        "judged_by": row.judged_by,
        "evidence": [proof_view(proof) for proof in row.proofs],
    }


def told_row(row: Row) -> dict[str, Any]:
    """A row as an event tells it: enough to show it in a list."""
    requirement = row.requirement
    return {
        "number": requirement.number,
        "clause": requirement.clause,
        "requirement": _cut(requirement),
        "expected": requirement.expected[:TOLD_CHARS],
        "verdict": row.verdict.value,
        "found": row.found[:TOLD_CHARS],
        "reason": row.reason,
        "places": len(row.proofs),
    }


def _cut(requirement: Requirement) -> str:
    text = requirement.text
    return text if len(text) <= TOLD_CHARS else text[: TOLD_CHARS - 1].rstrip() + "…"


def place_view(place: Place) -> dict[str, Any]:
    return {
        "document_id": str(place.document_id),
        "document_name": place.document_name,
        "page_no": place.page_no,
        "sheet": place.sheet,
        "block_id": place.block_id,
        "boxes": [list(box) for box in place.boxes],
        "quote": place.quote,
        "render": render_path(place),
    }


def proof_view(proof: Proof) -> dict[str, Any]:
    return {
        **place_view(proof.place),
        "verdict": proof.verdict.value,
        "basis": proof.basis,
        "found": proof.found,
    }


def render_path(place: Place) -> str | None:
    """The address of the picture of a place with its boxes outlined; null without coordinates."""
    if not place.boxes:
        return None
    region = _around(place.boxes)
    marks = ";".join(_told(box) for box in place.boxes[:20])
    return f"/documents/{place.document_id}/pages/{place.page_no}/render?region={_told(region)}&marks={marks}"


MARGIN = 0.03
"""Of the page, left around the boxes of a place. A guess."""


def _around(boxes: tuple[Box, ...]) -> Box:
    return (
        max(0.0, min(box[0] for box in boxes) - MARGIN),
        max(0.0, min(box[1] for box in boxes) - MARGIN),
        min(1.0, max(box[2] for box in boxes) + MARGIN),
        min(1.0, max(box[3] for box in boxes) + MARGIN),
    )


def _told(box: Box) -> str:
    return ",".join(f"{edge:.4f}" for edge in box)
