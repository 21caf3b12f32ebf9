"""Hears which pictures are ready: one connection of the process for all that wait, open while anybody does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

TOPIC = "render:"
HEAR_S = 5.0


def topic_of(key: str) -> str:
    return TOPIC + key


class RenderNews:
    """What Redis loses is lost here: whoever waits looks into the row from time to time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, list[asyncio.Event]] = {}
        self._ears: asyncio.Task[None] | None = None
        self._hears = asyncio.Event()

    @contextlib.asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever something is told of the key. What is told before the block is entered is not
        heard."""
        news = asyncio.Event()
        self._waiting.setdefault(key, []).append(news)
        if self._ears is None:
            self._ears = asyncio.create_task(self._listen())
        try:
            await self._hears.wait()
            yield news
        finally:
            self._forget(key, news)

    def _forget(self, key: str, news: asyncio.Event) -> None:
        self._waiting[key].remove(news)
        if not self._waiting[key]:
            del self._waiting[key]
        if not self._waiting and self._ears is not None:
            self._ears.cancel()
            self._ears = None
            self._hears = asyncio.Event()

    async def _listen(self) -> None:
        """Until cancelled. Nobody waits for a Redis that is away."""
        hears = self._hears
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.psubscribe(TOPIC + "*")
                await pubsub.get_message(timeout=1.0)
                hears.set()
                await self._relay(pubsub)
            except (RedisError, OSError):
                hears.set()
                await asyncio.sleep(1.0)
            finally:
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()

    async def _relay(self, pubsub: PubSub) -> None:
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=HEAR_S)
            if message is None:
                continue
            for news in self._waiting.get(message["channel"].decode().removeprefix(TOPIC), ()):
                news.set()
