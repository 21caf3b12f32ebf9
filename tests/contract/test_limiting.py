"""The limits of a provider's account on a real Valkey: they delay, and all workers share them."""

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from domain.errors import ProviderLimited
from workers.limiting import Limits, RedisLimiter, read_limits

MODEL = "gemini:flash"
SERVER = "server"


def limiter(redis: Redis, **limits: Any) -> RedisLimiter:
    return RedisLimiter(redis, {"gemini": Limits(**limits)})


async def test_without_limits_every_call_goes_at_once(redis: Redis) -> None:
    free = limiter(redis)

    for _ in range(50):
        await free.enter(MODEL, SERVER, 100_000)


async def test_calls_beyond_the_rate_are_told_how_long_to_wait(redis: Redis) -> None:
    limited = limiter(redis, rpm=6)
    await limited.enter(MODEL, SERVER, 1)

    with pytest.raises(ProviderLimited) as raised:
        await limited.enter(MODEL, SERVER, 1)

    assert raised.value.retry_after_s == pytest.approx(10, abs=0.5)


async def test_a_short_wait_is_waited_in_place(redis: Redis) -> None:
    limited = limiter(redis, rpm=300)
    for _ in range(50):
        await limited.enter(MODEL, SERVER, 1)
    started = time.monotonic()

    for _ in range(3):
        await limited.enter(MODEL, SERVER, 1)

    assert 0.3 < time.monotonic() - started < 3


async def test_workers_share_one_rate(redis: Redis) -> None:
    one, other = limiter(redis, rpm=12), limiter(redis, rpm=12)

    outcomes = await asyncio.gather(
        *(each.enter(MODEL, SERVER, 1) for each in (one, other) for _ in range(5)), return_exceptions=True
    )

    assert sum(not isinstance(outcome, ProviderLimited) for outcome in outcomes) == 2


async def test_models_and_keys_are_limited_apart(redis: Redis) -> None:
    limited = limiter(redis, rpm=6)

    for model, owner in ((MODEL, SERVER), ("gemini:pro", SERVER), (MODEL, "anna")):
        await limited.enter(model, owner, 1)


async def test_tokens_beyond_a_minutes_worth_wait(redis: Redis) -> None:
    limited = limiter(redis, tpm=1_000)
    await limited.enter(MODEL, SERVER, 900)

    with pytest.raises(ProviderLimited) as raised:
        await limited.enter(MODEL, SERVER, 600)

    assert raised.value.retry_after_s == pytest.approx(30, abs=1)


async def test_one_call_may_always_take_more_than_a_minute_has(redis: Redis) -> None:
    await limiter(redis, tpm=1_000).enter(MODEL, SERVER, 50_000)


async def test_tokens_that_were_not_used_are_given_back(redis: Redis) -> None:
    limited = limiter(redis, tpm=1_000)
    ticket = await limited.enter(MODEL, SERVER, 1_000)

    await limited.leave(ticket, 10)

    await limited.enter(MODEL, SERVER, 900)


async def test_places_are_free_again_when_calls_end(redis: Redis) -> None:
    limited = limiter(redis, concurrency=1)
    ticket = await limited.enter(MODEL, SERVER, 1)

    async def end_soon() -> None:
        await asyncio.sleep(0.2)
        await limited.leave(ticket, 1)

    ending = asyncio.create_task(end_soon())
    await limited.enter(MODEL, SERVER, 1)

    assert ending.done()


async def test_a_full_account_is_the_engines_to_wait_for(redis: Redis) -> None:
    limited = limiter(redis, concurrency=1)
    await limited.enter(MODEL, SERVER, 1)

    with pytest.raises(ProviderLimited) as raised:
        await limited.enter(MODEL, SERVER, 1)

    assert raised.value.retry_after_s == 2.0


async def test_a_providers_wish_to_pause_holds_for_all_workers(redis: Redis) -> None:
    one, other = limiter(redis), limiter(redis)
    ticket = await one.enter(MODEL, SERVER, 1)
    await one.leave(ticket, 0, pause_s=30)

    with pytest.raises(ProviderLimited) as raised:
        await other.enter(MODEL, SERVER, 1)

    assert raised.value.retry_after_s == pytest.approx(30, abs=1)


async def test_coming_and_going_meets_no_fault_of_redis(redis: Redis) -> None:
    limited = limiter(redis, rpm=600, tpm=1_000_000, concurrency=4)

    with capture_logs() as logs:
        for pause_s in (None, 0.0, 0.01):
            await limited.leave(await limited.enter(MODEL, SERVER, 10), 700, pause_s=pause_s)
            await asyncio.sleep(0.02)

    assert logs == []


async def test_without_redis_nobody_is_counted() -> None:
    away = Redis.from_url("redis://127.0.0.1:9", socket_connect_timeout=0.2)
    limited = limiter(away, rpm=1)

    for _ in range(2):
        await limited.leave(await limited.enter(MODEL, SERVER, 1), 1)

    await away.aclose()


def test_limits_are_read_by_the_providers_name() -> None:
    limits = read_limits({"GEMINI_RPM": "60", "GEMINI_CONCURRENCY": "0"}, ["gemini", "dryrun"])

    assert limits == {"gemini": Limits(rpm=60), "dryrun": Limits()}
