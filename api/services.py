"""What the routes work with: opened once by `api/app.py`."""

import msgspec
from redis.asyncio import Redis

from api.limits import Limits
from api.pictures import PictureBytes
from api.settings import ApiSettings
from api.streams import Streams
from domain.ports import SearchIndex
from storage.blobs import MinioBlobs
from storage.direct import Direct
from storage.estimates import Estimates
from storage.prompts import FilePrompts
from storage.publisher import Publisher
from storage.render_cache import CachedRenderer
from storage.uow import Database
from storage.users import Access
from storage.vault import Vault


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """`engine` commits single statements; transactions go through `database`."""

    settings: ApiSettings
    engine: Direct
    access: Access
    database: Database
    publisher: Publisher
    streams: Streams
    redis: Redis
    limits: Limits
    blobs: MinioBlobs
    vault: Vault
    search: SearchIndex
    renderer: CachedRenderer
    pictures: PictureBytes
    prompts: FilePrompts
    estimates: Estimates
