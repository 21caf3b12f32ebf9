"""The api process: reads its environment, opens its connections, mounts the routes. Nothing happens at import."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from redis.asyncio import Redis

from api.auth import make_auth
from api.errors import handlers
from api.hub import Hub
from api.routes import admin, auth, chat_stream, chats, documents, files, jobs, me, system
from api.services import Services
from api.settings import ApiSettings, read_api_settings
from api.streams import Streams
from domain.family_list import FAMILIES, end_hooks
from domain.ids import new_id
from storage.blobs import MinioBlobs
from storage.database import in_autocommit, open_engine, open_sessions
from storage.logs import set_up_logs
from storage.publisher import Publisher
from storage.queue import Bells, open_broker
from storage.render_cache import CachedRenderer
from storage.search import PostgresSearch
from storage.uow import Database

JSON_BODY_BYTES = 2 * 1024 * 1024
"""Largest body of a JSON request; uploads raise it for themselves."""


class Traced(ASGIMiddleware):
    """Gives every request a trace id: in problems, in the log, and as X-Request-Id."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        trace_id = new_id().hex
        scope.setdefault("state", {})["trace_id"] = trace_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=trace_id)

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", []), (b"x-request-id", trace_id.encode())]
                headers.append((b"x-content-type-options", b"nosniff"))
                message = {**message, "headers": headers}
            await send(message)

        await next_app(scope, receive, send_traced)


def create_app() -> Litestar:
    """For `uvicorn api.app:create_app --factory`."""
    set_up_logs("api", os.environ.get("LOG_LEVEL", "INFO"))
    settings = read_api_settings(os.environ)
    auth_config = make_auth(settings.storage.secret)
    return Litestar(
        route_handlers=[
            system.router,
            auth.router,
            me.router,
            chats.router,
            chat_stream.router,
            jobs.router,
            files.router,
            documents.router,
            admin.router,
        ],
        lifespan=[lambda app: _opened(app, settings)],
        on_app_init=[auth_config.on_app_init],
        middleware=[Traced()],
        dependencies={"services": Provide(_services, sync_to_thread=False)},
        exception_handlers=handlers,
        cors_config=_cors(settings),
        logging_config=None,
        openapi_config=OpenAPIConfig(title="AIZoomDoc", version=system.VERSION, path="/docs"),
        request_max_body_size=JSON_BODY_BYTES,
        signature_namespace={"Services": Services},
    )


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
    hub = Hub(redis, auto)
    streams = Streams(
        hub,
        auto,
        per_user=settings.streams_per_user,
        life_s=settings.stream_life_s,
        ping_s=settings.ping_s,
    )
    app.state.services = Services(
        settings=settings,
        engine=auto,
        database=Database(sessions, publisher, on_end=end_hooks(FAMILIES), queue_limit=settings.queue_limit),
        publisher=publisher,
        streams=streams,
        redis=redis,
        blobs=blobs,
        search=PostgresSearch(sessions),
        renderer=CachedRenderer(sessions, redis, publisher.ring),
    )
    hub.start()
    _quiet_garbage_collector()
    closer = asyncio.create_task(streams.close_on_shutdown())
    try:
        yield
    finally:
        closer.cancel()
        await hub.stop()
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


def _cors(settings: ApiSettings) -> CORSConfig | None:
    """Only the listed origins; none listed, none allowed."""
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Accept"],
        expose_headers=["Retry-After", "Idempotent-Replayed", "X-Request-Id"],
    )
