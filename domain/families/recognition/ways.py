"""How a page may be read: by a model that takes pictures, or by Tesseract, as configured and installed."""

from domain.families.recognition.seeing import can_see
from domain.families.recognition.types import RecognitionJob
from domain.recognition import AUTO, MODEL, TESSERACT
from domain.stage import StageContext


async def ways_of(ctx: StageContext, state: RecognitionJob) -> tuple[str, ...]:
    """The first choice first; empty when nothing can."""
    by = ctx.recogniser.choice.by
    ways: list[str] = []
    if by in (AUTO, MODEL) and not state.model_gave_up and can_see(ctx):
        ways.append(MODEL)
    if by in (AUTO, MODEL, TESSERACT) and await ctx.recogniser.is_installed():
        ways.append(TESSERACT)
    return tuple(ways)
