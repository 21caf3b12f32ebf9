"""What the routes work with: opened once by `api/app.py`."""

import msgspec
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from api.limits import Limits
from api.settings import ApiSettings
from api.streams import Streams
from domain.ports import Renderer, SearchIndex
from storage.blobs import MinioBlobs
from storage.publisher import Publisher
from storage.uow import Database


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """`engine` is in autocommit mode, for single statements; transactions go through `database`."""

    settings: ApiSettings
    engine: AsyncEngine
    database: Database
    publisher: Publisher
    streams: Streams
    redis: Redis
    limits: Limits
    blobs: MinioBlobs
    search: SearchIndex
    renderer: Renderer
