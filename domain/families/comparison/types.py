"""What a comparison job is asked and what it remembers between its stages. Changes of pages wait in the blob store."""

from typing import Any
from uuid import UUID

import msgspec

from domain.revisions.types import PagePair


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The payload: `a` is the earlier document, `b` the later; `pages` are page numbers of b, null for all."""

    a: UUID
    b: UUID
    pages: tuple[int, ...] | None = None


class ComparisonState(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint. `done` are the digests of the differences of the first pairs; `overlays` those of the pictures
    that they name, so that nobody sweeps them before the job has ended."""

    wanted: Wanted
    pairs: tuple[PagePair, ...] = ()
    done: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()


def start(payload: dict[str, Any]) -> ComparisonState:
    return ComparisonState(wanted=msgspec.convert(payload, Wanted))
