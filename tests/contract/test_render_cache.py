"""The render cache on PostgreSQL, Valkey and S3, with a drawer that only counts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import asdict
from redis.asyncio import Redis
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import DocumentDamaged, DocumentTooHeavy, RegionOutsidePage, Unavailable
from domain.evidence import Drawing, Picture, RenderKind, RenderSpec
from storage.database import in_autocommit, open_sessions
from storage.render_cache import CachedRenderer, key_of, pin
from storage.render_drawing import RenderDrawer
from storage.render_eviction import evict
from storage.tables.documents import RenderRow
from tests.fakes.blobs import FakeBlobs

SPEC = RenderSpec(sha256="a" * 64, page_no=1, dpi=150)


class CountingPool:
    """Draws the page's number as text. `fails` are raised first, one per call."""

    def __init__(self, *fails: Exception) -> None:
        self.drawn: list[RenderSpec] = []
        self.fails = list(fails)
        self.gate = asyncio.Event()
        self.gate.set()

    async def draw(self, spec: RenderSpec) -> Drawing:
        self.drawn.append(spec)
        await self.gate.wait()
        if self.fails:
            raise self.fails.pop(0)
        data = f"{spec.sha256} {spec.page_no} {spec.dpi}".encode()
        return Drawing(data=data, mime_type="image/png", width_px=10, height_px=20, dpi=spec.dpi)


class Cache:
    """A renderer whose bell runs the drawer, as a worker of queue `render` would."""

    def __init__(self, engine: AsyncEngine, redis: Redis, *fails: Exception) -> None:
        self.sessions = open_sessions(engine)
        self.database = in_autocommit(engine)
        self.redis = redis
        self.blobs = FakeBlobs()
        self.pool = CountingPool(*fails)
        self.drawer = RenderDrawer(self.database, redis, self.pool, self.blobs)
        self.renderer = CachedRenderer(self.database, redis, self.ring)
        self.rung: list[str] = []
        self.tasks: set[asyncio.Task[int]] = set()
        self.is_deaf = False

    async def ring(self, queue: str) -> bool:
        self.rung.append(queue)
        if not self.is_deaf:
            self.tasks.add(asyncio.create_task(self.drawer.draw_wanted()))
        return True

    async def set(self, **values: Any) -> None:
        async with self.sessions() as session:
            await session.execute(update(RenderRow).values(**values))
            await session.commit()

    async def count(self) -> int:
        async with self.sessions() as session:
            return (await session.execute(text("select count(*) from renders"))).scalar_one()


@pytest.fixture
async def make_cache(engine: AsyncEngine, redis: Redis) -> AsyncIterator[Any]:
    caches: list[Cache] = []

    def make(*fails: Exception) -> Cache:
        caches.append(Cache(engine, redis, *fails))
        return caches[-1]

    yield make
    for cache in caches:
        await asyncio.gather(*cache.tasks, return_exceptions=True)


async def test_a_picture_is_drawn_once_and_then_served_from_the_cache(make_cache: Any):
    cache = make_cache()

    first = await cache.renderer.render(SPEC)
    second = await cache.renderer.render(SPEC)

    assert first == second
    assert (first.width_px, first.height_px, first.dpi, first.mime_type) == (10, 20, 150, "image/png")
    assert await cache.blobs.get(first.digest) == f"{SPEC.sha256} 1 150".encode()
    assert (len(cache.pool.drawn), cache.rung) == (1, ["render"])


async def test_concurrent_askers_of_one_picture_share_one_drawing(make_cache: Any):
    cache = make_cache()

    pictures = await asyncio.gather(*(cache.renderer.render(SPEC) for _ in range(10)))

    assert len(set(pictures)) == 1
    assert len(cache.pool.drawn) == 1


async def test_other_wishes_are_other_pictures(make_cache: Any):
    cache = make_cache()
    specs = [
        SPEC,
        RenderSpec(sha256="a" * 64, page_no=2),
        RenderSpec(sha256="a" * 64, page_no=1, marks=((0, 0, 1, 1),)),
    ]

    await asyncio.gather(*(cache.renderer.render(spec) for spec in specs))

    assert len({key_of(spec) for spec in specs}) == len(cache.pool.drawn) == 3


@pytest.mark.parametrize("error", [RegionOutsidePage("x"), DocumentDamaged("y")])
async def test_what_cannot_be_drawn_is_refused_now_and_later(make_cache: Any, error: Exception):
    cache = make_cache(error)

    for _ in range(2):
        with pytest.raises(type(error)):
            await cache.renderer.render(SPEC)

    assert len(cache.pool.drawn) == 1


async def test_a_wish_that_nobody_hears_is_unavailable_for_now(make_cache: Any, redis: Redis):
    cache = make_cache()
    cache.is_deaf = True
    impatient = CachedRenderer(cache.database, redis, cache.ring, wait_s=0.3)

    with pytest.raises(Unavailable) as refused:
        await impatient.render(SPEC)

    assert refused.value.retry_after_s
    assert await cache.drawer.draw_wanted() == 1
    assert (await cache.renderer.render(SPEC)).dpi == 150


async def test_the_picture_of_a_killed_drawer_is_drawn_by_another(make_cache: Any):
    cache = make_cache()
    cache.pool.gate.clear()
    asking = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.2)
    for task in cache.tasks:
        task.cancel()
    assert await cache.drawer.draw_wanted() == 0, "its lease still runs"

    await cache.set(lease_until=text("now() - interval '1 s'"))
    cache.pool.gate.set()
    await cache.drawer.draw_wanted()

    assert (await asking).dpi == 150


async def test_a_drawer_that_comes_back_after_its_lease_changes_nothing(make_cache: Any):
    cache = make_cache(DocumentDamaged("late"))
    cache.pool.gate.clear()
    asking = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.2)
    fails, cache.pool.fails = cache.pool.fails, []
    await cache.set(lease_until=text("now() - interval '1 s'"))
    second = asyncio.create_task(cache.drawer.draw_wanted())
    await asyncio.sleep(0.2)

    cache.pool.fails = []
    cache.pool.gate.set()
    await second

    assert (await asking).dpi == 150
    assert fails


async def test_a_picture_whose_drawers_keep_dying_is_given_up(make_cache: Any):
    cache = make_cache()
    cache.is_deaf = True
    asking = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.2)

    await cache.set(tries=3)
    await cache.drawer.draw_wanted()

    with pytest.raises(Exception, match="died"):
        await asking
    assert cache.pool.drawn == []


async def test_a_store_that_was_away_is_tried_again(make_cache: Any):
    cache = make_cache(Unavailable("s3"))
    asking = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.3)

    await cache.set(lease_until=text("now() - interval '1 s'"))
    await cache.drawer.draw_wanted()

    assert (await asking).dpi == 150


async def test_eviction_takes_old_pictures_then_the_least_recently_used_and_no_evidence(make_cache: Any):
    cache = make_cache()
    specs = [RenderSpec(sha256="b" * 64, page_no=number) for number in range(1, 6)]
    pictures = [await cache.renderer.render(spec) for spec in specs]
    size = pictures[0].size_bytes
    async with cache.sessions() as session:
        for age, spec in enumerate(specs):
            days = 30 if age == 4 else age
            aged = update(RenderRow).where(RenderRow.key == key_of(spec))
            await session.execute(aged.values(used_at=text(f"now() - interval '{days} days'")))
        await pin(session, [pictures[3].digest])
        await session.commit()

    removed = await evict(cache.database, cache.blobs, limit_bytes=2 * size, ttl_days=14)

    assert removed == 2
    kept = [await cache.blobs.exists(picture.digest) for picture in pictures]
    assert kept == [True, True, False, True, False]
    assert await cache.count() == 3


async def test_evidence_can_be_asked_for_pinned(make_cache: Any):
    cache = make_cache()
    await cache.renderer.render(SPEC)

    picture = await cache.renderer.render(SPEC, pinned=True)
    await evict(cache.database, cache.blobs, limit_bytes=0, ttl_days=14)

    assert await cache.blobs.exists(picture.digest)


async def test_evidence_is_pinned_in_every_state_it_may_be_in(make_cache: Any):
    cache = make_cache()
    cache.pool.gate.clear()
    first = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.2)
    drawing = asyncio.create_task(cache.renderer.render(SPEC, pinned=True))
    wanted = RenderSpec(sha256="c" * 64, page_no=1)
    cache.is_deaf = True
    asking = asyncio.create_task(cache.renderer.render(wanted))
    await asyncio.sleep(0.1)
    pinning = asyncio.create_task(cache.renderer.render(wanted, pinned=True))
    await asyncio.sleep(0.1)

    cache.pool.gate.set()
    await cache.drawer.draw_wanted()
    pictures = await asyncio.gather(first, drawing, asking, pinning)
    removed = await evict(cache.database, cache.blobs, limit_bytes=0, ttl_days=14)

    assert removed == 0
    assert [await cache.blobs.exists(picture.digest) for picture in pictures] == [True] * 4


async def test_evidence_comes_first_and_tiles_come_last(make_cache: Any):
    cache = make_cache()
    cache.is_deaf = True
    tiles = [RenderSpec(sha256="d" * 64, page_no=number, kind=RenderKind.TILE) for number in range(1, 20)]
    looked_at = RenderSpec(sha256="d" * 64, page_no=100)
    thumbnail = RenderSpec(sha256="d" * 64, page_no=101, kind=RenderKind.THUMBNAIL)
    cited = RenderSpec(sha256="d" * 64, page_no=102)
    asking = [asyncio.create_task(cache.renderer.render(spec)) for spec in (*tiles, thumbnail, looked_at)]
    await asyncio.sleep(0.3)
    asking.append(asyncio.create_task(cache.renderer.render(cited, pinned=True)))
    await asyncio.sleep(0.2)

    await cache.drawer.draw_wanted()
    await asyncio.gather(*asking)

    assert [spec.page_no for spec in cache.pool.drawn][:3] == [102, 100, 101]


async def test_a_slow_picture_keeps_no_other_waiting(make_cache: Any):
    cache = make_cache()
    cache.pool.gate.clear()
    slow = asyncio.create_task(cache.renderer.render(SPEC))
    await asyncio.sleep(0.2)
    cache.pool.gate = asyncio.Event()
    cache.pool.gate.set()

    quick = [RenderSpec(sha256="e" * 64, page_no=number) for number in range(1, 8)]
    await asyncio.gather(*(cache.renderer.render(spec) for spec in quick))

    assert not slow.done()
    for task in cache.tasks:
        task.cancel()
    slow.cancel()


async def test_a_burst_of_wishes_rings_a_few_times_and_uses_one_connection(make_cache: Any, redis: Redis):
    cache = make_cache()
    before = (await redis.info("clients"))["connected_clients"]
    cache.pool.gate.clear()

    asking = [
        asyncio.create_task(cache.renderer.render(RenderSpec(sha256="f" * 64, page_no=number)))
        for number in range(1, 101)
    ]
    await asyncio.sleep(0.5)
    clients = (await redis.info("clients"))["connected_clients"]
    cache.pool.gate.set()
    await asyncio.gather(*asking)

    assert len(cache.pool.drawn) == 100
    assert len(cache.rung) < 20
    assert clients <= before + 10


async def test_the_other_tiles_of_a_page_that_is_too_heavy_are_given_up(make_cache: Any):
    cache = make_cache(DocumentTooHeavy("bomb"))
    cache.is_deaf = True
    cache.drawer = RenderDrawer(cache.database, cache.redis, cache.pool, cache.blobs, at_once=1)
    tiles = [
        RenderSpec(sha256="1" * 64, page_no=1, kind=RenderKind.TILE, image_format=name) for name in ("png", "jpeg")
    ]
    other = RenderSpec(sha256="1" * 64, page_no=2, kind=RenderKind.TILE)
    asking = []
    for spec in (*tiles, other):
        # One after another: they are drawn in the order of their rows.
        asking.append(asyncio.create_task(cache.renderer.render(spec)))
        await asyncio.sleep(0.2)

    await cache.drawer.draw_wanted()
    ended = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(one) for one in ended] == [DocumentTooHeavy, DocumentTooHeavy, Picture]
    assert len(cache.pool.drawn) == 2


async def test_a_picture_whose_bytes_are_lost_is_drawn_again(make_cache: Any):
    cache = make_cache()
    lost = await cache.renderer.render(SPEC)
    await cache.blobs.delete(lost.digest)

    picture = await cache.renderer.draw_again(SPEC, lost)

    assert await cache.blobs.exists(picture.digest)
    assert len(cache.pool.drawn) == 2
    assert await cache.renderer.draw_again(SPEC, Picture(**{**asdict(lost), "digest": "0" * 64})) == picture
    assert len(cache.pool.drawn) == 2


async def test_renders_under_constant_eviction_end_well(make_cache: Any):
    cache = make_cache()
    specs = [RenderSpec(sha256="2" * 64, page_no=number) for number in range(1, 31)]

    async def evict_on() -> None:
        while True:
            await evict(cache.database, cache.blobs, limit_bytes=0, ttl_days=14)

    evicting = asyncio.create_task(evict_on())
    pictures = await asyncio.gather(*(cache.renderer.render(spec, pinned=True) for spec in specs))
    evicting.cancel()

    assert [await cache.blobs.exists(picture.digest) for picture in pictures] == [True] * 30
