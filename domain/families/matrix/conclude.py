"""Stage `conclude`: the whole matrix as one blob, and what it adds up to as the job's result."""

from typing import Any

import msgspec

from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.rules_notes import notes_of
from domain.families.matrix.types import MatrixState, Row
from domain.stage import Finished, StageContext


async def conclude(ctx: StageContext, state: MatrixState) -> Finished:
    rows: list[Row] = []
    for batch in state.batches:
        rows += msgspec.json.decode(await ctx.blobs.get(batch.digest), type=list[Row])
    digest = await ctx.blobs.put(msgspec.json.encode(rows), "application/json")
    return Finished(result={**summary_of(state), "rows": digest})


def summary_of(state: MatrixState) -> dict[str, Any]:
    """What a matrix says of itself, also before it is complete."""
    return {
        "requirements": str(state.wanted.requirements),
        "requirements_name": state.norm.name if state.norm else "",
        "drawings": [{"id": str(document.id), "name": document.name} for document in state.drawings],
        "language": state.wanted.language,
        "total": state.total,
        "judged": state.judged,
        "by_verdict": {verdict.value: state.by_verdict.get(verdict.value, 0) for verdict in Verdict},
        "pages_read": state.next_page,
        "pages_wanted": len(state.pages),
        "models": list(state.models),
        "offline": not state.models,
        "notes": notes_of(state),
    }
