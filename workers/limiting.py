"""The limits of a provider's account, shared by all workers through Redis: calls and tokens a minute, calls at a time.

A limit delays, it never fails a job: a short wait is waited here, a longer one is the engine's (`ProviderLimited`:
checkpoint and `run_at`, no attempt lost; DESIGN §4.7). Without Redis nobody is counted: the provider itself still does.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import ProviderLimited
from domain.ids import new_id

_log = structlog.get_logger()

MAX_WAIT_IN_PLACE_S = 2.0
"""DESIGN §4.7."""

LOOK_AGAIN_S = 0.25
"""While all places are taken: nobody knows when one gets free. A guess."""

PLACE_S = 360.0
"""A place is free again after this time, should its worker have died: longer than any call."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Of one provider, for each model and key; null means none."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None


class Ticket(msgspec.Struct, frozen=True):
    """A call that may be made. `account` names the model and whose key; `tokens` were counted beforehand."""

    account: str
    id: str
    tokens: int


class Limiter(Protocol):
    async def enter(self, model: str, owner: str, tokens: int) -> Ticket:
        """Wait for the account's turn, at most 2 s. Raises `ProviderLimited` when it takes longer."""
        ...

    async def leave(self, ticket: Ticket, tokens: int, *, pause_s: float | None = None) -> None:
        """The call has ended after so many tokens. `pause_s`: the provider wants no call for so long."""
        ...


class Unlimited:
    """For tests, and for who does not want to count."""

    async def enter(self, model: str, owner: str, tokens: int) -> Ticket:
        return Ticket(model, "", tokens)

    async def leave(self, ticket: Ticket, tokens: int, *, pause_s: float | None = None) -> None:
        return


class RedisLimiter:
    """`limits` by provider. The clock is Redis' own."""

    def __init__(self, redis: Redis, limits: Mapping[str, Limits]) -> None:
        self._limits = limits
        self._enter = redis.register_script(_ENTER)
        self._leave = redis.register_script(_LEAVE)

    async def enter(self, model: str, owner: str, tokens: int) -> Ticket:
        ticket = Ticket(f"{model}:{owner}", str(new_id()), tokens)
        give_up_at = time.monotonic() + MAX_WAIT_IN_PLACE_S
        while wait_s := await self._wait_s(ticket):
            if time.monotonic() + wait_s > give_up_at:
                raise ProviderLimited(f"limit of {model}", retry_after_s=max(wait_s, MAX_WAIT_IN_PLACE_S))
            await asyncio.sleep(wait_s)
        return ticket

    async def leave(self, ticket: Ticket, tokens: int, *, pause_s: float | None = None) -> None:
        limits = self._limits_of(ticket)
        arguments = [ticket.id, tokens - ticket.tokens, limits.tpm or 0, round((pause_s or 0) * 1000)]
        try:
            await self._leave(keys=_keys(ticket), args=arguments)
        except (RedisError, OSError) as error:
            _log.warning("limit_unchecked", limit=ticket.account, error=type(error).__name__)

    async def _wait_s(self, ticket: Ticket) -> float:
        """0 when the call may be made; it is counted then."""
        limits = self._limits_of(ticket)
        arguments = [
            ticket.id,
            ticket.tokens,
            limits.rpm or 0,
            limits.tpm or 0,
            limits.concurrency or 0,
            round(PLACE_S * 1000),
            round(LOOK_AGAIN_S * 1000),
        ]
        try:
            return float(await self._enter(keys=_keys(ticket), args=arguments)) / 1000
        except (RedisError, OSError) as error:
            _log.warning("limit_unchecked", limit=ticket.account, error=type(error).__name__)
            return 0.0

    def _limits_of(self, ticket: Ticket) -> Limits:
        return self._limits.get(ticket.account.partition(":")[0], Limits())


def read_limits(environ: Mapping[str, str], providers: list[str]) -> dict[str, Limits]:
    """<PROVIDER>_RPM, <PROVIDER>_TPM and <PROVIDER>_CONCURRENCY; absent, empty and 0 mean no limit."""

    def number(name: str) -> int | None:
        return int(environ.get(name) or 0) or None

    return {
        provider: Limits(
            rpm=number(f"{provider.upper()}_RPM"),
            tpm=number(f"{provider.upper()}_TPM"),
            concurrency=number(f"{provider.upper()}_CONCURRENCY"),
        )
        for provider in providers
    }


def _keys(ticket: Ticket) -> list[Any]:
    """Braces keep the keys of an account on one node of a cluster."""
    return [f"limit:{{{ticket.account}}}:{name}" for name in ("pause", "calls", "tokens", "open")]


# Rates are kept as the time at which all that was let through is paid for (GCRA). Calls may come ten seconds early, so
# that a minute's calls are spread; tokens a whole minute early, and one call may always take more than a minute has.
_ENTER = """
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ticket, tokens, rpm, tpm = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local concurrency, place, again = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local wait = math.max(redis.call('pttl', KEYS[1]), 0)
local calls, counted
if rpm > 0 then
  local cost = 60000 / rpm
  calls = math.max(tonumber(redis.call('get', KEYS[2]) or now), now)
  wait = math.max(wait, calls - now - math.max(10000 - cost, 0))
  calls = calls + cost
end
if tpm > 0 then
  local cost = tokens * 60000 / tpm
  counted = math.max(tonumber(redis.call('get', KEYS[3]) or now), now)
  wait = math.max(wait, counted - now - math.max(60000 - cost, 0))
  counted = counted + cost
end
if concurrency > 0 then
  redis.call('zremrangebyscore', KEYS[4], '-inf', now)
  if redis.call('zcard', KEYS[4]) >= concurrency then wait = math.max(wait, again) end
end
if wait > 0 then return math.ceil(wait) end
if calls then redis.call('set', KEYS[2], string.format('%.0f', calls), 'px', 600000) end
if counted then redis.call('set', KEYS[3], string.format('%.0f', counted), 'px', 3600000) end
if concurrency > 0 then
  redis.call('zadd', KEYS[4], now + place, ticket)
  redis.call('pexpire', KEYS[4], place)
end
return 0
"""
_LEAVE = """
redis.call('zrem', KEYS[4], ARGV[1])
local counted, tpm = redis.call('get', KEYS[3]), tonumber(ARGV[3])
if counted and tpm > 0 then
  redis.call('set', KEYS[3], string.format('%.0f', counted + ARGV[2] * 60000 / tpm), 'keepttl')
end
local pause = tonumber(ARGV[4])
if pause > 0 and pause > redis.call('pttl', KEYS[1]) then redis.call('set', KEYS[1], 1, 'px', pause) end
"""
