"""Stage `verify`: every checkable statement of the answer is looked up in the cited places; then the job ends."""

from typing import Any

import msgspec

from domain.answers import Answer, Claim
from domain.events import EventType
from domain.families.analysis.rules_citations import Source
from domain.families.analysis.rules_claims import check_claims
from domain.families.analysis.sources import load_sources, load_words
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from domain.ports import UnitOfWork
from domain.stage import Finished, StageContext


async def verify(ctx: StageContext, state: AnalysisState) -> Finished:
    answer = state.answer or Answer(text="")
    await ctx.emit(EventType.ANSWER_COMPLETED, {"text": answer.text, "model": answer.model, "offline": answer.offline})
    cited = await _cited(ctx, state, answer)
    claims = check_claims(answer.text[: state.checked_chars], cited)
    for claim in claims:
        await ctx.emit(EventType.ANSWER_MARKED, _mark(claim))
    answer = msgspec.structs.replace(answer, claims=tuple(claims))
    message_id = new_id()
    question = state.question
    job_id = ctx.job.id

    async def write(uow: UnitOfWork) -> None:
        await uow.chats.save_answer(
            message_id=message_id,
            chat_id=question.chat_id,
            job_id=job_id,
            question_id=question.message_id,
            answer=answer,
        )

    result = {"message_id": str(message_id), "answer": msgspec.to_builtins(answer)}
    return Finished(result=result, text=answer.text, write=write)


async def _cited(ctx: StageContext, state: AnalysisState, answer: Answer) -> dict[int, Source]:
    """The cited blocks with their words, by the citation's number."""
    places = {(m.document_id, m.block_id): m for m in state.materials}
    wanted = {c.number: places[c.document_id, c.block_id] for c in answer.citations if c.block_id is not None}
    async with ctx.uow() as uow:
        sources = await load_sources(uow, list(wanted.values()))
        loaded = await load_words(uow, sources, [material.ref for material in wanted.values()])
    return {number: loaded[material.ref] for number, material in wanted.items() if material.ref in loaded}


def _mark(claim: Claim) -> dict[str, Any]:
    return {
        "start": claim.start,
        "end": claim.end,
        "claim_id": claim.claim_id,
        "verdict": claim.verdict.value,
        "citation_number": claim.citation_number,
    }
