"""Draws the pictures that are wanted: the part of the render cache that runs in the workers of queue `render`."""

import asyncio
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import DocumentTooHeavy, DomainError, Unavailable
from domain.evidence import Drawing, RenderKind, RenderSpec
from domain.ports import BlobStore
from storage.direct import Direct
from storage.render_news import topic_of

LEASE_S = 45.0
"""A drawing takes at most twice 20 s; after that the drawer is dead and another one takes the row."""

AGAIN_S = 3.0
TRIES = 3
AT_ONCE = 3
"""Pictures that one process has in hand: one more than a pool has children, which so draw on while one is stored."""

_log = structlog.get_logger()


class Draws(Protocol):
    """What can draw: `workers.rendering.pool.RenderPool`."""

    async def draw(self, spec: RenderSpec) -> Drawing: ...


class RenderDrawer:
    """Draws what is wanted, a few pictures side by side. Any number of processes may do so."""

    def __init__(
        self, database: Direct, redis: Redis, pool: Draws, blobs: BlobStore, *, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._redis = redis
        self._pool = pool
        self._blobs = blobs
        self._free = at_once
        self._looks = 0

    async def draw_wanted(self) -> int:
        """Draw until nothing is wanted; the number of pictures drawn or given up. Called while enough are being drawn
        it returns at once: those who draw look again before they end."""
        self._looks += 1
        return sum(await asyncio.gather(*(self._draw_on() for _ in range(self._free))))

    async def _draw_on(self) -> int:
        if self._free < 1:
            return 0
        self._free -= 1
        done = 0
        try:
            while True:
                looks = self._looks
                if row := await self._database.first(_CLAIM, LEASE_S):
                    await self._draw(row)
                    done += 1
                elif looks == self._looks:
                    return done
        finally:
            self._free += 1

    async def _draw(self, row: Any) -> None:
        spec = msgspec.json.decode(row["spec"], type=RenderSpec)
        try:
            if row["tries"] > TRIES:
                raise DocumentTooHeavy("its drawers died")
            drawing = await self._pool.draw(spec)
            digest = await self._blobs.put(drawing.data, drawing.mime_type)
        except Unavailable as error:
            # Left as it is with a short lease: drawn again by whoever looks after that.
            await self._fail(row, error, state="failed" if row["tries"] >= TRIES else "drawing")
        except DomainError as error:
            _log.warning("render_failed", key=row["key"], sha256=spec.sha256, code=error.code, reason=str(error))
            await self._fail(row, error, state="failed")
            if isinstance(error, DocumentTooHeavy) and spec.kind is RenderKind.TILE:
                await self._fail_tiles(spec, error)
        else:
            await self._keep(row, drawing, digest)

    async def _keep(self, row: Any, drawing: Drawing, digest: str) -> None:
        """A drawer whose lease was taken over writes nothing: tries tells the claims apart."""
        size = len(drawing.data)
        picture = (digest, drawing.mime_type, drawing.width_px, drawing.height_px, size, drawing.dpi)
        await self._database.first(_KEEP, row["key"], row["tries"], *picture)
        await self._tell(row["key"])

    async def _fail(self, row: Any, error: DomainError, *, state: str) -> None:
        await self._database.first(_FAIL, row["key"], row["tries"], state, error.code, str(error), AGAIN_S)
        await self._tell(row["key"])

    async def _fail_tiles(self, spec: RenderSpec, error: DomainError) -> None:
        """The other tiles of the page are as heavy, and would hold up the pictures of all others for as long."""
        for row in await self._database.every(_FAIL_TILES, spec.sha256, spec.page_no, error.code, str(error)):
            await self._tell(row["key"])

    async def _tell(self, key: str) -> None:
        try:
            await self._redis.publish(topic_of(key), b"")
        except (RedisError, OSError) as error:
            _log.warning("publish_lost", error=type(error).__name__, events=1)


_CLAIM = """
update renders set state = 'drawing', lease_until = now() + make_interval(secs => $1), tries = tries + 1
where key = (
    select key from renders
    where state = 'wanted' or (state = 'drawing' and lease_until < now())
    order by pinned desc, spec ->> 'kind' = 'tile', spec ->> 'kind' = 'thumbnail', created_at
    limit 1 for update skip locked
)
returning key, spec::text as spec, tries
"""
"""Evidence first, for a job waits for it; then what somebody looks at; tiles come by the hundred and wait for the rest.
Pictures whose drawer died are among them."""

_KEEP = """
update renders set state = 'ready', error = null, lease_until = now(), digest = $3, mime_type = $4, width_px = $5,
    height_px = $6, size_bytes = $7, dpi = $8
where key = $1 and tries = $2 and state = 'drawing' returning key
"""
_FAIL = """
update renders set state = $3, lease_until = now() + make_interval(secs => $6),
    error = jsonb_build_object('code', $4::text, 'detail', $5::text)
where key = $1 and tries = $2 and state = 'drawing' returning key
"""
_FAIL_TILES = """
update renders set state = 'failed', error = jsonb_build_object('code', $3::text, 'detail', $4::text)
where sha256 = $1 and state = 'wanted' and spec ->> 'kind' = 'tile' and (spec ->> 'page_no')::int = $2 returning key
"""
