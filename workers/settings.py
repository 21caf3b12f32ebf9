"""What a worker process reads from its environment, once, in `workers/main.py`."""

import platform
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from domain.budgets import Budget, cost_limit
from domain.drawings import AFTER_READING, OFFLINE
from domain.errors import InvalidInput
from domain.recognition import CHOICES, RecognitionChoice
from storage.settings import StorageSettings, read_storage_settings
from workers.limiting import Limits, read_limits
from workers.models import ModelConfig, read_model_config
from workers.providers.registry import BUILDERS

RENDER = "render"
QUEUES = ("interactive", "background", RENDER)


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`slot` is this process's place: stable over restarts, and no two living processes share one. `slots` are the
    jobs it runs at a time, `user_cap` those of one user. `secrets` are providers' keys and addresses by the name of
    their variable."""

    storage: StorageSettings
    queue: str
    slot: str
    slots: int
    user_cap: int
    render_children: int
    drain_s: float
    prompts: Path
    work_dir: Path
    secrets: Mapping[str, str]
    models: ModelConfig
    limits: Mapping[str, Limits]
    budget: Budget
    recognition: RecognitionChoice = RecognitionChoice()
    index_after_reading: str = OFFLINE


def read_worker_settings(environ: Mapping[str, str], *, queue: str, root: Path) -> WorkerSettings:
    """`root` is the repository: prompts are read from it."""
    slots = int(environ.get("WORKER_SLOTS", "8" if queue == "interactive" else "2"))
    slot = environ.get("WORKER_SLOT") or f"{platform.node()}-{queue}"
    return WorkerSettings(
        storage=read_storage_settings(environ),
        queue=queue,
        slot=slot,
        slots=slots,
        user_cap=int(environ.get("WORKER_USER_CAP", str(slots))),
        render_children=int(environ.get("RENDER_CHILDREN", "2")),
        drain_s=float(environ.get("DRAIN_SECONDS", "25")),
        prompts=root / "prompts",
        work_dir=Path(environ.get("DATA_DIR", ".data")) / "work" / slot,
        secrets={name: environ[name] for name in _SECRETS if environ.get(name)},
        models=read_model_config(environ, BUILDERS),
        limits=read_limits(environ, list(BUILDERS)),
        budget=read_budget(environ),
        recognition=read_recognition(environ),
        index_after_reading=read_index_choice(environ),
    )


def read_index_choice(environ: Mapping[str, str]) -> str:
    """INDEX_AFTER_READING: who describes the drawings of documents that were read: offline (costs nothing, the
    default), model, or off. Raises `InvalidInput`."""
    choice = environ.get("INDEX_AFTER_READING") or OFFLINE
    if choice not in AFTER_READING:
        raise InvalidInput(f"INDEX_AFTER_READING: {choice} is none of {', '.join(AFTER_READING)}")
    return choice


def secrets_of(settings: WorkerSettings) -> tuple[str, ...]:
    """Every secret value that this process knows, to be left out of what it writes down."""
    storage = settings.storage
    passwords = [urlsplit(url).password or "" for url in (storage.database_url, storage.redis_url)]
    keys = [value for name, value in settings.secrets.items() if name.endswith("_KEY")]
    return (storage.s3_access_key, storage.s3_secret_key, storage.secret.decode(errors="replace"), *passwords, *keys)


def read_recognition(environ: Mapping[str, str]) -> RecognitionChoice:
    """OCR_BY (auto, tesseract, model, off) and OCR_MAX_PAGES of one document. Raises `InvalidInput`."""
    default = RecognitionChoice()
    by = environ.get("OCR_BY") or default.by
    if by not in CHOICES:
        raise InvalidInput(f"OCR_BY: {by} is none of {', '.join(CHOICES)}")
    return RecognitionChoice(by=by, pages_limit=int(environ.get("OCR_MAX_PAGES") or default.pages_limit))


def read_budget(environ: Mapping[str, str]) -> Budget:
    """What one job may spend: JOB_MAX_CALLS, _TOKENS, _IMAGES, _MODEL_SECONDS and _COST_USD over the defaults."""
    default = Budget()
    return Budget(
        calls=int(environ.get("JOB_MAX_CALLS") or default.calls),
        tokens=int(environ.get("JOB_MAX_TOKENS") or default.tokens),
        images=int(environ.get("JOB_MAX_IMAGES") or default.images),
        seconds=float(environ.get("JOB_MAX_MODEL_SECONDS") or default.seconds),
        cost_micro_usd=cost_limit(environ),
    )


_SECRETS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "GEMINI_CONTEXT_CACHE")
