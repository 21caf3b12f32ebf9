"""Stage `extract`: facts and tables read off the pictures, as data with their places, before the answer is written.

Only for questions that need to see, and for a model that can. The two sets of a comparison are read apart. Its failure
never fails the job.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.documents import BlockKind
from domain.errors import DomainError
from domain.events import EventType
from domain.evidence import EvidencePicture
from domain.families.analysis.asking import (
    GIVEN_UP,
    ask_model,
    is_worth_waiting,
    listed,
    parts_of,
    shown_of,
)
from domain.families.analysis.rules_gate import is_readable
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.rules_prompt import shown_block
from domain.families.analysis.rules_sides import SIDES
from domain.families.analysis.sources import load_sources
from domain.families.analysis.types import AnalysisState, Fact, Facts, FactTable, Material
from domain.stage import Next, StageContext

PROMPT = "analysis/extract"
EXTRACT_S = 100.0
"""Less than the stage's own time."""

MAX_FACTS = 60
MAX_TABLES = 12
MAX_ROWS = 60
MAX_TEXT = 600
MAX_BYTES = 60_000
"""What is kept of the reply: the state of a job has 256 KB for everything. Guesses."""


async def extract(ctx: StageContext, state: AnalysisState) -> Next:
    pictures = [picture for picture in shown_of(state.pictures) if is_readable(picture)]
    if not (pictures and state.intent.requires_visual_detail and ctx.capabilities(answering_role(state)).images):
        return Next(state=state)
    sides = {document.id: document.side for document in state.documents}
    if not any(sides.values()):
        [facts] = _settled([await _read(ctx, state, pictures, state.materials, sides)])
        return Next(state=msgspec.structs.replace(state, facts=facts))
    of_side = [
        (
            [picture for picture in pictures if sides.get(picture.document_id) == side],
            [material for material in state.materials if material.side == side],
        )
        for side in SIDES
    ]
    read = await asyncio.gather(*(_read(ctx, state, shown, materials, sides) for shown, materials in of_side))
    facts_a, facts_b = _settled(read)
    return Next(state=msgspec.structs.replace(state, facts=facts_a, facts_b=facts_b))


def _settled(read: Sequence[Facts | DomainError | None]) -> list[Facts | None]:
    """Raises the first error that is worth waiting for."""
    for item in read:
        if isinstance(item, DomainError):
            raise item
    return [item for item in read if not isinstance(item, DomainError)]


async def _read(
    ctx: StageContext,
    state: AnalysisState,
    pictures: Sequence[EvidencePicture],
    materials: Sequence[Material],
    sides: Mapping[UUID, str],
) -> Facts | DomainError | None:
    """The facts of one side, or of all; null when there are none; the error where waiting is worth it."""
    if not pictures:
        return None
    shown = {(picture.document_id, picture.block_id) for picture in pictures}
    wanted = [m for m in materials if m.kind is BlockKind.TABLE or (m.document_id, m.block_id) in shown]
    async with ctx.uow() as uow:
        sources = await load_sources(uow, wanted)
    variables: dict[str, Any] = {
        "question": state.text,
        "focus": list(state.intent.focus_areas),
        "pictures": listed(pictures, sides),
        "materials": [shown_block(ref, source, state.text) for ref, source in sources.items()],
    }
    role = answering_role(state)
    try:
        asked = await ask_model(ctx, role, PROMPT, variables, Facts, parts=parts_of(pictures), within_s=EXTRACT_S)
    except GIVEN_UP as error:
        if is_worth_waiting(ctx, error):
            return error
        await _tell_failure(ctx, error)
        return None
    most = MAX_BYTES // 2 if any(sides.values()) else MAX_BYTES
    return _kept(asked.reply, {*sources, *(picture.ref for picture in pictures)}, most)


def _kept(reply: Facts, known: set[str], most_bytes: int) -> Facts | None:
    """The facts and tables whose places were shown, within limits; null when none is left."""
    facts = [
        Fact(
            text=fact.text[:MAX_TEXT],
            category=fact.category[:40],
            source_block_ids=tuple(ref for ref in fact.source_block_ids if ref in known),
            confidence=fact.confidence,
        )
        for fact in reply.facts[:MAX_FACTS]
        if any(ref in known for ref in fact.source_block_ids)
    ]
    tables = [_table(table) for table in reply.tables[:MAX_TABLES] if table.source_block_id in known]
    kept = Facts(summary=(reply.summary or "")[:MAX_TEXT] or None, facts=tuple(facts), tables=tuple(tables))
    while tables and len(msgspec.json.encode(kept)) > most_bytes:
        tables.pop()
        kept = msgspec.structs.replace(kept, tables=tuple(tables))
    return kept if kept.facts or kept.tables else None


def _table(table: FactTable) -> FactTable:
    rows = tuple(tuple(cell[:MAX_TEXT] for cell in row) for row in table.rows[:MAX_ROWS])
    return msgspec.structs.replace(table, title=(table.title or "")[:MAX_TEXT] or None, rows=rows)


async def _tell_failure(ctx: StageContext, error: DomainError) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "extraction_failed",
            "cause": error.code,
            "message_ru": "Предварительно прочитать изображения не удалось; ответ составлен без этого шага.",
            "message_en": "The pictures could not be read in advance; the answer is written without this step.",
        },
    )
