"""Stage `plan`: which drawings of the document have no entry, or one of another file or prompt."""

from uuid import UUID

from msgspec import structs

from domain.drawings import BY_MODEL, OFFLINE, OFFLINE_VERSION, Drawing, Freshness, Versions, freshness_of
from domain.families.indexing.rules_units import UNITS_LIMIT, units_of
from domain.families.indexing.types import IndexState, Unit
from domain.ports import UnitOfWork
from domain.stage import Next, StageContext, Wait
from domain.waiting import reason_of

ROLE = "index"
OFFLINE_ROLE = "read_offline"
PROMPT = "indexing/describe"
VARIABLES = ("drawings",)

PAGES_AT_ONCE = 100
"""Whose blocks are loaded together. A guess."""


def role_of(state: IndexState) -> str:
    return ROLE if state.wish.wanted == BY_MODEL else OFFLINE_ROLE


async def plan(ctx: StageContext, state: IndexState) -> Next | Wait:
    """Raises NotFound for a document that is gone."""
    version = await ctx.prompt_version(PROMPT, VARIABLES)
    async with ctx.uow() as uow:
        document = await uow.documents.get(state.wish.document_id)
        if document.is_awaited:
            return Wait(state=state, document_ids=(document.id,), reason=reason_of([document]))
        units = await _units(uow, document.id)
        entries = {entry.key: entry for entry in await uow.drawings.entries(document.id)}
    versions = Versions(sha256=document.sha256 or "", prompt=version)
    is_offline = ctx.capabilities(role_of(state)).offline
    todo = [unit for unit in units if not _serves(entries.get(unit.key), state, versions, is_offline=is_offline)]
    planned = tuple(todo[:UNITS_LIMIT])
    keys = frozenset(unit.key for unit in units)

    async def write(uow: UnitOfWork) -> None:
        await uow.drawings.keep_only(document.id, keys)

    return Next(
        state=structs.replace(
            state,
            sha256=versions.sha256,
            version=version,
            todo=planned,
            planned=len(planned),
            fresh=len(units) - len(todo),
            left=len(todo) - len(planned),
        ),
        write=write if entries.keys() - keys else None,
    )


async def _units(uow: UnitOfWork, document_id: UUID) -> list[Unit]:
    """Of the whole document, some pages at a time: it may have tens of thousands of blocks."""
    pages = await uow.documents.pages(document_id)
    units: list[Unit] = []
    for start in range(0, len(pages), PAGES_AT_ONCE):
        some = pages[start : start + PAGES_AT_ONCE]
        units += units_of(some, await uow.documents.blocks(document_id, page_nos=[page.page_no for page in some]))
    return units


def _serves(entry: Drawing | None, state: IndexState, versions: Versions, *, is_offline: bool) -> bool:
    """Whether an entry need not be told anew. What the offline reader told does not serve where a model is at hand;
    what a model told of this file is not undone by the offline reader."""
    if entry is None or state.wish.force:
        return False
    wanted = state.wish.wanted
    if wanted == OFFLINE and entry.version != OFFLINE_VERSION and entry.sha256 == versions.sha256:
        return entry.error is None
    if freshness_of(entry, versions, wanted=wanted) is not Freshness.FRESH:
        return False
    return is_offline or entry.version != OFFLINE_VERSION
