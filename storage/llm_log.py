"""The log of model calls in PostgreSQL: what is kept of a call, and what a job's calls add up to.

A row holds what a reader and a replay need, and no secret: texts that look like one are blanked, and the values that
this process itself knows. Pictures are named by digest.
"""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import aliased

from domain.llm import LLMCall, LLMRequest, Piece, TextPart, Usage
from domain.rules_secrets import everywhere_without_secrets
from storage.direct import Direct
from storage.tables.llm import LLMCallRow

AT_ONCE_CHARS = 20_000
"""Looking through a longer call takes more than a millisecond, tens of them for a million characters: that is done in a
thread."""


class DatabaseLLMLog:
    """`secrets` are the values that this process knows and that may stand in no row."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], *, secrets: Collection[str] = ()) -> None:
        self._sessions = sessions
        self._direct = Direct(sessions.kw["bind"])
        self._secrets = tuple(secrets)

    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        """One statement, so also one transaction."""
        texts = [call.response, call.thinking]
        if with_request:
            texts += [call.request.system, *(part.text for part in call.request.parts if isinstance(part, TextPart))]
        is_long = sum(map(len, texts)) > AT_ONCE_CHARS
        arguments = (call, self._secrets, with_request)
        row = await asyncio.to_thread(row_of, *arguments) if is_long else row_of(*arguments)
        await self._direct.first(_write_of(tuple(row)), *row.values())

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        """A reply that came from a record counts as the recorded call did, but for its money."""
        source = aliased(LLMCallRow)
        counted = [
            func.coalesce(func.sum(_of_source(source, name) + getattr(LLMCallRow, name)), 0) for name in _COUNTED
        ]
        milliseconds = func.coalesce(func.sum(func.coalesce(source.latency_ms, LLMCallRow.latency_ms)), 0)
        cost = func.coalesce(func.sum(LLMCallRow.cost_micro_usd), 0)
        statement = (
            select(milliseconds, cost, *counted)
            .outerjoin(source, source.id == LLMCallRow.served_by)
            .where(LLMCallRow.job_id == job_id)
        )
        async with self._sessions() as session:
            milliseconds_, cost_, *sums = (int(value) for value in (await session.execute(statement)).one())
        return Usage(cost_micro_usd=cost_, **dict(zip(_COUNTED, sums, strict=True))), milliseconds_ / 1000


_COUNTED = ("calls", "input_tokens", "output_tokens", "cached_tokens", "thinking_tokens", "images")


def _of_source(source: Any, name: str) -> Any:
    return func.coalesce(getattr(source, name), 0)


def row_of(call: LLMCall, secrets: Collection[str] = (), with_request: bool = True) -> dict[str, Any]:
    """By column. Without its request, the row keeps the one that it has."""
    usage = call.usage
    response = everywhere_without_secrets(call.response, secrets)
    thinking = everywhere_without_secrets(call.thinking, secrets)
    is_as_said = (response, thinking) == (call.response, call.thinking)
    return {
        "id": call.id,
        "job_id": call.job_id,
        "user_id": call.user_id,
        "stage": call.stage,
        "role": call.role,
        "model": call.request.model,
        "prompt": call.request.purpose,
        "prompt_version": call.prompt_version,
        "is_repair": call.is_repair,
        "own_key": call.own_key,
        **({"request": _request_of(call.request, secrets)} if with_request else {}),
        "response": response,
        "finish_reason": call.finish_reason,
        "request_id": call.request_id,
        "error": call.error,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "thinking_tokens": usage.thinking_tokens,
        "images": usage.images,
        "cost_micro_usd": usage.cost_micro_usd,
        "calls": usage.calls,
        "latency_ms": call.latency_ms,
        "first_token_ms": call.first_token_ms,
        "epoch": call.epoch,
        "step_no": call.step_no,
        "try_no": call.try_no,
        "thinking": thinking,
        "pieces": _json(call.pieces if is_as_said else _whole(thinking, response)),
        "fault": _json(everywhere_without_secrets(msgspec.to_builtins(call.fault), secrets)) if call.fault else None,
        "settings": _json(call.settings),
        "served_by": call.served_by,
    }


def _request_of(request: LLMRequest, secrets: Collection[str]) -> str:
    return _json(everywhere_without_secrets(logged_request(request), secrets))


@cache
def _write_of(columns: tuple[str, ...]) -> str:
    """Saying the same call again replaces what was said of it before, column by column. A row whose texts were blanked
    meanwhile has some again: it is found by the next sweep."""
    put = ", ".join([*(f"{name} = excluded.{name}" for name in columns if name != "id"), "expired_at = null"])
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"insert into llm_calls ({', '.join(columns)}) values ({values}) on conflict (id) do update set {put}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _whole(thinking: str, response: str) -> Sequence[Piece]:
    """Where something was blanked, the lengths are no longer those that came: each text is one piece."""
    pieces = [Piece(True, len(thinking), 0), Piece(False, len(response), 0)]
    return [piece for piece in pieces if piece.length]


def logged_request(request: LLMRequest) -> dict[str, Any]:
    """The request as sent. Its variables are left out: the rendered text holds them; and what a provider may keep of
    it and for whom, which changes nothing for the model. Its schema is told by its sha256: the prompt's version and the
    release lead to it."""
    logged = msgspec.to_builtins(request)
    del logged["variables"], logged["stable_parts"], logged["owner"]
    schema = msgspec.json.encode(request.schema) if request.schema else b""
    logged["schema"] = hashlib.sha256(schema).hexdigest() if schema else None
    return logged


def comparable_request(request: LLMRequest) -> dict[str, Any]:
    """A request as a row of the log would hold it, to be compared with one."""
    return everywhere_without_secrets(logged_request(request))
