"""The log of model calls in PostgreSQL."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from domain.errors import ProviderLimited
from domain.llm import LLMCall, Usage
from storage.tables.llm import LLMCallRow


class DatabaseLLMLog:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def write(self, call: LLMCall) -> None:
        async with self._sessions() as session, session.begin():
            await session.merge(row_of(call))

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        columns = [func.coalesce(func.sum(getattr(LLMCallRow, name)), 0) for name in _COUNTED]
        # As the asker counts: a call turned away at a limit is none.
        calls_made = func.count().filter(LLMCallRow.error.is_distinct_from(ProviderLimited.code))
        statement = select(calls_made, func.coalesce(func.sum(LLMCallRow.latency_ms), 0), *columns)
        async with self._sessions() as session:
            row = (await session.execute(statement.where(LLMCallRow.job_id == job_id))).one()
        calls, milliseconds, *sums = (int(value) for value in row)
        return Usage(calls=calls, **dict(zip(_COUNTED, sums, strict=True))), milliseconds / 1000


_COUNTED = ("input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "images", "cost_micro_usd")


def row_of(call: LLMCall) -> LLMCallRow:
    """The row of a call. PostgreSQL's text holds no NUL character, which a broken model may send: it is removed."""
    usage = call.usage
    return LLMCallRow(
        id=call.id,
        job_id=call.job_id,
        user_id=call.user_id,
        stage=call.stage,
        role=call.role,
        model=call.request.model,
        prompt=call.request.purpose,
        prompt_version=call.prompt_version,
        is_repair=call.is_repair,
        own_key=call.own_key,
        request=_request(call),
        response=call.response.replace("\x00", ""),
        finish_reason=call.finish_reason,
        request_id=call.request_id,
        error=call.error,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        thinking_tokens=usage.thinking_tokens,
        images=usage.images,
        cost_micro_usd=usage.cost_micro_usd,
        latency_ms=call.latency_ms,
        first_token_ms=call.first_token_ms,
    )


def _request(call: LLMCall) -> dict[str, Any]:
    """The request as sent. Its variables and schema are left out: the rendered text holds the former, the prompt's
    version leads to the latter."""
    request = msgspec.to_builtins(call.request)
    del request["variables"], request["schema"]
    return _without_nul(request)


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    return value
