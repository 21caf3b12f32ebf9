"""Whether the dimensions on a sheet agree with its stated scale: numbers over a line that is as long as they say. Pure.

Only level and upright dimension lines, only whole millimetres: enough to tell a sheet that was printed to another size.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec

from domain.documents import Box, Page, Word
from domain.revisions.types import Stroke, to_seen

_NUMBER = re.compile(r"\d{2,5}")
MAX_TEXTS = 300
NEAR_HEIGHTS = 2.2
"""How far below its number a dimension line may run, in heights of the number. A guess."""

TOLERANCE = 0.02
LEVEL_PT = 0.3
LEAST_PT = 8.0
REACH_PT = 1.5
"""Between the end of a dimension line and the stroke that bounds it. A guess."""


class Agreement(msgspec.Struct, frozen=True):
    """Of `tried` numbers over lines, `agreeing` are as long as the scale says."""

    agreeing: int
    tried: int


def check_scale(page: Page, words: Sequence[Word], strokes: Sequence[Stroke], ratio: float) -> Agreement:
    texts = [(word.text, to_seen(page, word.box)) for word in words if _NUMBER.fullmatch(word.text)][:MAX_TEXTS]
    level = _Lines([stroke for stroke in strokes if not stroke.curve], is_upright=False)
    upright = _Lines([stroke for stroke in strokes if not stroke.curve], is_upright=True)
    tried = agreeing = 0
    for text, box in texts:
        is_level = box[2] - box[0] >= box[3] - box[1]
        own, across = (level, upright) if is_level else (upright, level)
        spans = own.spans_near(box if is_level else (box[1], box[0], box[3], box[2]), across)
        if spans:
            wanted = int(text) / ratio / 25.4 * 72
            tried += 1
            agreeing += any(abs(span - wanted) <= TOLERANCE * wanted for span in spans)
    return Agreement(agreeing, tried)


class _Lines:
    """Straight lines of one direction, sorted across it, as (across, from, to)."""

    def __init__(self, strokes: Sequence[Stroke], *, is_upright: bool) -> None:
        lines: list[tuple[float, float, float]] = []
        for stroke in strokes:
            a, b = ((stroke.x0, stroke.y0), (stroke.x1, stroke.y1))
            along, across = (1, 0) if is_upright else (0, 1)
            if abs(a[across] - b[across]) <= LEVEL_PT and abs(a[along] - b[along]) > LEVEL_PT:
                lines.append((a[across], min(a[along], b[along]), max(a[along], b[along])))
        self.lines = sorted(lines)
        self.places = [line[0] for line in self.lines]

    def between(self, low: float, high: float) -> list[tuple[float, float, float]]:
        return self.lines[bisect_left(self.places, low) : bisect_right(self.places, high)]

    def spans_near(self, box: Box, others: "_Lines") -> list[float]:
        """Lengths of the lines that run by a text, whole and between the strokes that cross them beside it. `box` is
        along and across the lines."""
        height = box[3] - box[1]
        middle = (box[0] + box[2]) / 2
        spans: list[float] = []
        for across, start, end in self.between(box[1] - NEAR_HEIGHTS * height, box[3] + NEAR_HEIGHTS * height):
            if not start <= middle <= end or end - start < LEAST_PT:
                continue
            spans.append(end - start)
            crossing = [
                at
                for at, low, high in others.between(start - REACH_PT, end + REACH_PT)
                if low - REACH_PT <= across <= high + REACH_PT
            ]
            before = [at for at in crossing if at < middle]
            behind = [at for at in crossing if at > middle]
            spans += [b - a for a in before[-3:] for b in behind[:3]]
        return spans
