"""Stage `answer`: the model answers from the materials; its citations become places, its text is streamed."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.answers import Answer, AnswerReply, ReplyCitation
from domain.chats import Message
from domain.errors import BudgetExceeded
from domain.events import EventType
from domain.families.analysis.rules_citations import Resolved, Source, resolve
from domain.families.analysis.rules_history import history_within
from domain.families.analysis.rules_materials import excerpt
from domain.families.analysis.rules_wording import budget_used_up, notes, nothing_to_read
from domain.families.analysis.sources import load_sources, load_words
from domain.families.analysis.types import AnalysisState
from domain.stage import Asked, Next, StageContext

PROMPT = "analysis/answer"
HISTORY_MESSAGES = 20
"""spec/aizoomdoc.md §1.3: 20 messages of history go to the model."""

HISTORY_CHARS = 12_000
PLACES_WITHOUT_MODEL = 5


async def answer(ctx: StageContext, state: AnalysisState) -> Next:
    await ctx.restart_answer("attempt")
    async with ctx.uow() as uow:
        sources = await load_sources(uow, state.materials)
    if not sources:
        text = nothing_to_read(state.language, bool(state.documents), state.unread)
        return await _finish(ctx, state, Answer(text=text), streamed="", checked=0)
    try:
        asked = await ctx.ask(
            "flash", PROMPT, await _variables(ctx, state, sources), AnswerReply, stream_field="answer_markdown"
        )
    except BudgetExceeded:
        return await _without_model(ctx, state, sources)
    reply: AnswerReply = asked.reply
    resolved = await _resolve(ctx, reply.citations, sources)
    text = reply.answer_markdown
    return await _finish(ctx, state, _structured(reply, asked, text, resolved), streamed=text, checked=len(text))


async def _variables(ctx: StageContext, state: AnalysisState, sources: Mapping[str, Source]) -> dict[str, Any]:
    async with ctx.uow() as uow:
        settings = await uow.users.settings(ctx.job.user_id)
        role_id = settings.selected_role_prompt_id
        role = await uow.users.role_prompt(role_id) if role_id is not None else None
        earlier: Sequence[Message] = await uow.chats.history(
            state.question.chat_id, before=state.question.message_id, limit=HISTORY_MESSAGES
        )
    return {
        "question": state.text,
        "language": state.language,
        "role": role or "",
        "focus": list(state.intent.focus_areas),
        "history": history_within(earlier, HISTORY_CHARS),
        "documents": [document.name for document in state.documents],
        "materials": [_shown(ref, source, state.text) for ref, source in sources.items()],
    }


def _shown(ref: str, source: Source, question: str) -> dict[str, Any]:
    """A block as the model sees it."""
    shown = {
        "block_id": ref,
        "document": source.material.document_name,
        "place": source.material.sheet,
        "kind": source.block.kind.value,
        "content": excerpt(source.block.content, question),
    }
    if source.block.heading:
        shown["heading"] = source.block.heading
    return shown


async def _resolve(ctx: StageContext, replies: Sequence[ReplyCitation], sources: Mapping[str, Source]) -> Resolved:
    """Exact places of the citations; what had to be dropped is told as a warning, without the invented id."""
    async with ctx.uow() as uow:
        cited = await load_words(uow, sources, dict.fromkeys(reply.block_id.strip() for reply in replies))
    resolved = resolve(replies, cited)
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
                "message_ru": f"Слова ссылки [{number}] не найдены в её блоке дословно; показан весь блок.",
                "message_en": f"The words of citation [{number}] are not in its block verbatim; the block is shown.",
            },
        )
    return resolved


def _structured(reply: AnswerReply, asked: Asked, text: str, resolved: Resolved) -> Answer:
    return Answer(
        text=text,
        citations=resolved.citations,
        issues=reply.issues,
        recommendations=reply.recommendations,
        diff=reply.diff,
        needs_more_evidence=reply.needs_more_evidence,
        model=asked.model,
        offline=asked.offline,
    )


async def _without_model(ctx: StageContext, state: AnalysisState, sources: Mapping[str, Source]) -> Next:
    """The best places found, said plainly to be no answer: the budget allows no call."""
    best = sorted(sources.values(), key=lambda source: -source.material.score)[:PLACES_WITHOUT_MODEL]
    replies = [ReplyCitation(block_id=source.material.ref) for source in best]
    resolved = await _resolve(ctx, replies, sources)
    places = [f"- {c.document_name}, {c.sheet} [{c.number}]" for c in resolved.citations]
    text = "\n".join([budget_used_up(state.language), "", *places])
    unanswered = Answer(text=text, citations=resolved.citations, needs_more_evidence=True)
    return await _finish(ctx, state, unanswered, streamed="", checked=0)


async def _finish(ctx: StageContext, state: AnalysisState, answered: Answer, *, streamed: str, checked: int) -> Next:
    """Stream what of the text was not streamed yet and the server's notes below it; nothing streamed is edited."""
    below = notes(state.language, state.unread, state.lost_documents, answered.offline)
    text = f"{answered.text}\n\n{below}" if below else answered.text
    await ctx.write_answer(text[len(streamed) :])
    return Next(
        state=msgspec.structs.replace(state, answer=msgspec.structs.replace(answered, text=text), checked_chars=checked)
    )
