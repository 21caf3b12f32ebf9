"""The api process: reads its environment, opens its connections, mounts the routes. Nothing happens at import."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp
from redis.asyncio import Redis
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.auth import make_auth
from api.description import describe, document_problems, files_router
from api.errors import CarefulRequest, handlers
from api.hub import Hub
from api.limits import Limits
from api.pictures import PictureBytes
from api.routes import (
    admin,
    auth,
    block_index,
    chat_stream,
    chats,
    comparisons,
    crops,
    dialogues,
    documents,
    embedding_spending,
    estimates,
    files,
    imports,
    jobs,
    matrices,
    me,
    messages,
    pictures,
    projects,
    prompt_trials,
    prompt_versions,
    prompts,
    provider_keys,
    quotas,
    renders,
    replays,
    service_roles,
    shares,
    system,
)
from api.services import Services
from api.settings import ApiSettings, read_api_settings
from api.streams import Streams
from api.tracing import traced
from domain.family_list import FAMILIES, end_hooks
from storage.blobs import MinioBlobs
from storage.database import in_autocommit, open_engine, open_sessions
from storage.estimates import Estimates
from storage.logs import set_up_logs
from storage.prompts import FilePrompts
from storage.publisher import Publisher
from storage.queue import Bells, open_broker
from storage.render_cache import CachedRenderer
from storage.uow import Database
from storage.users import Access
from storage.vault import Vault
from storage.vectors.opening import close_search, open_search

JSON_BODY_BYTES = 2 * 1024 * 1024
"""Largest body of a JSON request; uploads raise it for themselves."""


def create_app() -> Litestar:
    """For `uvicorn api.app:create_app --factory`."""
    set_up_logs("api", os.environ.get("LOG_LEVEL", "INFO"))
    return make_app(read_api_settings(os.environ))


def make_app(settings: ApiSettings) -> Litestar:
    """The application; it opens nothing before it is started."""
    auth_config = make_auth(settings.storage.secret)
    app = Litestar(
        route_handlers=[
            system.router,
            auth.router,
            me.router,
            prompts.router,
            prompt_versions.router,
            service_roles.router,
            provider_keys.router,
            quotas.router,
            embedding_spending.router,
            comparisons.router,
            matrices.router,
            chats.router,
            estimates.router,
            chat_stream.router,
            messages.router,
            jobs.router,
            dialogues.router,
            replays.router,
            prompt_trials.router,
            files.router,
            documents.router,
            block_index.router,
            imports.router,
            shares.router,
            projects.router,
            renders.router,
            crops.router,
            pictures.router,
            admin.router,
            files_router(),
        ],
        lifespan=[lambda app: _opened(app, settings)],
        on_app_init=[auth_config.on_app_init],
        dependencies={"services": Provide(_services, sync_to_thread=False)},
        exception_handlers=handlers,
        request_class=CarefulRequest,
        cors_config=_cors(settings),
        logging_config=None,
        openapi_config=describe(system.VERSION),
        request_max_body_size=JSON_BODY_BYTES,
        signature_namespace={"Services": Services},
    )
    document_problems(app)
    app.asgi_handler = _behind_proxies(traced(app.asgi_handler), settings.trusted_proxies)
    return app


@asynccontextmanager
async def _opened(app: Litestar, settings: ApiSettings) -> AsyncIterator[None]:
    """Connections for the life of the process. None is needed at start: the api comes up while stores are away."""
    storage = settings.storage
    engine = open_engine(storage.database_url, name="api", pool_size=settings.db_pool)
    redis = Redis.from_url(storage.redis_url, socket_connect_timeout=2, health_check_interval=30)
    broker = open_broker(storage.redis_url)
    publisher = Publisher(redis, Bells(broker).ring)
    sessions = open_sessions(engine)
    blobs = MinioBlobs(
        endpoint=storage.s3_endpoint,
        access_key=storage.s3_access_key,
        secret_key=storage.s3_secret_key,
        bucket=storage.s3_bucket,
        secure=storage.s3_secure,
    )
    auto = in_autocommit(engine)
    search = open_search(sessions, storage.embeddings)
    hub = Hub(redis, auto)
    streams = Streams(hub, settings)
    app.state.services = Services(
        settings=settings,
        engine=auto,
        access=Access(auto),
        database=Database(
            sessions,
            publisher,
            on_end=end_hooks(FAMILIES),
            queue_limit=settings.queue_limit,
            job_micro_usd=settings.job_micro_usd,
        ),
        publisher=publisher,
        streams=streams,
        redis=redis,
        limits=Limits(redis.connection_pool, exchanges_per_minute=settings.exchanges_per_minute),
        blobs=blobs,
        vault=Vault(redis, storage.secret),
        search=search,
        renderer=CachedRenderer(auto, redis, publisher.ring),
        pictures=PictureBytes(blobs),
        prompts=FilePrompts(settings.prompts),
        estimates=Estimates(auto),
    )
    hub.start()
    _quiet_garbage_collector()
    closer = asyncio.create_task(streams.close_on_shutdown())
    try:
        yield
    finally:
        closer.cancel()
        await hub.stop()
        await close_search(search)
        await redis.aclose()
        broker.client.close()
        blobs.close()
        await engine.dispose()


def _quiet_garbage_collector() -> None:
    """What start-up made stays for good: keep it out of every later collection, and collect less often. Measured
    2026-11-20: full collections took a tenth of the api's time under load."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _services(state: State) -> Services:
    return state.services


def _behind_proxies(app: ASGIApp, trusted: tuple[str, ...]) -> ASGIApp:
    """The client is the peer, or whom a trusted proxy names. uvicorn itself runs with --no-proxy-headers: it would
    believe everybody on this machine."""
    return cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), list(trusted))) if trusted else app


def _cors(settings: ApiSettings) -> CORSConfig | None:
    """Only the listed origins; none listed, none allowed."""
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Accept"],
        expose_headers=["Retry-After", "Idempotent-Replayed", "X-Request-Id"],
    )
