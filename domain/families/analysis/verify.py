"""Stage `verify`: every checkable statement of the answer is looked up in the cited places; then the job ends."""

import asyncio
from typing import Any

import msgspec

from domain.answers import Answer, Claim
from domain.events import EventType
from domain.families.analysis.counting_boxes import with_all_boxes
from domain.families.analysis.rules_claims import check_claims
from domain.families.analysis.rules_readings import with_readings
from domain.families.analysis.rules_tally_sources import as_counted
from domain.families.analysis.sources import load_cited
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from domain.ports import UnitOfWork
from domain.stage import Finished, StageContext


async def verify(ctx: StageContext, state: AnalysisState) -> Finished:
    answer = await with_all_boxes(ctx, state.answer or Answer(text=""), state.tallies)
    await ctx.emit(EventType.ANSWER_COMPLETED, {"text": answer.text, "model": answer.model, "offline": answer.offline})
    async with ctx.uow() as uow:
        cited = await load_cited(uow, state, answer)
    # Milliseconds for a usual answer, seconds for 100,000 characters of bare numbers.
    claims = await asyncio.to_thread(check_claims, answer.text[: state.checked_chars], cited)
    claims = with_readings(as_counted(claims, cited), state.readings)
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


def _mark(claim: Claim) -> dict[str, Any]:
    return {
        "start": claim.start,
        "end": claim.end,
        "claim_id": claim.claim_id,
        "verdict": claim.verdict.value,
        "citation_number": claim.citation_number,
    }
