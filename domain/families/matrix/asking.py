"""Asking a model in this family: what to do when it does not answer. A matrix is made without it, and says so."""

import asyncio
from typing import Any

import msgspec

from domain.errors import BudgetExceeded, DomainError, ProviderFailed, ProviderLimited, ProviderRefused, ReplyInvalid
from domain.events import EventType
from domain.llm import Part
from domain.stage import Asked, StageContext

ASK_S = 150.0
"""For one whole question with its repair: less than a stage's own time."""

LONGEST_WAIT_S = 300.0
"""For a provider's limit. A guess."""


class NotAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Why no reply came. `is_spent`: the job's budget is used up, no further question makes sense."""

    error: str
    is_spent: bool = False


async def ask(
    ctx: StageContext,
    role: str,
    prompt: str,
    variables: dict[str, Any],
    schema: type[msgspec.Struct],
    parts: tuple[Part, ...] = (),
) -> Asked | NotAsked:
    """The reply, or why there is none. Raises a passing fault while the job may still try again."""
    try:
        async with asyncio.timeout(ASK_S):
            return await ctx.ask(role, prompt, variables, schema, parts=parts)
    except BudgetExceeded as error:
        return NotAsked(error=error.code, is_spent=True)
    except (ProviderFailed, ProviderRefused, ReplyInvalid) as error:
        if _is_worth_waiting(ctx, error):
            raise
        return NotAsked(error=error.code)
    except TimeoutError as error:
        failed = ProviderFailed(f"no whole reply within {ASK_S:.0f} s")
        if _is_worth_waiting(ctx, failed):
            raise failed from error
        return NotAsked(error=failed.code)


async def tell(ctx: StageContext, code: str, message_ru: str, message_en: str, **fields: Any) -> None:
    payload = {"code": code, "message_ru": message_ru, "message_en": message_en, **fields}
    await ctx.emit(EventType.WARNING, payload)


def _is_worth_waiting(ctx: StageContext, error: DomainError) -> bool:
    if isinstance(error, ProviderLimited):
        return (error.retry_after_s or 0.0) <= LONGEST_WAIT_S
    return isinstance(error, ProviderFailed) and ctx.job.attempt < ctx.job.max_attempts
