"""Stage `crop`: pictures of what the user points at and, for a model that sees, of what was chosen or found.

A question about text costs nothing here: the model may still ask for a closer look.
"""

import msgspec

from domain.documents import BlockKind, sheet_label
from domain.families.analysis.changes import wishes_of
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.rules_wanted import wanted_in
from domain.families.analysis.rules_wishes import drawable, found_wishes, new_ones
from domain.families.analysis.search import pointed_at
from domain.families.analysis.shooting import shoot, side_of
from domain.families.analysis.sources import load_sources
from domain.families.analysis.types import AnalysisState, Wish
from domain.stage import Next, StageContext

MAX_POINTED = 6
"""Places of one message that are drawn; further ones are still searched. A guess."""

MAX_CHANGED = 4
"""Places of changes between two revisions that only a picture tells. A guess."""


async def crop(ctx: StageContext, state: AnalysisState) -> Next:
    seeing = ctx.capabilities(answering_role(state))
    goto = None if wanted_in(state) else "extract"
    wishes = await _pointed(ctx, state)
    if seeing.images:
        wishes += wishes_of(state.differences, MAX_CHANGED)
        wishes += state.wishes or await _found(ctx, state)
    wishes = new_ones(drawable(wishes, state.documents), ())
    if not wishes:
        return Next(state=msgspec.structs.replace(state, wishes=()), goto=goto)
    side_px = side_of(seeing, state.settings.media_resolution)
    return Next(state=await shoot(ctx, state, wishes, side_px), goto=goto)


async def _pointed(ctx: StageContext, state: AnalysisState) -> list[Wish]:
    """Regions and pasted pictures, of documents that can be read."""
    names = {document.id: document.name for document in state.documents}
    regions = [region for region in pointed_at(state.question) if region.document_id in names][:MAX_POINTED]
    if not regions:
        return []
    async with ctx.uow() as uow:
        pages = await uow.documents.pages_on((region.document_id, region.page_no) for region in regions)
    return [
        Wish(
            document_id=region.document_id,
            document_name=names[region.document_id],
            page_no=region.page_no,
            sheet=sheet_label(pages[region.document_id, region.page_no], state.language),
            box=region.box,
            by="user",
        )
        for region in regions
        if (region.document_id, region.page_no) in pages
    ]


async def _found(ctx: StageContext, state: AnalysisState) -> list[Wish]:
    is_visual = state.intent.requires_visual_detail
    drawn = [m for m in state.materials if m.kind is BlockKind.IMAGE or (is_visual and m.kind is BlockKind.TABLE)]
    is_needed = any(is_visual or m.score > 0 for m in drawn) or len(drawn) == len(state.materials)
    if not drawn or not is_needed:
        return []
    async with ctx.uow() as uow:
        sources = await load_sources(uow, drawn)
    return found_wishes(sources.values(), is_visual=is_visual)
