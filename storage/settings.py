"""Where the stores are: read from an environment mapping by the composition roots only."""

from collections.abc import Mapping

import msgspec

from domain.errors import InvalidInput
from storage.embedders.registry import EmbeddingSettings, read_embedding_settings
from storage.provider_keys import KeyRing, read_key_ring

DIALOGUE_DAYS = 90
"""For so long the texts of model calls are kept. A guess: a quarter's work can be looked into and run again."""


class StorageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and keys of PostgreSQL, Redis (or Valkey) and the S3 store (MinIO or any other). `embeddings` is null
    where search goes by words alone; `dialogue_days` where the texts of model calls are kept for ever."""

    database_url: str
    redis_url: str
    s3_endpoint: str
    s3_access_key: str
    s3_secret_key: str
    s3_bucket: str
    s3_secure: bool
    secret: bytes
    key_ring: KeyRing
    render_cache_bytes: int
    render_ttl_days: int
    embeddings: EmbeddingSettings | None = None
    dialogue_days: int | None = DIALOGUE_DAYS


def read_storage_settings(environ: Mapping[str, str]) -> StorageSettings:
    """Raises `InvalidInput` naming every variable that is missing or too short, and never its value."""
    missing = [name for name in _REQUIRED if not environ.get(name)]
    if missing:
        raise InvalidInput(f"environment lacks {', '.join(missing)}")
    secret = environ["AIZOOMDOC_SECRET"].encode()
    if len(secret) < 32:
        raise InvalidInput("AIZOOMDOC_SECRET needs at least 32 bytes")
    return StorageSettings(
        database_url=async_url(environ["DATABASE_URL"]),
        redis_url=environ["REDIS_URL"],
        s3_endpoint=environ["S3_ENDPOINT"].removeprefix("http://").removeprefix("https://"),
        s3_access_key=environ["S3_ACCESS_KEY"],
        s3_secret_key=environ["S3_SECRET_KEY"],
        s3_bucket=environ.get("S3_BUCKET", "aizoomdoc"),
        s3_secure=environ.get("S3_SECURE", "").lower() in ("1", "true", "yes")
        or environ["S3_ENDPOINT"].startswith("https://"),
        secret=secret,
        key_ring=read_key_ring(environ.get("ENCRYPTION_KEYS", "")),
        render_cache_bytes=int(environ.get("EVIDENCE_CACHE_MAX_MB", "2000")) * 1_000_000,
        render_ttl_days=int(environ.get("EVIDENCE_CACHE_TTL_DAYS", "14")),
        embeddings=read_embedding_settings(environ),
        dialogue_days=int(environ.get("LLM_LOG_TTL_DAYS") or DIALOGUE_DAYS) or None,
    )


_REQUIRED = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "AIZOOMDOC_SECRET")


def async_url(url: str) -> str:
    """Accept the plain forms that operators paste and name the driver."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+asyncpg://" + url.removeprefix(plain)
    return url
