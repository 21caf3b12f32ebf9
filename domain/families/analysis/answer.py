"""Stage `answer`: the model answers from blocks and pictures, or takes a closer look first; its text is streamed.

Whether a closer look is needed is decided by the fields that come before the text: then nothing of the text is shown.
"""

from typing import Any

import msgspec

from domain.answers import AnswerReply
from domain.errors import DomainError
from domain.events import EventType
from domain.families.analysis.asking import GIVEN_UP, ask_model, is_worth_waiting, parts_of, shown_of
from domain.families.analysis.changes import places_of, wish_for
from domain.families.analysis.ending import (
    end_with_draft,
    end_without_documents,
    end_without_model,
    end_without_side,
)
from domain.families.analysis.preparing import Prepared, missing_side, prepare, variables_of
from domain.families.analysis.replies import CompareReply, as_answer
from domain.families.analysis.rules_gate import forced
from domain.families.analysis.rules_seeking import search_for
from domain.families.analysis.rules_sides import NO_SIDE
from domain.families.analysis.rules_wishes import Places, drawable, requested
from domain.families.analysis.rules_wording import Stopped
from domain.families.analysis.types import AnalysisState, Draft, TileSearch, Wish
from domain.stage import Next, StageContext

PROMPT = "analysis/answer"
COMPARE_PROMPT = "analysis/compare"
MAX_TURNS = 6
"""Closer looks of one question (peers.md §5d.6). No path takes more; ten is the most that may ever be set here
(spec/aizoomdoc.md §1.3), for the budget of calls has room for ten with a repair each."""


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """A closer look that is to be taken before the answer counts, if there are wishes; else a search for the place, if
    nobody knows it."""

    wishes: tuple[Wish, ...] = ()
    is_forced: bool = False
    dropped: int = 0
    tiles: TileSearch | None = None

    @property
    def is_needed(self) -> bool:
        return bool(self.wishes) or self.tiles is not None


async def answer(ctx: StageContext, state: AnalysisState) -> Next:
    await ctx.restart_answer("closer_look" if state.turn else "attempt")
    loaded = await prepare(ctx, state)
    if missing := missing_side(state):
        return await end_without_side(ctx, state=state, side=missing)
    has_pictures = loaded.sees and state.pictures
    if not has_pictures and not any(source.block.content.strip() for source in loaded.sources.values()):
        return await end_without_documents(ctx, state=state)
    try:
        asked = await ask_model(
            ctx,
            loaded.role,
            COMPARE_PROMPT if loaded.is_comparison else PROMPT,
            variables_of(state, loaded, looks_left=MAX_TURNS - state.turn),
            CompareReply if loaded.is_comparison else AnswerReply,
            parts=parts_of(shown_of(state.pictures)) if loaded.sees else (),
            stream_field="answer_markdown",
            hold=lambda head: _look_of(_head(head), state, loaded).is_needed,
        )
    except GIVEN_UP as error:
        if is_worth_waiting(ctx, error):
            raise
        return await _give_up(ctx, state, loaded, error)
    sides = {document.id: document.side for document in state.documents}
    reply, strays = as_answer(asked.reply, {p.ref: sides.get(p.document_id, NO_SIDE) for p in state.pictures})
    if strays:
        await _tell_strays(ctx, strays)
    look = _look_of(reply, state, loaded)
    if look.dropped:
        await _tell_dropped(ctx, look.dropped)
    draft = Draft(reply=reply, model=asked.model, offline=asked.offline)
    if look.is_needed:
        return Next(
            state=msgspec.structs.replace(
                state,
                draft=_better(state.draft, draft),
                wishes=look.wishes,
                tiles=look.tiles or state.tiles,
                is_gated=state.is_gated or look.is_forced,
            ),
            goto="follow_up" if look.wishes else "seek",
        )
    return await _end(ctx, state, loaded, draft, held=asked.held)


def _head(fields: dict[str, Any]) -> AnswerReply | None:
    """The reply so far, without its text; null when its fields do not fit."""
    try:
        return msgspec.convert({**fields, "answer_markdown": "…"}, AnswerReply)
    except msgspec.ValidationError:
        return None


def _look_of(reply: AnswerReply | None, state: AnalysisState, loaded: Prepared) -> _Look:
    """What the model asks to see, else what the gate wants it to see; nothing when no turn is left."""
    if reply is None or not loaded.sees or state.turn >= MAX_TURNS:
        return _Look()
    places = Places(
        sources=loaded.sources,
        pictures=state.pictures,
        pages=loaded.pages,
        seen=state.places,
        changes={ref: wish_for(place, by="model") for ref, place in places_of(state.differences).items()},
    )
    wanted = requested(reply, places)
    asked = drawable(wanted.wishes, state.documents)
    if asked:
        return _Look(wishes=asked, dropped=wanted.dropped)
    if state.is_gated:
        return _Look(dropped=wanted.dropped, tiles=_search_of(reply, state, loaded))
    wishes = drawable(forced(reply, places, is_visual=state.intent.requires_visual_detail), state.documents)
    if wishes:
        return _Look(wishes=wishes, is_forced=True, dropped=wanted.dropped)
    return _Look(dropped=wanted.dropped, tiles=_search_of(reply, state, loaded))


def _search_of(reply: AnswerReply, state: AnalysisState, loaded: Prepared) -> TileSearch | None:
    """One search for a place that must be seen and that nobody knows; not in comparisons, whose places are changes."""
    if state.tiles is not None or loaded.is_comparison or not state.intent.requires_visual_detail:
        return None
    with_file = {document.id for document in state.documents if document.has_file}
    return search_for(reply, loaded.sources, state.pictures, loaded.pages, with_file, state.language)


def _better(old: Draft | None, new: Draft) -> Draft:
    """The new one, unless it gives up what the old one had: a closer look never takes a good answer away."""
    if old is None or not old.reply.citations:
        return new
    gives_up = new.reply.needs_more_evidence and not new.reply.citations
    return old if gives_up else new


async def _end(ctx: StageContext, state: AnalysisState, loaded: Prepared, draft: Draft, *, held: bool) -> Next:
    best = _better(state.draft, draft)
    stopped: list[Stopped] = []
    if loaded.sees and (draft.reply.followup_images or draft.reply.followup_rois):
        stopped.append(Stopped.TURNS)
    streamed = "" if held else draft.reply.answer_markdown
    if best is not draft and streamed:
        await ctx.restart_answer("better_answer")
        streamed = ""
    return await end_with_draft(ctx, state, loaded.sources, best, streamed=streamed, stopped=stopped)


async def _give_up(ctx: StageContext, state: AnalysisState, loaded: Prepared, error: DomainError) -> Next:
    """The best answer so far; without one, what the search found."""
    await ctx.restart_answer("model_failed")
    if state.draft is not None:
        return await end_with_draft(ctx, state, loaded.sources, state.draft, streamed="", stopped=[_stopped_by(error)])
    return await end_without_model(ctx, state, loaded.sources, _stopped_by(error))


def _stopped_by(error: DomainError) -> Stopped:
    return {"budget_exceeded": Stopped.BUDGET, "provider_refused": Stopped.REFUSED}.get(error.code, Stopped.FAILED)


async def _tell_dropped(ctx: StageContext, count: int) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "follow_up_dropped",
            "count": count,
            "message_ru": "Модель просила показать место, которого нет в материалах; просьба отклонена.",
            "message_en": "The model asked to see a place that is not in the materials; it was refused.",
        },
    )


async def _tell_strays(ctx: StageContext, count: int) -> None:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "citation_wrong_side",
            "count": count,
            "message_ru": "Ссылки на другой из сравниваемых наборов документов отброшены.",
            "message_en": "Citations of the other one of the compared sets were dropped.",
        },
    )
