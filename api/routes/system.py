"""`/`, `/health`, `/ready`: what runs, and whether it can work."""

import asyncio
from typing import Any

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from redis.exceptions import RedisError

from api.services import Services
from domain.errors import DomainError
from storage.database import is_outage
from storage.vectors.status import VectorState, vector_states
from storage.workers import ALIVE_S

VERSION = "0.1.0"

_WORKERS = """
select queue, sum(threads), sum(busy) from workers
where seen_at > clock_timestamp() - $1::float8 * interval '1 s' group by queue
"""


class About(msgspec.Struct):
    service: str
    version: str
    docs: str
    health: str


class Health(msgspec.Struct):
    status: str
    version: str
    service: str


class Readiness(msgspec.Struct, kw_only=True):
    """`parts` say ok or what is wrong; `workers` are the queues that are served and by how many threads. `vectors` is
    the configured embedding model, null where search goes by words; its failure is no fault of the service: search goes
    by words meanwhile."""

    status: str
    parts: dict[str, str]
    workers: dict[str, int]
    vectors: VectorState | None = None


@get("/", tags=["system"])
async def about() -> About:
    return About("AIZoomDoc", VERSION, "/docs", "/health")


@get("/health", tags=["system"])
async def health() -> Health:
    """This process answers."""
    return Health("healthy", VERSION, "AIZoomDoc")


@get(
    "/ready",
    tags=["system"],
    responses={503: ResponseSpec(Readiness, description="Something is missing", generate_examples=False)},
)
async def ready(services: NamedDependency[Services]) -> Response[Readiness]:
    """200 when the stores answer and a worker serves every queue, else 503 with what is missing."""
    (database, workers), redis, blobs = await asyncio.gather(_database(services), _redis(services), _blobs(services))
    missing = {"interactive", "background", "render"} - workers.keys()
    parts = {
        "database": database,
        "redis": redis,
        "blobs": blobs,
        "workers": f"no worker for {', '.join(sorted(missing))}" if missing else "ok",
    }
    fine = all(part == "ok" for part in parts.values())
    vectors = await _vectors(services) if database == "ok" else None
    body = Readiness(status="ready" if fine else "not ready", parts=parts, workers=workers, vectors=vectors)
    return Response(body, status_code=200 if fine else 503)


async def _database(services: Services) -> tuple[str, dict[str, int]]:
    try:
        async with asyncio.timeout(3), services.engine.connect() as connection:
            rows: Any = await connection.exec_driver_sql(_WORKERS, (ALIVE_S,))
            return "ok", {row[0]: int(row[1]) for row in rows}
    except Exception as error:
        if not is_outage(error):
            raise
        return "unreachable", {}


async def _vectors(services: Services) -> VectorState | None:
    wanted = services.settings.storage.embeddings
    if wanted is None:
        return None
    name = f"{wanted.provider}:{wanted.model}"
    try:
        async with asyncio.timeout(3):
            states = await vector_states(services.engine)
    except Exception as error:
        if not is_outage(error):
            raise
        return None
    found = [state for state in states if (state.model, state.dimensions) == (name, wanted.dimensions)]
    return found[-1] if found else None


async def _redis(services: Services) -> str:
    try:
        async with asyncio.timeout(3):
            await services.redis.ping()
    except (RedisError, OSError, TimeoutError):
        return "unreachable"
    return "ok"


async def _blobs(services: Services) -> str:
    try:
        async with asyncio.timeout(3):
            await services.blobs.exists("0" * 64)
    except (DomainError, TimeoutError):
        return "unreachable"
    return "ok"


router = Router("/", route_handlers=[about, health, ready])
