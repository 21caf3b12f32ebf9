"""Stage `classify`: what kind of question it is and what to search for. Its failure never fails the job."""

import msgspec

from domain.answers import Intent
from domain.errors import BudgetExceeded, DomainError, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.events import EventType
from domain.families.analysis.rules_history import history_within
from domain.families.analysis.types import AnalysisState
from domain.rules_language import language_of
from domain.stage import Next, StageContext

PROMPT = "analysis/classify"
HISTORY_MESSAGES = 6
HISTORY_CHARS = 3_000


async def classify(ctx: StageContext, state: AnalysisState) -> Next:
    async with ctx.uow() as uow:
        message = await uow.chats.message(state.question.message_id)
        earlier = await uow.chats.history(
            state.question.chat_id, before=state.question.message_id, limit=HISTORY_MESSAGES
        )
    variables = {"question": message.content, "history": history_within(earlier, HISTORY_CHARS)}
    intent = await _intent(ctx, variables)
    return Next(
        state=msgspec.structs.replace(state, text=message.content, language=language_of(message.content), intent=intent)
    )


async def _intent(ctx: StageContext, variables: dict[str, object]) -> Intent:
    """The model's intent, or the default one with a warning. A passing fault is retried while attempts are left."""
    try:
        asked = await ctx.ask("classify", PROMPT, variables, Intent)
    except ProviderFailed as error:
        if ctx.job.attempt < ctx.job.max_attempts:
            raise
        return await _default_intent(ctx, error)
    except (ProviderRefused, ReplyInvalid, BudgetExceeded) as error:
        return await _default_intent(ctx, error)
    return asked.reply


async def _default_intent(ctx: StageContext, error: DomainError) -> Intent:
    await ctx.emit(
        EventType.WARNING,
        {
            "code": "classification_failed",
            "cause": error.code,
            "message_ru": "Вопрос не удалось классифицировать, он обработан как общий.",
            "message_en": "The question could not be classified; it is treated as a general one.",
        },
    )
    return Intent(rationale="classification failed")
