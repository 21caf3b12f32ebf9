"""Limits per caller in Redis, shared by all api processes. They fail open: without Redis people can still sign in."""

import math
import time
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from litestar.connection import ASGIConnection
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from domain.errors import TooManyRequests

_log = structlog.get_logger()


class Limits:
    """At most `exchanges_per_minute` sign-ins in any minute from one address; 0 means no limit."""

    def __init__(self, pool: ConnectionPool, *, exchanges_per_minute: int) -> None:
        # The address only says which kind of store; the connections are the pool's.
        options: dict[str, Any] = {"connection_pool": pool}
        storage = RedisStorage("async+redis://", implementation="redispy", **options)
        self._windows = MovingWindowRateLimiter(storage)
        self._exchanges = RateLimitItemPerMinute(exchanges_per_minute) if exchanges_per_minute else None

    async def count_exchange(self, address: str) -> None:
        """Raises TooManyRequests when the address has used up its minute. One script in Redis: no two callers share
        the last place."""
        if self._exchanges is None:
            return
        try:
            if await self._windows.hit(self._exchanges, "exchange", address):
                return
            window = await self._windows.get_window_stats(self._exchanges, "exchange", address)
        except (RedisError, OSError) as error:
            _log.warning("limit_unchecked", limit="exchange", error=type(error).__name__)
            return
        raise TooManyRequests("exchange", retry_after_s=math.ceil(max(window.reset_time - time.time(), 1)))


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Who is connected, as `api.app` lets its proxies tell. An IPv6 caller is its network of 64 bits: one machine has
    all of it."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network(f"{address}/64", strict=False)) if address.version == 6 else host
