"""How an answer ends: places of its citations, its structure, the server's notes below it, the last of the stream."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from domain.answers import Answer, AnswerReply, ReplyCitation
from domain.events import EventType
from domain.families.analysis.changes import places_of
from domain.families.analysis.rules_extras import extras_of, refs_of
from domain.families.analysis.rules_one_look import is_counted_by_look
from domain.families.analysis.rules_seeking import looked_line
from domain.families.analysis.rules_tally_sources import counted_line, places_line, sources_of, with_pages
from domain.families.analysis.rules_wording import (
    Stopped,
    notes,
    nothing_to_compare,
    nothing_to_read,
    place_line,
    without_model,
)
from domain.families.analysis.sources import load_words
from domain.families.analysis.tallies import unboxed
from domain.families.analysis.types import AnalysisState, Draft
from domain.grounding.rules_citations import Resolved, Source, resolve
from domain.stage import Next, StageContext

PLACES_WITHOUT_MODEL = 5
MAX_CITATIONS = 100
"""More are of a model that repeats itself. A guess."""


async def end_with_draft(
    ctx: StageContext,
    state: AnalysisState,
    sources: Mapping[str, Source],
    draft: Draft,
    *,
    streamed: str,
    stopped: Sequence[Stopped],
) -> Next:
    """A model's answer. `streamed` is what of its text was shown already."""
    reply = draft.reply
    sources = {**sources_of(state.tallies), **sources}
    cited = await _load_named(ctx, state, sources, refs_of(reply))
    resolved = resolve(reply.citations[:MAX_CITATIONS], cited)
    await _tell_faults(ctx, resolved)
    if not draft.offline and not resolved.citations and not reply.needs_more_evidence:
        stopped = [*stopped, Stopped.UNCITED]
    numbered = {n: cited[ref] for n, ref in enumerate(_refs(reply), start=1) if ref in cited}
    if await asyncio.to_thread(is_counted_by_look, state.intent, reply.answer_markdown, numbered):
        stopped = [*stopped, Stopped.ONE_LOOK]
    extras = await asyncio.to_thread(extras_of, reply, cited)
    citations, uncited, further = with_pages(resolved.citations, dict(enumerate(_refs(reply), start=1)), state.tallies)
    counted = (
        counted_line(uncited, citations, state.language),
        places_line(citations, further, uncited, state.language),
    )
    answered = Answer(
        text=reply.answer_markdown,
        citations=citations,
        issues=extras.issues,
        recommendations=extras.recommendations,
        diff=extras.diff,
        needs_more_evidence=reply.needs_more_evidence or bool({Stopped.TURNS, Stopped.ONE_LOOK} & {*stopped}),
        model=draft.model,
        offline=draft.offline,
    )
    checked = len(answered.text)
    return await _finish(ctx, state, answered, streamed=streamed, checked=checked, stopped=stopped, counted=counted)


def _refs(reply: AnswerReply) -> list[str]:
    return [citation.block_id.strip() for citation in reply.citations[:MAX_CITATIONS]]


async def end_without_documents(ctx: StageContext, *, state: AnalysisState) -> Next:
    text = nothing_to_read(state.language, bool(state.documents), state.unread)
    return await _finish(ctx, state, Answer(text=text), streamed="", checked=0)


async def end_without_side(ctx: StageContext, *, state: AnalysisState, side: str) -> Next:
    """One of the compared sets holds nothing that can be read."""
    text = nothing_to_compare(state.language, side)
    return await _finish(ctx, state, Answer(text=text, needs_more_evidence=True), streamed="", checked=0)


async def end_without_model(
    ctx: StageContext, state: AnalysisState, sources: Mapping[str, Source], stopped: Stopped
) -> Next:
    """The best places found, quoted and said plainly to be no answer. Quotations are checked like a model's."""
    hits = (source for source in sources.values() if source.material.score > 0 and source.block.content.strip())
    best = sorted(hits, key=lambda source: -source.material.score)[:PLACES_WITHOUT_MODEL]
    replies = [ReplyCitation(block_id=source.material.ref, quote=_quote_of(source)) for source in best]
    cited = await _load_named(ctx, state, sources, [reply.block_id for reply in replies])
    citations = resolve(replies, cited).citations
    lines = [place_line(citation, state.language) for citation in citations]
    text = "\n".join([without_model(state.language, stopped, bool(lines)), "", *lines]).strip()
    # What the server counted itself needs no model to be told.
    citations, uncited, _ = with_pages(citations, {}, state.tallies)
    unanswered = Answer(text=text, citations=citations, needs_more_evidence=True)
    counted = (counted_line(uncited, citations, state.language),)
    return await _finish(ctx, state, unanswered, streamed="", checked=len(text), counted=counted)


def _quote_of(source: Source) -> str:
    """The words around the hit, as the search shows them, if they stand so in the block."""
    pieces = [piece.strip() for piece in source.material.snippet.replace("...", "…").split("…")]
    longest = max(pieces, key=len, default="")
    return longest if longest and longest in source.block.content else ""


async def _load_named(
    ctx: StageContext, state: AnalysisState, sources: Mapping[str, Source], refs: Sequence[str]
) -> dict[str, Source]:
    async with ctx.uow() as uow:
        return await load_words(uow, sources, refs, state.pictures, places_of(state.differences))


async def _tell_faults(ctx: StageContext, resolved: Resolved) -> None:
    """What had to be dropped, without the invented id."""
    for number in resolved.dropped:
        await ctx.emit(
            EventType.WARNING,
            {
                "code": "citation_dropped",
                "number": number,
                "message_ru": f"Ссылка [{number}] указывала на место, которого нет в материалах; она удалена.",
                "message_en": f"Citation [{number}] named a place that is not in the materials; it was dropped.",
            },
        )
    for number in resolved.unquoted:
        await ctx.emit(
            EventType.WARNING,
            {
                "code": "quote_not_found",
                "number": number,
                "message_ru": f"Слова ссылки [{number}] не найдены в её месте дословно; показано всё место.",
                "message_en": f"The words of citation [{number}] are not in its place verbatim; all of it is shown.",
            },
        )


async def _finish(
    ctx: StageContext,
    state: AnalysisState,
    answered: Answer,
    *,
    streamed: str,
    checked: int,
    stopped: Sequence[Stopped] = (),
    counted: Sequence[str] = (),
) -> Next:
    """Stream what of the text was not streamed yet and the server's notes below it; nothing streamed is edited."""
    said = notes(state.language, state.unread, state.lost_documents, answered.offline, stopped)
    below = "\n\n".join(filter(None, (*counted, looked_line(state.tiles, state.language), said)))
    text = f"{answered.text}\n\n{below}" if below else answered.text
    await ctx.write_answer(text[len(streamed) :])
    answered = msgspec.structs.replace(answered, text=text, pictures=state.pictures, usage=ctx.spent)
    return Next(
        state=msgspec.structs.replace(
            state, answer=answered, draft=None, wishes=(), tallies=unboxed(state.tallies), checked_chars=checked
        ),
        goto="verify" if answered.offline else "reread",
    )
