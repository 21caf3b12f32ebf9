"""Stage `compare`: one pair of pages at a time, each with its checkpoint."""

import msgspec

from domain.documents import Document
from domain.families.comparison.types import ComparisonState
from domain.revisions.differing import compare_pages
from domain.revisions.types import PageDifference
from domain.stage import Next, StageContext


async def compare(ctx: StageContext, state: ComparisonState) -> Next:
    if len(state.done) >= len(state.pairs):
        return Next(state=state)
    pair = state.pairs[len(state.done)]
    async with ctx.uow() as uow:
        earlier: Document = await uow.documents.get(state.wanted.a, user_id=ctx.job.user_id)
        later: Document = await uow.documents.get(state.wanted.b, user_id=ctx.job.user_id)
    difference = await compare_pages(ctx, earlier, later, pair)
    digest = await ctx.blobs.put(msgspec.json.encode(difference), "application/json")
    done = (*state.done, digest)
    overlays = (*state.overlays, difference.overlay) if difference.overlay else state.overlays
    await ctx.progress(
        len(done) / len(state.pairs),
        f"Сравнено листов: {len(done)} из {len(state.pairs)}",
        f"Sheets compared: {len(done)} of {len(state.pairs)}",
    )
    return Next(
        state=msgspec.structs.replace(state, done=done, overlays=overlays),
        goto="compare" if len(done) < len(state.pairs) else None,
    )


def read_difference(data: bytes) -> PageDifference:
    """The inverse of what the stage stores."""
    return msgspec.json.decode(data, type=PageDifference)
