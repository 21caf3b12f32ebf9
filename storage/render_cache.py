"""The render cache: one row per picture, drawn once whoever asks, by the workers of queue `render` (DESIGN §6).

`CachedRenderer` is for whoever wants a picture (api, stages): it writes the wish, rings and waits; no connection is
held meanwhile.
`RenderDrawer` draws what is wanted. The row is the truth; the Redis message only says that it is worth a look.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from sqlalchemy import func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import DocumentTooHeavy, DomainError, Unavailable
from domain.evidence import Drawing, Picture, RenderSpec
from domain.ports import BlobStore
from domain.rules_rejections import FINAL, rejection
from storage.database import Sessions
from storage.tables.documents import RenderRow

RENDERER_VERSION = 1
"""Part of every key: grows when the same wish is to give another picture."""

QUEUE = "render"
WAIT_S = 10.0
LOOK_EVERY_S = 1.0
"""A row is read this often while waiting: the Redis message may be lost."""

RING_EVERY_S = 3.0
"""A bell may be lost, and a dead drawer's row needs one."""

LEASE_S = 45.0
"""A drawing takes at most twice 20 s; after that the drawer is dead and another one takes the row."""

AGAIN_S = 3.0
TRIES = 3
AT_ONCE = 2
"""Pictures one call of `draw_wanted` draws side by side: the children of a pool."""

USED_EVERY_S = 3600
"""The time of last use is not written anew more often than this."""

_log = structlog.get_logger()


class Draws(Protocol):
    """What can draw: `workers.rendering.pool.RenderPool`."""

    async def draw(self, spec: RenderSpec) -> Drawing: ...


def key_of(spec: RenderSpec) -> str:
    """The digest of everything that the picture depends on."""
    return hashlib.sha256(msgspec.json.encode([RENDERER_VERSION, spec], order="deterministic")).hexdigest()


def topic_of(key: str) -> str:
    return f"render:{key}"


class CachedRenderer:
    """See `domain.ports.Renderer`. `ring` rings a queue and never raises."""

    def __init__(
        self, sessions: Sessions, redis: Redis, ring: Callable[[str], Awaitable[Any]], *, wait_s: float = WAIT_S
    ) -> None:
        self._sessions = sessions
        self._redis = redis
        self._ring = ring
        self._wait_s = wait_s

    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Picture:
        """The picture, drawn at most once for all who ask. `pinned`: it is evidence and is never evicted.

        Raises Unavailable when it is not ready within 10 s (it will be, later), RegionOutsidePage or DocumentRejected
        when it cannot be drawn.
        """
        key = key_of(spec)
        row = await self._wish(key, spec, pinned)
        if row is not None and (picture := _picture_of(row)):
            return picture
        return await self._wait(key)

    async def _wish(self, key: str, spec: RenderSpec, pinned: bool) -> RenderRow | None:
        """The row as it is; null when this call made it, or made it wanted again after a passing failure."""
        async with self._sessions() as session:
            row = await session.get(RenderRow, key)
            if row is not None and row.state == "failed" and (row.error or {}).get("code") not in FINAL:
                again = update(RenderRow).where(RenderRow.key == key, RenderRow.state == "failed")
                await session.execute(again.values(state="wanted", tries=0, error=None))
                await session.commit()
                return None
            if row is None:
                values = {"key": key, "spec": msgspec.to_builtins(spec), "sha256": spec.sha256, "pinned": pinned}
                await session.execute(insert(RenderRow).values(**values).on_conflict_do_nothing())
                await session.commit()
                return None
            is_old = RenderRow.used_at < _in(-USED_EVERY_S)
            touch = update(RenderRow).where(RenderRow.key == key, is_old | literal(pinned and not row.pinned))
            await session.execute(touch.values(used_at=func.now(), pinned=RenderRow.pinned | literal(pinned)))
            await session.commit()
            return row

    async def _wait(self, key: str) -> Picture:
        deadline = time.monotonic() + self._wait_s
        rung_at = float("-inf")
        pubsub = self._redis.pubsub()
        try:
            listens = await _subscribe(pubsub, topic_of(key))
            while (left_s := deadline - time.monotonic()) > 0:
                if picture := await self._look(key):
                    return picture
                if time.monotonic() - rung_at > RING_EVERY_S:
                    await self._ring(QUEUE)
                    rung_at = time.monotonic()
                await _hear(pubsub if listens else None, min(left_s, LOOK_EVERY_S))
        finally:
            await _leave(pubsub)
        raise Unavailable(f"render {key} is not ready", retry_after_s=5.0)

    async def _look(self, key: str) -> Picture | None:
        async with self._sessions() as session:
            row = await session.get(RenderRow, key)
        if row is None:
            raise Unavailable(f"render {key} was removed", retry_after_s=1.0)
        return _picture_of(row)


class RenderDrawer:
    """Draws what is wanted, a few pictures side by side. Any number of processes may do so."""

    def __init__(self, sessions: Sessions, redis: Redis, pool: Draws, blobs: BlobStore) -> None:
        self._sessions = sessions
        self._redis = redis
        self._pool = pool
        self._blobs = blobs

    async def draw_wanted(self) -> int:
        """Draw until nothing is wanted; the number of pictures drawn or given up."""
        done = 0
        while rows := await self._claim(AT_ONCE):
            await asyncio.gather(*(self._draw(row) for row in rows))
            done += len(rows)
        return done

    async def _claim(self, limit: int) -> Sequence[RenderRow]:
        """Wanted pictures, oldest first, and those whose drawer died; they are ours for the lease."""
        due = select(RenderRow.key).where(
            (RenderRow.state == "wanted") | ((RenderRow.state == "drawing") & (RenderRow.lease_until < func.now()))
        )
        mine = due.order_by(RenderRow.created_at).limit(limit).with_for_update(skip_locked=True).scalar_subquery()
        claim = (
            update(RenderRow)
            .where(RenderRow.key.in_(mine))
            .values(state="drawing", lease_until=_in(LEASE_S), tries=RenderRow.tries + 1)
            .returning(RenderRow)
        )
        async with self._sessions() as session:
            rows = (await session.scalars(claim)).all()
            await session.commit()
        return rows

    async def _draw(self, row: RenderRow) -> None:
        spec = msgspec.convert(row.spec, RenderSpec)
        try:
            if row.tries > TRIES:
                raise DocumentTooHeavy("its drawers died")
            drawing = await self._pool.draw(spec)
            digest = await self._blobs.put(drawing.data, drawing.mime_type)
        except Unavailable as error:
            # Left as it is with a short lease: drawn again by whoever looks after that.
            last = row.tries >= TRIES
            await self._finish(row, state="failed" if last else "drawing", again_in_s=AGAIN_S, error=_error_of(error))
            return
        except DomainError as error:
            _log.warning("render_failed", key=row.key, sha256=row.sha256, code=error.code, reason=str(error))
            await self._finish(row, state="failed", error=_error_of(error))
            return
        await self._finish(
            row,
            state="ready",
            error=None,
            digest=digest,
            mime_type=drawing.mime_type,
            width_px=drawing.width_px,
            height_px=drawing.height_px,
            size_bytes=len(drawing.data),
            dpi=drawing.dpi,
        )

    async def _finish(self, row: RenderRow, *, again_in_s: float = 0.0, **values: Any) -> None:
        """A drawer whose lease was taken over writes nothing: tries tells the claims apart."""
        own = (RenderRow.key == row.key) & (RenderRow.state == "drawing") & (RenderRow.tries == row.tries)
        async with self._sessions() as session:
            await session.execute(update(RenderRow).where(own).values(lease_until=_in(again_in_s), **values))
            await session.commit()
        try:
            await self._redis.publish(topic_of(row.key), values["state"])
        except (RedisError, OSError) as error:
            _log.warning("publish_lost", error=type(error).__name__, events=1)


async def evict(sessions: Sessions, blobs: "Deletes", *, limit_bytes: int, ttl_days: int) -> int:
    """Remove pictures unused for `ttl_days`, then the least recently used beyond `limit_bytes`; their number.

    Pinned ones stay and do not count. Rows go first: a row without its picture would be an error, a picture without
    its row is only waste. A picture that another row still shows is kept.
    """
    async with sessions() as session:
        rows = (await session.execute(_EVICT, {"limit_bytes": limit_bytes, "ttl_days": ttl_days})).all()
        digests = {row.digest for row in rows if row.digest}
        shared = set(await session.scalars(select(RenderRow.digest).where(RenderRow.digest.in_(digests))))
        await session.commit()
    for digest in digests - shared:
        await blobs.delete(digest)
    return len(rows)


class Deletes(Protocol):
    async def delete(self, digest: str) -> None: ...


async def pin(session: AsyncSession, digests: Sequence[str]) -> None:
    """Keep these pictures for ever, from the caller's commit on: they are evidence now."""
    await session.execute(update(RenderRow).where(RenderRow.digest.in_(digests)).values(pinned=True))


_EVICT = text("""
with ranked as (
    select key, sum(coalesce(size_bytes, 0)) over (order by used_at desc, key) as bytes_so_far,
        used_at < now() - make_interval(days => :ttl_days) as is_old
    from renders where not pinned and state in ('ready', 'failed')
)
delete from renders r using ranked
where r.key = ranked.key and not r.pinned and (ranked.is_old or ranked.bytes_so_far > :limit_bytes)
returning r.digest
""")


def _picture_of(row: RenderRow) -> Picture | None:
    """Null while it is not drawn. Raises the typed reason when it cannot be."""
    if row.state == "failed":
        error = row.error or {}
        raise rejection(error.get("code", ""), error.get("detail", ""))
    if row.state != "ready" or row.digest is None:
        return None
    return Picture(
        digest=row.digest,
        mime_type=row.mime_type or "image/png",
        width_px=row.width_px or 0,
        height_px=row.height_px or 0,
        size_bytes=row.size_bytes or 0,
        dpi=row.dpi or 0,
    )


def _error_of(error: DomainError) -> dict[str, str]:
    return {"code": error.code, "detail": str(error)}


def _in(seconds: float) -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


async def _subscribe(pubsub: PubSub, topic: str) -> bool:
    try:
        await pubsub.subscribe(topic)
    except (RedisError, OSError):
        return False
    return True


async def _hear(pubsub: PubSub | None, seconds: float) -> None:
    """Returns when a message came, or after the time."""
    if pubsub is None:
        await asyncio.sleep(seconds)
        return
    started = time.monotonic()
    try:
        while (left_s := seconds - (time.monotonic() - started)) > 0:
            if await pubsub.get_message(ignore_subscribe_messages=True, timeout=left_s):
                return
    except (RedisError, OSError):
        await asyncio.sleep(max(seconds - (time.monotonic() - started), 0))


async def _leave(pubsub: PubSub) -> None:
    try:
        await pubsub.aclose()
    except (RedisError, OSError) as error:
        _log.debug("pubsub_lost", error=type(error).__name__)
