"""What the api process reads from its environment, once, in `api/app.py`."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from domain.budgets import cost_limit
from storage.settings import StorageSettings, read_storage_settings

ROOT = Path(__file__).resolve().parents[1]


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Stream limits are per process. `trusted_proxies` are addresses and networks whose X-Forwarded-For is believed."""

    storage: StorageSettings
    cors_origins: tuple[str, ...]
    queue_limit: int
    job_micro_usd: int
    streams_per_user: int
    stream_life_s: float
    ping_s: int
    db_pool: int
    exchanges_per_minute: int
    trusted_proxies: tuple[str, ...]
    prompts: Path = ROOT / "prompts"


def read_api_settings(environ: Mapping[str, str]) -> ApiSettings:
    return ApiSettings(
        storage=read_storage_settings(environ),
        cors_origins=_listed(environ.get("CORS_ORIGINS", "")),
        queue_limit=int(environ.get("MAX_QUEUE_SIZE", "1000")),
        job_micro_usd=cost_limit(environ),
        streams_per_user=int(environ.get("STREAMS_PER_USER", "20")),
        stream_life_s=float(environ.get("STREAM_LIFE_SECONDS", "600")),
        ping_s=int(environ.get("STREAM_PING_SECONDS", "12")),
        db_pool=int(environ.get("DB_POOL_SIZE", "16")),
        exchanges_per_minute=int(environ.get("EXCHANGES_PER_MINUTE", "20")),
        trusted_proxies=_listed(environ.get("TRUSTED_PROXIES", "")),
    )


def _listed(text: str) -> tuple[str, ...]:
    """What is separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
