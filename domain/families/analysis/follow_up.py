"""Stage `follow_up`: the closer look that the model asked for or the gate forced; then the answer is written anew."""

from collections.abc import Sequence

import msgspec

from domain.events import EventType
from domain.families.analysis.rules_modes import answering_role
from domain.families.analysis.shooting import shoot, side_of
from domain.families.analysis.types import AnalysisState, Wish
from domain.rules_reasons import Why, reasons_of
from domain.stage import Next, StageContext


async def follow_up(ctx: StageContext, state: AnalysisState) -> Next:
    await _announce(ctx, state.wishes)
    seeing = ctx.capabilities(answering_role(state))
    looked = await shoot(ctx, state, state.wishes, side_of(seeing, state.settings.media_resolution))
    return Next(state=msgspec.structs.replace(looked, turn=state.turn + 1), goto="answer")


async def _announce(ctx: StageContext, wishes: Sequence[Wish]) -> None:
    """One event with the names of spec/aizoomdoc.md §1.2: whole blocks are requested, parts of them zoomed into."""
    by_gate = any(wish.by == "gate" for wish in wishes)
    reason_ru, reason_en = reasons_of(Why.GATE if by_gate else Why.MODEL)
    await ctx.emit(
        EventType.TOOL_CALLED,
        {
            "tool": "zoom",
            "parameters": {
                "count": len(wishes),
                "image_ids": list(dict.fromkeys(wish.block_id for wish in wishes if wish.block_id)),
            },
            "reason": "quality_gate" if by_gate else next((wish.reason for wish in wishes if wish.reason), ""),
            "reason_ru": reason_ru,
            "reason_en": reason_en,
        },
    )
