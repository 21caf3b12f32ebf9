"""Stage `conclude`: what came of it, by which later runs know whether there is anything to do."""

from domain.drawings import OFFLINE, OFFLINE_VERSION
from domain.families.indexing.types import IndexState
from domain.stage import Finished, StageContext


async def conclude(ctx: StageContext, state: IndexState) -> Finished:
    return Finished(
        result={
            "document_id": str(state.wish.document_id),
            "sha256": state.sha256,
            "version": OFFLINE_VERSION if state.wish.wanted == OFFLINE else state.version,
            "wanted": state.wish.wanted,
            "model": state.model,
            "drawings": state.fresh + state.planned + state.left,
            "fresh": state.fresh,
            "told": state.told,
            "failed": state.failed,
            "left": state.left,
        }
    )
