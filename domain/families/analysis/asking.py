"""What every question of this family to a model shares: the pictures shown, and what to do when no model answers."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import BudgetExceeded, DomainError, ProviderFailed, ProviderLimited, ProviderRefused, ReplyInvalid
from domain.evidence import EvidencePicture
from domain.families.analysis.rules_gate import is_readable
from domain.families.analysis.rules_sides import NO_SIDE, labelled
from domain.llm import ImagePart, Part
from domain.stage import Asked, Hold, StageContext

MAX_SHOWN = 12
"""Pictures of one call (spec/aizoomdoc.md §1.3, MAX_IMAGES_PER_CALL)."""

FIRST_SHOWN = 4
"""Of more pictures, the first ones stay: those the user pointed at. A guess."""

LONGEST_WAIT_S = 300.0
"""For a provider's limit; nobody waits longer for an answer. A guess."""

LAST_WORDS_S = 60.0
"""Kept before the deadline to tell what was found without a model. A guess."""

ASK_S = 270.0
"""For one whole question with its repair: less than the stage's own time, so that what was found can still be told."""

GIVEN_UP = (ProviderFailed, ProviderRefused, ReplyInvalid, BudgetExceeded)
"""How a model can fail to answer."""


def shown_of(pictures: Sequence[EvidencePicture]) -> list[EvidencePicture]:
    """Those that one call shows: all, or the first few and the newest."""
    if len(pictures) <= MAX_SHOWN:
        return list(pictures)
    return [*pictures[:FIRST_SHOWN], *pictures[FIRST_SHOWN - MAX_SHOWN :]]


def parts_of(pictures: Sequence[EvidencePicture]) -> tuple[Part, ...]:
    return tuple(ImagePart(digest=p.digest, mime_type=p.mime_type, label=p.ref) for p in pictures)


def listed(pictures: Sequence[EvidencePicture], sides: Mapping[UUID, str]) -> list[dict[str, Any]]:
    """The pictures as the prompt tells of them. `sides` are those of the documents."""
    return [
        {
            "picture": picture.ref,
            "shows": picture.block_id or ("the whole page" if picture.box is None else "a part of the page"),
            "document": labelled(sides.get(picture.document_id, NO_SIDE), picture.document_name),
            "place": picture.sheet,
            "kind": picture.kind.value,
            "readable": is_readable(picture),
        }
        for picture in pictures
    ]


async def ask_model(
    ctx: StageContext,
    role: str,
    prompt: str,
    variables: dict[str, Any],
    schema: type[msgspec.Struct],
    *,
    parts: tuple[Part, ...] = (),
    stream_field: str | None = None,
    hold: Hold | None = None,
    within_s: float = ASK_S,
) -> Asked:
    """As `ctx.ask`. Raises one of `GIVEN_UP` also when the whole reply takes too long."""
    try:
        async with asyncio.timeout(within_s):
            return await ctx.ask(role, prompt, variables, schema, parts=parts, stream_field=stream_field, hold=hold)
    except TimeoutError as error:
        raise ProviderFailed(f"no whole reply within {within_s:.0f} s") from error


def seeing_role(ctx: StageContext, wanted: str, otherwise: str) -> str:
    """`wanted`, unless its model takes no pictures."""
    return wanted if ctx.capabilities(wanted).images else otherwise


def is_worth_waiting(ctx: StageContext, error: DomainError) -> bool:
    """Whether the engine is to try the stage again: a passing fault while attempts are left, a limit that ends soon."""
    if isinstance(error, ProviderLimited):
        return (error.retry_after_s or 0.0) <= min(LONGEST_WAIT_S, _left_s(ctx))
    return isinstance(error, ProviderFailed) and ctx.job.attempt < ctx.job.max_attempts


def _left_s(ctx: StageContext) -> float:
    """Until the job's deadline, less what a smaller answer takes."""
    deadline = ctx.job.deadline_at
    return (deadline - datetime.now(UTC)).total_seconds() - LAST_WORDS_S if deadline else LONGEST_WAIT_S
