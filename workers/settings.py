"""What a worker process reads from its environment, once, in `workers/main.py`."""

import platform
from collections.abc import Mapping
from pathlib import Path

import msgspec

from storage.settings import StorageSettings, read_storage_settings

RENDER = "render"
QUEUES = ("interactive", "background", RENDER)


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`slot` is this process's place: stable over restarts, and no two living processes share one. `slots` are the
    jobs it runs at a time, `user_cap` those of one user. `secrets` are providers' keys by their variable's name."""

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
    )


_SECRETS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
