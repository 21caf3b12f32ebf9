"""Prompts: the files of `prompts/`, and the texts saved in the database, which stand over them."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from domain.errors import LeaseLost, NotFound
from domain.jobs import Job
from domain.prompts import Prompt, saved_number, saved_version
from domain.rules_prompts import fits
from storage.direct import Direct

LIVE_S = 1.0
"""For so long a process may not know of a newly published version. One small query a second is nothing; a guess."""

_LIVE = "select name, live_version from prompt_states where live_version is not null"
_SAVED = "select body from prompts where name = $1 and version = $2"
_FILE = "select body from prompt_files where name = $1 and version = $2"
_KEEP = """
insert into prompt_files (name, version, body) select * from unnest($1::text[], $2::text[], $3::text[])
on conflict do nothing
"""
_PIN = """
update jobs set prompt_pins = case when $4 then prompt_pins || $3::jsonb else $3::jsonb || prompt_pins end
where id = $1 and epoch = $2 and state = 'running' returning prompt_pins::text
"""

_log = structlog.get_logger()


class FilePrompts:
    """Every prompt of a folder, read once: a change of a file shows after a restart. `domain.ports.PromptStore` where
    there is no database."""

    def __init__(self, folder: Path) -> None:
        self._prompts: Mapping[str, Prompt] = read_prompts(folder)

    async def get(self, name: str, version: str | None = None) -> Prompt:
        prompt = self._prompts.get(name)
        if prompt is None or version not in (None, prompt.version):
            raise NotFound(f"prompt {name} {version or ''}")
        return prompt

    async def pin(self, job: Job, pins: Mapping[str, str], *, over: bool = False) -> Mapping[str, str]:
        return {**job.prompt_pins, **pins} if over else {**pins, **job.prompt_pins}

    def names(self) -> frozenset[str]:
        return frozenset(self._prompts)


class DatabasePrompts:
    """`domain.ports.PromptStore` over files and database. Saved texts never change: each is read once a process.
    `live_s` is how old the knowledge of what is live may be."""

    def __init__(self, files: FilePrompts, auto: Direct, *, live_s: float = LIVE_S) -> None:
        self._files = files
        self._auto = auto
        self._live_s = live_s
        self._live: Mapping[str, str] = {}
        self._live_until = 0.0
        self._texts: dict[tuple[str, str], Prompt] = {}

    def names(self) -> frozenset[str]:
        return self._files.names()

    async def keep_files(self) -> None:
        """Store the files' texts, so that jobs begun with them can end with them. Once, when a worker starts."""
        prompts = [await self._files.get(name) for name in sorted(self._files.names())]
        columns = ([p.name for p in prompts], [p.version for p in prompts], [p.text for p in prompts])
        await self._auto.every(_KEEP, *columns)

    async def get(self, name: str, version: str | None = None) -> Prompt:
        if version is not None:
            return await self._exactly(name, version)
        file = await self._files.get(name)
        live = (await self._live_versions()).get(name)
        if live is None:
            return file
        prompt = await self._exactly(name, live)
        if fits(prompt.text, file.text):
            return prompt
        # A deployment has changed what the file takes: its text is better than a prompt that cannot be filled in.
        _log.warning("live_prompt_does_not_fit", prompt=name, version=live)
        return file

    async def pin(self, job: Job, pins: Mapping[str, str], *, over: bool = False) -> Mapping[str, str]:
        encoded = msgspec.json.encode(pins).decode()
        row = await self._auto.first(_PIN, job.id, job.epoch, encoded, over)
        if row is None:
            raise LeaseLost(f"job {job.id} epoch {job.epoch}")
        return msgspec.json.decode(row[0], type=dict[str, str])

    async def _exactly(self, name: str, version: str) -> Prompt:
        known = self._texts.get((name, version))
        if known is None:
            known = self._texts[name, version] = await self._read(name, version)
        return known

    async def _read(self, name: str, version: str) -> Prompt:
        number = saved_number(version)
        if number is None:
            file = await self._files.get(name) if name in self._files.names() else None
            if file is not None and file.version == version:
                return file
            row = await self._auto.first(_FILE, name, version)
        else:
            row = await self._auto.first(_SAVED, name, number)
        if row is None:
            raise NotFound(f"prompt {name} {version}")
        return Prompt(name=name, version=version, text=row[0])

    async def _live_versions(self) -> Mapping[str, str]:
        if time.monotonic() >= self._live_until:
            rows = await self._auto.every(_LIVE)
            self._live = {name: saved_version(number) for name, number in rows}
            self._live_until = time.monotonic() + self._live_s
        return self._live


def read_prompts(folder: Path) -> dict[str, Prompt]:
    """The prompts `<folder>/<family>/<name>.md` by `<family>/<name>`, UTF-8."""
    prompts = {}
    for path in sorted(folder.glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        name = f"{path.parent.name}/{path.stem}"
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        prompts[name] = Prompt(name=name, version=version, text=text)
    return prompts
