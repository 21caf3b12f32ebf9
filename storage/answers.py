"""Answers as rows: the structure, the citations, the claims and the evidence pictures of an assistant's message."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.answers import Answer, Claim, ClaimReading, Verdict
from domain.evidence import Citation, CitationKind, EvidencePicture, PictureKind
from domain.rules_reasons import reasons_of
from storage.render_cache import pin
from storage.tables.chats import AnswerRow, CitationRow, ClaimRow, EvidenceRow, MessageRow

_NO_UUID = UUID(int=0)


async def add_answer(session: AsyncSession, message_id: UUID, job_id: UUID, answer: Answer) -> None:
    """Store what belongs to an assistant's message; its pictures are pinned with it."""
    builtins = msgspec.to_builtins(answer)
    session.add(
        AnswerRow(
            message_id=message_id,
            job_id=job_id,
            model=answer.model,
            offline=answer.offline,
            needs_more_evidence=answer.needs_more_evidence,
            issues=builtins["issues"],
            recommendations=builtins["recommendations"],
            diff=builtins["diff"],
            usage=builtins["usage"],
        )
    )
    session.add_all([_citation_row(message_id, citation) for citation in answer.citations])
    session.add_all([_claim_row(message_id, claim) for claim in answer.claims])
    session.add_all([_evidence_row(message_id, job_id, picture) for picture in answer.pictures])
    await session.flush()
    if answer.pictures:
        await pin(session, [picture.digest for picture in answer.pictures])


async def answers_of(session: AsyncSession, chat_id: UUID) -> dict[UUID, Answer]:
    """The answers of a chat by their message."""
    rows = await session.execute(
        select(AnswerRow, MessageRow.content)
        .join(MessageRow, MessageRow.id == AnswerRow.message_id)
        .where(MessageRow.chat_id == chat_id)
    )
    answers = {row.AnswerRow.message_id: (row.AnswerRow, row.content) for row in rows}
    if not answers:
        return {}
    citations = await _by_message(session, CitationRow, CitationRow.number, answers)
    claims = await _by_message(session, ClaimRow, ClaimRow.claim_id, answers)
    pictures = await _by_message(session, EvidenceRow, EvidenceRow.number, answers)
    return {
        message_id: _answer_of(
            row, text, citations.get(message_id, []), claims.get(message_id, []), pictures.get(message_id, [])
        )
        for message_id, (row, text) in answers.items()
    }


async def _by_message(
    session: AsyncSession, table: Any, order: Any, message_ids: Collection[UUID]
) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in await session.scalars(
        select(table).where(table.message_id.in_(message_ids)).order_by(table.message_id, order)
    ):
        found.setdefault(row.message_id, []).append(row)
    return found


def _citation_row(message_id: UUID, citation: Citation) -> CitationRow:
    return CitationRow(
        message_id=message_id,
        number=citation.number,
        document_id=citation.document_id,
        document_name=citation.document_name,
        page_no=citation.page_no,
        sheet=citation.sheet,
        block_id=citation.block_id,
        kind=citation.kind.value,
        boxes=[list(box) for box in citation.boxes],
        quote=citation.quote,
        note=citation.note,
        picture=citation.picture,
    )


def _claim_row(message_id: UUID, claim: Claim) -> ClaimRow:
    return ClaimRow(
        message_id=message_id,
        claim_id=claim.claim_id,
        start=claim.start,
        end=claim.end,
        kind=claim.kind,
        claim_text=claim.text,
        verdict=claim.verdict.value,
        label=claim.label,
        unit=claim.unit,
        citation_number=claim.citation_number,
        boxes=[list(box) for box in claim.boxes],
        readings=msgspec.to_builtins(claim.readings),
    )


def _evidence_row(message_id: UUID, job_id: UUID, picture: EvidencePicture) -> EvidenceRow:
    return EvidenceRow(
        message_id=message_id,
        job_id=job_id,
        number=picture.number,
        digest=picture.digest,
        document_id=picture.document_id,
        document_name=picture.document_name,
        page_no=picture.page_no,
        sheet=picture.sheet,
        block_id=picture.block_id,
        kind=picture.kind.value,
        region=list(picture.box) if picture.box else None,
        mime_type=picture.mime_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        dpi=picture.dpi,
        glyph_px=picture.glyph_px,
        glyph_by=picture.glyph_by,
        reason=picture.reason,
        why=picture.why,
    )


def _answer_of(
    row: AnswerRow, text: str, citations: list[CitationRow], claims: list[ClaimRow], pictures: list[EvidenceRow]
) -> Answer:
    stored = {"issues": row.issues, "recommendations": row.recommendations, "diff": row.diff, "usage": row.usage}
    return msgspec.structs.replace(
        msgspec.convert({"text": text, **stored}, Answer),
        citations=tuple(_citation_of(citation) for citation in citations),
        claims=tuple(_claim_of(claim) for claim in claims),
        pictures=tuple(_picture_of(picture) for picture in pictures),
        needs_more_evidence=row.needs_more_evidence,
        model=row.model,
        offline=row.offline,
    )


def _citation_of(row: CitationRow) -> Citation:
    return Citation(
        number=row.number,
        document_id=row.document_id,
        document_name=row.document_name,
        page_no=row.page_no,
        sheet=row.sheet,
        kind=CitationKind(row.kind),
        block_id=row.block_id,
        boxes=tuple(tuple(box) for box in row.boxes),
        quote=row.quote,
        note=row.note,
        picture=row.picture,
    )


def _claim_of(row: ClaimRow) -> Claim:
    return Claim(
        claim_id=row.claim_id,
        start=row.start,
        end=row.end,
        kind=row.kind,
        text=row.claim_text,
        verdict=Verdict(row.verdict),
        label=row.label,
        unit=row.unit,
        citation_number=row.citation_number,
        boxes=tuple(tuple(box) for box in row.boxes),
        readings=msgspec.convert(row.readings, tuple[ClaimReading, ...]),
    )


def _picture_of(row: EvidenceRow) -> EvidencePicture:
    reason_ru, reason_en = reasons_of(row.why)
    return EvidencePicture(
        number=row.number,
        kind=PictureKind(row.kind),
        document_id=row.document_id or _NO_UUID,
        document_name=row.document_name,
        page_no=row.page_no or 1,
        sheet=row.sheet,
        digest=row.digest,
        mime_type=row.mime_type,
        width_px=row.width_px,
        height_px=row.height_px,
        dpi=row.dpi,
        block_id=row.block_id,
        box=tuple(row.region) if row.region else None,
        glyph_px=row.glyph_px,
        glyph_by=row.glyph_by,
        reason=row.reason,
        why=row.why,
        reason_ru=reason_ru,
        reason_en=reason_en,
    )
