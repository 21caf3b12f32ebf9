"""The render cache: one row per picture, drawn once whoever asks, by the workers of queue `render` (DESIGN §6).

`CachedRenderer` is for whoever wants a picture (api, stages): it writes the wish, rings and waits; no connection is
held meanwhile. `storage.render_drawing` draws what is wanted. The row is the truth; the Redis message only says that it
is worth a look.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Unavailable
from domain.evidence import Picture, RenderSpec
from domain.rules_rejections import FINAL, rejection
from storage.direct import Direct
from storage.render_news import RenderNews
from storage.tables.documents import RenderRow

RENDERER_VERSION = 2
"""Part of every key: grows when the same wish is to give another picture."""

QUEUE = "render"
WAIT_S = 10.0
LOOK_EVERY_S = 1.0
"""A row is read this often while waiting: the Redis message may be lost."""

RING_EVERY_S = 3.0
"""A bell may be lost, and a dead drawer's row needs one."""

BELL_GAP_S = 0.02
"""Bells of one process are so far apart: one is enough for all wishes of a burst, for the drawer goes on until nothing
is wanted."""

USED_EVERY_S = 3600
"""The time of last use is not written anew more often than this."""


def key_of(spec: RenderSpec) -> str:
    """The digest of everything that the picture depends on."""
    return hashlib.sha256(msgspec.json.encode([RENDERER_VERSION, spec], order="deterministic")).hexdigest()


class CachedRenderer:
    """See `domain.ports.Renderer`. `ring` rings a queue and never raises."""

    def __init__(
        self, database: Direct, redis: Redis, ring: Callable[[str], Awaitable[Any]], *, wait_s: float = WAIT_S
    ) -> None:
        self._database = database
        self._news = RenderNews(redis)
        self._bell = _Bell(ring)
        self._wait_s = wait_s

    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Picture:
        """The picture, drawn at most once for all who ask. `pinned`: it is evidence and is never evicted.

        Raises Unavailable when it is not ready within 10 s (it will be, later), RegionOutsidePage or DocumentRejected
        when it cannot be drawn.
        """
        key = key_of(spec)
        row = await self._database.first(_FIND, key, pinned, USED_EVERY_S)
        if row is not None and row["is_touched"]:
            row = await self._database.first(_TOUCH, key, pinned)
        if row is None or (row["state"] == "failed" and row["error_code"] not in FINAL):
            row = await self._database.first(_WISH, key, _text_of(spec), spec.sha256, pinned, list(FINAL))
        picture = None if row is None else _picture_of(row)
        return picture or await self._wait(key)

    async def draw_again(self, spec: RenderSpec, lost: Picture) -> Picture:
        """The picture of a row whose bytes are missing from the store. Raises as `render` does."""
        await self._database.first(_LOST, key_of(spec), lost.digest)
        return await self.render(spec)

    async def _wait(self, key: str) -> Picture:
        deadline = time.monotonic() + self._wait_s
        ring_at = time.monotonic()
        self._bell.ring()
        async with self._news.of(key) as news:
            while (left_s := deadline - time.monotonic()) > 0:
                if time.monotonic() - ring_at > RING_EVERY_S:
                    self._bell.ring()
                    ring_at = time.monotonic()
                news.clear()
                if picture := await self._look(key):
                    return picture
                try:
                    await asyncio.wait_for(news.wait(), min(left_s, LOOK_EVERY_S))
                except TimeoutError:
                    continue
        raise Unavailable(f"render {key} is not ready", retry_after_s=5.0)

    async def _look(self, key: str) -> Picture | None:
        row = await self._database.first(_LOOK, key)
        if row is None:
            raise Unavailable(f"render {key} was removed", retry_after_s=1.0)
        return _picture_of(row)


async def pin(session: AsyncSession, digests: Sequence[str]) -> None:
    """Keep these pictures for ever, from the caller's commit on: they are evidence now."""
    await session.execute(update(RenderRow).where(RenderRow.digest.in_(digests)).values(pinned=True))


class _Bell:
    """Rings without anybody waiting for it; the last of a burst is always rung."""

    def __init__(self, ring: Callable[[str], Awaitable[Any]]) -> None:
        self._ring = ring
        self._rung_at = float("-inf")
        self._soon = False
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        if self._soon:
            return
        self._soon = True
        task = asyncio.create_task(self._ring_soon())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ring_soon(self) -> None:
        await asyncio.sleep(max(self._rung_at + BELL_GAP_S - time.monotonic(), 0))
        self._soon = False
        self._rung_at = time.monotonic()
        await self._ring(QUEUE)


_COLUMNS = """
state, digest, mime_type, width_px, height_px, size_bytes, dpi, error ->> 'code' as error_code,
error ->> 'detail' as error_detail
"""
_FIND = f"""
select {_COLUMNS}, used_at < now() - make_interval(secs => $3) or ($2 and not pinned) as is_touched
from renders where key = $1
"""
_TOUCH = f"""
update renders set used_at = now(), pinned = pinned or $2 where key = $1 returning {_COLUMNS}
"""
_WISH = f"""
insert into renders as r (key, spec, sha256, pinned) values ($1, $2::text::jsonb, $3, $4)
on conflict (key) do update set
    pinned = r.pinned or excluded.pinned,
    state = case when r.state = 'failed' and not r.error ->> 'code' = any($5) then 'wanted' else r.state end,
    tries = case when r.state = 'failed' and not r.error ->> 'code' = any($5) then 0 else r.tries end
returning {_COLUMNS}
"""
_LOOK = f"select {_COLUMNS} from renders where key = $1"
_LOST = """
update renders set state = 'wanted', tries = 0, digest = null
where key = $1 and digest = $2 and state = 'ready' returning key
"""


def _text_of(spec: RenderSpec) -> str:
    return msgspec.json.encode(spec).decode()


def _picture_of(row: Any) -> Picture | None:
    """Null while it is not drawn. Raises the typed reason when it cannot be."""
    if row["state"] == "failed":
        raise rejection(row["error_code"] or "", row["error_detail"] or "")
    if row["state"] != "ready" or row["digest"] is None:
        return None
    return Picture(
        digest=row["digest"],
        mime_type=row["mime_type"] or "image/png",
        width_px=row["width_px"] or 0,
        height_px=row["height_px"] or 0,
        size_bytes=row["size_bytes"] or 0,
        dpi=row["dpi"] or 0,
    )
