"""A worker process: `python -m workers.main --queue interactive`. Reads its environment, opens its connections, hears
bells, beats, reconciles, and drains on SIGTERM (DESIGN §2, §4)."""

import argparse
import asyncio
import gc
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import DomainError
from domain.family import Family
from domain.family_list import FAMILIES, end_hooks
from domain.ids import new_id
from domain.llm import LLMCall, Usage
from domain.ports import LLMLog, PromptStore
from storage.blob_retiring import RetiringBlobs
from storage.blob_sweep import sweep
from storage.blobs import MinioBlobs
from storage.database import in_autocommit, is_outage, open_engine, open_sessions
from storage.dialogues import DatabaseRecordings
from storage.embedders.registry import build_embedder
from storage.events import has_streamed_answer
from storage.evidence_pins import unpin
from storage.llm_log import DatabaseLLMLog
from storage.logs import set_up_logs
from storage.prompts import DatabasePrompts, FilePrompts
from storage.provider_keys import DatabaseUserKeys
from storage.publisher import Publisher
from storage.queue import Bells, open_broker
from storage.quotas import DatabasePurse
from storage.render_cache import CachedRenderer
from storage.render_drawing import RenderDrawer
from storage.render_eviction import evict
from storage.uow import Database
from storage.vault import Vault
from storage.vectors.filling import Filler
from storage.vectors.opening import close_search, open_search
from storage.vectors.recording import QuestionLog
from workers.asking import REPAIR_PROMPT, Asker
from workers.broker import open_worker
from workers.context import Tools
from workers.embedding import LimitedEmbedder
from workers.engine import Engine
from workers.forgetting import keep_forgetting
from workers.heartbeat import Heartbeat
from workers.index_keeper import IndexKeeper
from workers.limiting import RedisLimiter
from workers.persistence import persist
from workers.providers.registry import build_providers
from workers.reconciler import Reconciler
from workers.rendering.comparing import PictureComparer
from workers.rendering.pool import RenderPool
from workers.rendering.recognising import TesseractRecogniser
from workers.rendering.recognising_tesseract import Tesseract
from workers.replaying import AskerParts, Replays
from workers.settings import QUEUES, RENDER, WorkerSettings, read_worker_settings, secrets_of
from workers.telling import Teller

try:
    import uvloop
except ImportError:
    uvloop = None

_log = structlog.get_logger()

LOOK_AGAIN_S = 2.0
"""A picture whose bell was lost waits this long; whoever wants it waits at most 10 s."""
EVICT_S = 600.0
SWEEP_S = 3600.0
"""How often the blobs are looked through for what nobody needs; a guess."""

EMBED_AGAIN_S = 5.0
"""A new document waits at most so long for its vectors to be begun; it is found by its words meanwhile."""

DRAWS_OR_READS = (RENDER, "background")

BACKGROUND_NICENESS = 5
"""Also of its render children: where cores are few, reading 5,000 pages leaves them to those who wait for an answer."""

ROOT = Path(__file__).resolve().parents[1]


class Stores:
    """The connections of one worker process."""

    def __init__(self, settings: WorkerSettings, families: Mapping[str, Family]) -> None:
        storage = settings.storage
        self.engine: AsyncEngine = open_engine(
            storage.database_url, name=f"worker-{settings.queue}", pool_size=settings.slots + 4
        )
        self.auto = in_autocommit(self.engine)
        self.sessions = open_sessions(self.engine)
        self.redis = Redis.from_url(storage.redis_url, socket_connect_timeout=2, health_check_interval=30)
        self.broker = open_broker(storage.redis_url)
        self.publisher = Publisher(self.redis, Bells(self.broker).ring)
        self.database = Database(self.sessions, self.publisher, on_end=end_hooks(dict(families)))
        self.blobs = MinioBlobs(
            endpoint=storage.s3_endpoint,
            access_key=storage.s3_access_key,
            secret_key=storage.s3_secret_key,
            bucket=storage.s3_bucket,
            secure=storage.s3_secure,
        )
        self.search = open_search(self.sessions, storage.embeddings)
        self.pool = RenderPool(self.blobs, settings.work_dir, size=settings.render_children)
        self.providers = build_providers(settings.secrets, self.blobs)

    async def close(self) -> None:
        await self.pool.close()
        for provider in self.providers.values():
            await provider.close()
        await close_search(self.search)
        await self.redis.aclose()
        self.broker.client.close()
        self.blobs.close()
        await self.engine.dispose()


class PatientLog:
    """Keeps a paid call's record through an outage of the database: losing it would lose the reply too."""

    def __init__(self, log: LLMLog) -> None:
        self._log = log

    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        await persist(lambda: self._log.write(call, with_request=with_request), "llm_call")

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        return await persist(lambda: self._log.spent(job_id), "llm_spent")


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it exists; Windows has none."""
    return asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workers.main", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES, required=True)
    arguments = parser.parse_args()
    settings = read_worker_settings(os.environ, queue=arguments.queue, root=ROOT)
    set_up_logs(f"worker-{settings.queue}", os.environ.get("LOG_LEVEL", "INFO"))
    if settings.queue == "background" and sys.platform != "win32":
        os.nice(BACKGROUND_NICENESS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(settings, FAMILIES))


async def serve(settings: WorkerSettings, families: Mapping[str, Family]) -> None:
    """Serve one queue until SIGTERM or SIGINT, then drain. A second signal ends at once; leases cover the rest."""
    stopping = _stop_signal()
    stores = Stores(settings, families)
    incarnation = new_id()
    owner = f"{settings.slot}/{incarnation}"
    files = FilePrompts(settings.prompts)
    check_prompts(files, families)
    prompts = DatabasePrompts(files, stores.auto)
    await persist(prompts.keep_files, "prompt_files")
    engine = make_engine(settings, stores, families, prompts, owner)
    reconciler = Reconciler(
        stores.database,
        stores.auto,
        stores.publisher,
        own_queue=settings.queue,
        look=engine.look,
        dialogue_days=settings.storage.dialogue_days,
    )
    await persist(lambda: reconciler.free_slot(settings.slot, owner), "free_slot")
    heartbeat = Heartbeat(
        engine, database_url=settings.storage.database_url, slot=settings.slot, incarnation=incarnation
    )
    heartbeat.start()
    chores: list[asyncio.Task[Any]] = [asyncio.create_task(reconciler.run())]
    look = engine.look
    if settings.queue == RENDER:
        look = _drawing(stores, engine)
        chores.append(asyncio.create_task(_keep_pictures(stores, settings, look)))
        chores.append(asyncio.create_task(_sweep_blobs(stores)))
    if settings.queue == "background":
        keys = DatabaseUserKeys(stores.sessions, settings.storage.key_ring)
        chores.append(asyncio.create_task(persist(keys.reseal, "provider_keys")))
        chores.append(asyncio.create_task(_keep_vectors(stores, settings)))
        chores.append(asyncio.create_task(keep_forgetting(stores.auto)))
        keeper = IndexKeeper(stores.database, stores.auto, prompts, after_reading=settings.index_after_reading)
        chores.append(asyncio.create_task(keeper.run()))
    if settings.queue in DRAWS_OR_READS:
        await stores.pool.warm_up()
    worker, broker = open_worker(settings.storage.redis_url, queue=settings.queue, threads=settings.slots, look=look)
    worker.start()
    quiet_garbage_collector()
    _log.info("worker_started", queue=settings.queue, slot=settings.slot, slots=settings.slots)
    await stopping.wait()
    _log.info("worker_drains", running=len(engine.runs))
    await engine.drain(settings.drain_s)
    for chore in chores:
        chore.cancel()
    await asyncio.to_thread(worker.stop, 5_000)
    await asyncio.to_thread(heartbeat.stop)
    broker.client.close()
    await stores.close()
    _log.info("worker_stopped", queue=settings.queue)


def quiet_garbage_collector() -> None:
    """What start-up made stays for good: keep it out of every later collection, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def make_engine(
    settings: WorkerSettings,
    stores: Stores,
    families: Mapping[str, Family],
    prompts: PromptStore,
    owner: str,
) -> Engine:
    asking: AskerParts = {
        "providers": stores.providers,
        "config": settings.models,
        "prompts": prompts,
        "log": PatientLog(DatabaseLLMLog(stores.sessions, secrets=secrets_of(settings))),
        "budget": settings.budget,
        "keys": DatabaseUserKeys(stores.sessions, settings.storage.key_ring),
        "limiter": RedisLimiter(stores.redis, settings.limits),
        "purse": DatabasePurse(stores.auto),
    }
    tools = Tools(
        database=stores.database,
        search=stores.search,
        blobs=stores.blobs,
        reader=stores.pool,
        renderer=CachedRenderer(stores.auto, stores.redis, stores.publisher.ring),
        comparer=PictureComparer(stores.blobs),
        recogniser=TesseractRecogniser(stores.pool, Tesseract(), settings.recognition),
        vault=Vault(stores.redis, settings.storage.secret),
        asker=Asker(**asking),
    )
    recordings, vectors = DatabaseRecordings(stores.auto), QuestionLog(stores.auto)
    replays = Replays(tools=tools, recordings=recordings, questions=vectors, parts=asking)
    return Engine(
        queue=settings.queue,
        owner=owner,
        slots=settings.slots,
        user_cap=settings.user_cap,
        families=families,
        tools=tools,
        make_teller=lambda job, stop: Teller(stores.auto, stores.publisher, job, stop),
        has_streamed=lambda job_id: has_streamed_answer(stores.auto, job_id),
        open_context=replays.open,
    )


def check_prompts(prompts: FilePrompts, families: Mapping[str, Family]) -> None:
    """Raises KeyError at start-up for a prompt that a stage names and no file has."""
    wanted = {name for family in families.values() for stage in family.stages for name in stage.prompts}
    if missing := sorted((wanted | {REPAIR_PROMPT}) - prompts.names()):
        raise KeyError(f"missing prompts: {', '.join(missing)}")


def _drawing(stores: Stores, engine: Engine) -> Callable[[], Coroutine[Any, Any, None]]:
    """The render queue has no jobs: a bell there means pictures are wanted."""
    drawer = RenderDrawer(stores.auto, stores.redis, stores.pool, stores.blobs)

    async def look() -> None:
        if not engine.draining:
            await drawer.draw_wanted()

    return look


async def _keep_pictures(
    stores: Stores, settings: WorkerSettings, look: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Draw what was wanted while no bell was heard, and keep the cache within its limits. Until cancelled."""
    evict_at = 0.0
    while True:
        try:
            await look()
            if time.monotonic() >= evict_at:
                evict_at = time.monotonic() + EVICT_S
                storage = settings.storage
                await unpin(stores.auto)
                await evict(
                    stores.auto,
                    stores.blobs,
                    limit_bytes=storage.render_cache_bytes,
                    ttl_days=storage.render_ttl_days,
                )
        except Exception as error:
            if not is_outage(error) and not isinstance(error, DomainError):
                _log.exception("pictures_not_kept")
        await asyncio.sleep(LOOK_AGAIN_S)


async def _sweep_blobs(stores: Stores) -> None:
    """Remove the bytes that no row needs. Until cancelled; not at the start, when everything else begins."""
    while True:
        await asyncio.sleep(SWEEP_S * random.uniform(0.5, 1.0))
        try:
            swept = await sweep(stores.auto, RetiringBlobs(stores.blobs))
            _log.info("blobs_swept", retired=swept.retired, restored=swept.restored, purged=swept.purged)
        except Exception as error:
            if not is_outage(error) and not isinstance(error, DomainError):
                _log.exception("blobs_not_swept")


async def _keep_vectors(stores: Stores, settings: WorkerSettings) -> None:
    """Embed what has no vectors yet. Until cancelled; returns at once where none are wanted."""
    wanted = settings.storage.embeddings
    embedder = build_embedder(wanted)
    if wanted is None or embedder is None:
        return
    limited = LimitedEmbedder(embedder, RedisLimiter(stores.redis, settings.limits))
    filler = Filler(stores.sessions, limited, monthly_micro_usd=wanted.monthly_micro_usd)
    while True:
        did_one = False
        try:
            did_one = await filler.fill_one()
        except Exception as error:
            if not is_outage(error) and not isinstance(error, DomainError):
                _log.exception("vectors_not_kept")
        if not did_one:
            await asyncio.sleep(EMBED_AGAIN_S)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for signal_no in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_no, stop)
    return stopping


if __name__ == "__main__":
    main()
