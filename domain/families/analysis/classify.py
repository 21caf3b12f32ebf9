"""Stage `classify`: what kind of question it is and what to search for. Its failure never fails the job."""

from uuid import UUID

import msgspec

from domain.answers import Intent
from domain.chats import Message, Settings
from domain.errors import DomainError, NotFound
from domain.events import EventType
from domain.families.analysis.asking import GIVEN_UP, ask_model, is_worth_waiting
from domain.families.analysis.rules_history import history_within
from domain.families.analysis.types import AnalysisState
from domain.jobs import Job
from domain.ports import UnitOfWork
from domain.roles import RolePrompt, pin_of
from domain.rules_language import language_of
from domain.stage import Next, StageContext, Write

PROMPT = "analysis/classify"
CLASSIFY_S = 100.0
"""Less than the stage's own time: a question that cannot be classified is answered all the same."""

HISTORY_MESSAGES = 6
HISTORY_CHARS = 3_000
REPLIED_CHARS = 6_000


async def classify(ctx: StageContext, state: AnalysisState) -> Next:
    async with ctx.uow() as uow:
        message = await uow.chats.message(state.question.message_id)
        settings = await uow.users.settings(ctx.job.user_id)
        role = await _role(uow, ctx.job, settings)
        replied = await _replied(uow, message)
        earlier = await uow.chats.history(
            state.question.chat_id, before=state.question.message_id, limit=HISTORY_MESSAGES
        )
    variables = {"question": message.content, "history": history_within(earlier, HISTORY_CHARS, replied)}
    intent = await _intent(ctx, variables)
    return Next(
        state=msgspec.structs.replace(
            state,
            text=message.content,
            language=language_of(message.content),
            replied=replied,
            settings=settings,
            role=role,
            intent=intent,
        ),
        write=_noting(ctx.job.id, role),
    )


async def _role(uow: UnitOfWork, job: Job, settings: Settings) -> RolePrompt | None:
    """The role that the user has chosen; the version that the job had before, if it had one."""
    role_id = settings.selected_role_prompt_id
    if role_id is None:
        return None
    return await uow.roles.use(role_id, job.user_id, job.prompt_pins.get(pin_of(role_id)))


def _noting(job_id: UUID, role: RolePrompt | None) -> Write | None:
    if role is None:
        return None

    async def note(uow: UnitOfWork) -> None:
        await uow.roles.pin(job_id, role)

    return note


async def _replied(uow: UnitOfWork, message: Message) -> Message | None:
    """The message that the question replies to, cut to what a prompt takes; null when it is gone."""
    if message.reply_to_id is None:
        return None
    try:
        replied = await uow.chats.message(message.reply_to_id)
    except NotFound:
        return None
    return msgspec.structs.replace(replied, content=replied.content[:REPLIED_CHARS])


async def _intent(ctx: StageContext, variables: dict[str, object]) -> Intent:
    """The model's intent, or the default one with a warning. A passing fault is retried while attempts are left."""
    try:
        asked = await ask_model(ctx, "classify", PROMPT, variables, Intent, within_s=CLASSIFY_S)
    except GIVEN_UP as error:
        if is_worth_waiting(ctx, error):
            raise
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
