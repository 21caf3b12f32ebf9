"""The block index: what each drawing of a document is, as a model or the offline reader told it.

It picks candidates and proves nothing: it is never quoted, cited or checked against.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.jobs import JobState

FAMILY = "indexing"

BY_MODEL = "model"
OFFLINE = "offline"
"""Who describes drawings: the models of the role `index`, or the offline reader whatever keys there are."""

OFF = "off"
AFTER_READING = (OFF, OFFLINE, BY_MODEL)
"""Who describes drawings without being asked."""

OFFLINE_VERSION = "offline-1"
"""Stands for the prompt's version in what the offline reader told; changes with its rules
(`workers/offline/drawings.py`)."""


class SystemCode(msgspec.Struct, frozen=True, kw_only=True):
    """A designation as it stands in the drawing's text; `seen_only`: the drawing has no text, a model read it off the
    picture."""

    code: str
    seen_only: bool = False


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: a drawing block, or a sheet as a whole, then `block_id` is its largest drawing, else its largest
    block.

    `sha256` is the document's file, empty for one without a file; `version` the prompt's, or `OFFLINE_VERSION`;
    `wanted` who was to describe it, `model` who did. `error` is the code of why nothing is told, null when it is.
    """

    block_id: str
    page_no: int
    is_sheet: bool = False
    title: str = ""
    discipline: str = "other"
    drawn: str = ""
    floor_or_section: str = ""
    scale: str = ""
    keywords: tuple[str, ...] = ()
    system_codes: tuple[SystemCode, ...] = ()
    sha256: str = ""
    version: str = ""
    wanted: str = BY_MODEL
    model: str = ""
    error: str | None = None
    created_at: datetime | None = None

    @property
    def key(self) -> tuple[str, bool]:
        return self.block_id, self.is_sheet


class Freshness(StrEnum):
    """`stale` entries of the same file serve until they are told anew; those of another file never do."""

    FRESH = "fresh"
    STALE = "stale"
    FAILED = "failed"
    MISSING = "missing"


class IndexRun(msgspec.Struct, frozen=True, kw_only=True):
    """The newest job that was to describe a document's drawings."""

    job_id: UUID
    state: JobState
    result: Mapping[str, Any] | None = None
    error_code: str | None = None


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What entries are compared with: the document's file, empty for none, and the version of the prompt in use."""

    sha256: str
    prompt: str


def freshness_of(entry: Drawing, versions: Versions, *, wanted: str) -> Freshness:
    """`wanted` is who is to describe: what only the offline reader was asked for is stale where a model is wanted."""
    if entry.sha256 != versions.sha256 or entry.version not in (versions.prompt, OFFLINE_VERSION):
        return Freshness.STALE
    if wanted == BY_MODEL and entry.wanted != BY_MODEL:
        return Freshness.STALE
    return Freshness.FAILED if entry.error else Freshness.FRESH


def state_of(entries: Iterable[Drawing], run: IndexRun | None, versions: Versions, *, wanted: str) -> Freshness:
    """Of a document as a whole: the worst of its entries; a document without drawings is known by its last run."""
    found = {freshness_of(entry, versions, wanted=wanted) for entry in entries}
    for state in (Freshness.STALE, Freshness.FAILED):
        if state in found:
            return state
    told = (run.result if run else None) or {}
    is_same = told.get("sha256") == versions.sha256 and told.get("version") in (versions.prompt, OFFLINE_VERSION)
    if not is_same or told.get("left") or (wanted == BY_MODEL and told.get("wanted") != BY_MODEL):
        failed = run is not None and run.state is JobState.FAILED
        return Freshness.FAILED if failed else Freshness.STALE if found else Freshness.MISSING
    return Freshness.FRESH
