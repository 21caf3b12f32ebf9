"""What one turn of `answer` works with, and what the prompt tells of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.chats import Message
from domain.documents import Page
from domain.families.analysis.asking import listed, shown_of
from domain.families.analysis.changes import places_of, told
from domain.families.analysis.rules_history import history_within
from domain.families.analysis.rules_modes import Mode, answering_role, mode_of
from domain.families.analysis.rules_prompt import shown_block
from domain.families.analysis.rules_sides import SIDES, labelled
from domain.families.analysis.rules_tally_sources import sources_of
from domain.families.analysis.sources import Source, load_sources
from domain.families.analysis.types import AnalysisState, Facts
from domain.roles import as_variable
from domain.stage import StageContext

HISTORY_MESSAGES = 20
"""spec/aizoomdoc.md §1.3: 20 messages of history go to the model."""

HISTORY_CHARS = 12_000


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """`sees`: the model takes pictures. `is_comparison`: two sets are compared."""

    role: str
    sees: bool
    is_comparison: bool
    sources: Mapping[str, Source]
    pages: Mapping[tuple[UUID, int], Page]
    earlier: Sequence[Message]


async def prepare(ctx: StageContext, state: AnalysisState) -> Prepared:
    role = answering_role(state)
    sees = ctx.capabilities(role).images
    async with ctx.uow() as uow:
        sources = sources_of(state.tallies) | await load_sources(uow, state.materials)
        shown = ((s.material.document_id, s.block.page_no) for s in sources.values())
        pointed = ((picture.document_id, picture.page_no) for picture in state.pictures)
        changed = ((place.document_id, place.page_no) for place in places_of(state.differences).values())
        pages = await uow.documents.pages_on((*shown, *pointed, *changed)) if sees else {}
        earlier = await uow.chats.history(
            state.question.chat_id, before=state.question.message_id, limit=HISTORY_MESSAGES
        )
    return Prepared(
        role=role,
        sees=sees,
        is_comparison=mode_of(state.question, state.settings) is Mode.COMPARE,
        sources=sources,
        pages=pages,
        earlier=earlier,
    )


def variables_of(state: AnalysisState, prepared: Prepared, *, looks_left: int) -> dict[str, Any]:
    sides = {document.id: document.side for document in state.documents}
    variables: dict[str, Any] = {
        "question": state.text,
        "language": state.language,
        "role": as_variable(state.role),
        "focus": list(state.intent.focus_areas),
        "history": history_within(prepared.earlier, HISTORY_CHARS, state.replied),
        "documents": [labelled(document.side, document.name) for document in state.documents],
        "materials": [
            shown_block(ref, source, state.text)
            for ref, source in prepared.sources.items()
            if prepared.sees or source.block.content.strip()
        ],
        "pictures": listed(shown_of(state.pictures), sides) if prepared.sees else [],
        "facts": _plain(state.facts),
        "looks_left": looks_left if prepared.sees else 0,
    }
    if prepared.is_comparison:
        variables["facts"] = {"A": _plain(state.facts), "B": _plain(state.facts_b)}
        variables["differences"] = told(state.differences)
    return variables


def missing_side(state: AnalysisState) -> str:
    """The side of a comparison without any document that can be read; empty when there is none."""
    if mode_of(state.question, state.settings) is not Mode.COMPARE:
        return ""
    present = {document.side for document in state.documents}
    return next((side for side in SIDES if side not in present), "")


def _plain(facts: Facts | None) -> dict[str, Any]:
    return msgspec.to_builtins(facts) if facts else {}
