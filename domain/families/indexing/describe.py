"""Stage `describe`: a batch of drawings at a time, each with its checkpoint: what was paid is never paid twice.

Drawings that gave no reply together are asked about one by one; one that gives none keeps its error, and the others go
on. A used-up budget ends the job well, with the rest left.
"""

import asyncio
from collections.abc import Sequence

from msgspec import structs

from domain.documents import Document
from domain.drawings import OFFLINE_VERSION, Drawing
from domain.errors import BudgetExceeded, DomainError, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.families.indexing.plan import PROMPT, role_of
from domain.families.indexing.rules_entries import entries_of, failed_entry
from domain.families.indexing.showing import Shot, Shown, as_variable, load_shown, part_of, shoot
from domain.families.indexing.types import IndexReply, IndexState, Unit
from domain.llm import Capabilities, Part
from domain.ports import UnitOfWork
from domain.stage import Asked, Next, StageContext

TOGETHER = 6
"""Drawings of one call: their pictures fit with one call (MAX_PICTURES), a job's 30 calls tell of 180. A guess."""

TOGETHER_OFFLINE = 40
MAX_PICTURES = 12
"""Of one call (spec/aizoomdoc.md §1.3, MAX_IMAGES_PER_CALL)."""

REFUSALS = 3
"""Refused one after another, the provider refuses everything: a wrong key, a missing model."""

ASK_S = 150.0
"""For one call with its repair, less than the stage's own time. A guess."""

UNREADABLE = "picture_missing"
"""The error of a drawing that has no text and cannot be drawn."""

RESOLUTIONS = ("low", "medium", "high")


async def describe(ctx: StageContext, state: IndexState) -> Next:
    """Raises ProviderFailed and ProviderLimited, after which the engine tries again, and ProviderRefused."""
    if not state.todo:
        return Next(state=state)
    can = ctx.capabilities(role_of(state))
    batch = _next_batch(state, can)
    async with ctx.uow() as uow:
        document = await uow.documents.get(state.wish.document_id)
        shown = await load_shown(uow, document, batch)
        settings = await uow.users.settings(ctx.job.user_id)
    side_px = can.picture_sides_px[RESOLUTIONS.index(settings.media_resolution)]
    drawn = await _draw(ctx, document, shown, side_px if can.images else 0)
    batch = _up_to(batch, shown, len(drawn))
    blind = [one for one, shots in drawn if _is_blind(one, shots, can)]
    seen = [(one, shots) for one, shots in drawn if not _is_blind(one, shots, can)]
    entries = [failed_entry(one.unit, UNREADABLE) for one in blind]
    try:
        asked = await _ask(ctx, state, document, seen) if seen else None
    except BudgetExceeded:
        return _leave(state)
    except (ReplyInvalid, ProviderRefused) as error:
        return _apart(state, batch, seen, entries, error)
    if asked is not None:
        entries += _entries(asked, seen)
        state = structs.replace(state, refused=0, model=asked.model)
    await _tell(ctx, state, len(batch))
    return _keep(state, batch, entries, is_offline=asked is not None and asked.offline)


def _next_batch(state: IndexState, can: Capabilities) -> tuple[Unit, ...]:
    if state.alone:
        return state.todo[:1]
    return state.todo[: TOGETHER_OFFLINE if can.offline else TOGETHER]


async def _draw(
    ctx: StageContext, document: Document, shown: Sequence[Shown], side_px: int
) -> list[tuple[Shown, list[Shot]]]:
    """The first of the drawings with their pictures: as many as one call takes, at least one. `side_px` 0: without."""
    drawn: list[tuple[Shown, list[Shot]]] = []
    count = 0
    for one in shown:
        shots = await shoot(ctx, document, one, side_px) if side_px else []
        count += len(shots)
        if drawn and count > MAX_PICTURES:
            break
        drawn.append((one, shots))
    return drawn


def _up_to(batch: tuple[Unit, ...], shown: Sequence[Shown], taken: int) -> tuple[Unit, ...]:
    """The units of the batch up to those that are not taken this time; some may be gone meanwhile."""
    return batch if taken == len(shown) else batch[: batch.index(shown[taken].unit)]


def _is_blind(shown: Shown, shots: Sequence[Shot], can: Capabilities) -> bool:
    """Nothing of it can be shown to a model. The offline reader takes what the sheet says of it."""
    return not can.offline and not shown.is_read and not shots


async def _ask(
    ctx: StageContext, state: IndexState, document: Document, seen: Sequence[tuple[Shown, Sequence[Shot]]]
) -> Asked:
    """The reply on the drawings as D1, D2 … with their pictures P1, P2 …, as many as one call takes."""
    drawings = []
    parts: list[Part] = []
    for number, (shown, shots) in enumerate(seen, start=1):
        named = [(f"P{len(parts) + n}", shot) for n, shot in enumerate(shots, start=1)]
        parts += [part_of(label, shot) for label, shot in named]
        drawings.append(as_variable(f"D{number}", shown, document, named))
    try:
        async with asyncio.timeout(ASK_S):
            return await ctx.ask(role_of(state), PROMPT, {"drawings": drawings}, IndexReply, parts=tuple(parts))
    except TimeoutError as error:
        raise ProviderFailed(f"no whole reply within {ASK_S:.0f} s") from error


def _entries(asked: Asked, seen: Sequence[tuple[Shown, Sequence[Shot]]]) -> list[Drawing]:
    names = {f"D{number}": shown for number, (shown, _) in enumerate(seen, start=1)}
    units = {name: shown.unit for name, shown in names.items()}
    texts = {name: "\n".join((shown.text, *shown.stamp.values())) for name, shown in names.items()}
    unread = frozenset(name for name, shown in names.items() if not shown.is_read)
    told = entries_of(units, asked.reply.drawings, texts, unread)
    return [structs.replace(entry, model=asked.model) for entry in told]


def _apart(
    state: IndexState,
    batch: Sequence[Unit],
    seen: Sequence[tuple[Shown, Sequence[Shot]]],
    entries: list[Drawing],
    error: DomainError,
) -> Next:
    """What failed together is asked about one by one; what failed alone keeps its error."""
    if len(batch) > 1:
        return Next(state=structs.replace(state, alone=len(batch)), goto="describe")
    refused = state.refused + 1 if isinstance(error, ProviderRefused) else 0
    if refused >= REFUSALS:
        raise error
    entries += [failed_entry(shown.unit, error.code) for shown, _ in seen]
    return _keep(structs.replace(state, refused=refused), batch, entries, is_offline=False)


def _keep(state: IndexState, batch: Sequence[Unit], entries: Sequence[Drawing], *, is_offline: bool) -> Next:
    """`entries` are of the batch's units that still exist."""
    version = OFFLINE_VERSION if is_offline else state.version
    stored = [
        structs.replace(entry, sha256=state.sha256, version=version, wanted=state.wish.wanted) for entry in entries
    ]
    failed = sum(entry.error is not None for entry in entries)
    next_state = structs.replace(
        state,
        todo=state.todo[len(batch) :],
        alone=max(state.alone - len(batch), 0),
        told=state.told + len(entries) - failed,
        failed=state.failed + failed,
        version=state.version,
    )

    async def write(uow: UnitOfWork) -> None:
        await uow.drawings.save(state.wish.document_id, stored)

    return Next(state=next_state, goto="describe" if next_state.todo else None, write=write)


def _leave(state: IndexState) -> Next:
    return Next(state=structs.replace(state, todo=(), left=state.left + len(state.todo)))


async def _tell(ctx: StageContext, state: IndexState, count: int) -> None:
    done = state.planned - len(state.todo) + count
    await ctx.progress(
        done / state.planned,
        f"Чертежей описано: {done} из {state.planned}",
        f"Drawings described: {done} of {state.planned}",
    )
