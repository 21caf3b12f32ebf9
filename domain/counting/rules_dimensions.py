"""Dimensions of a sheet: numbers over a line. They tell whether the stated scale is right, what it is where none is
stated, and the stated length of a line, which goes before a measured one. Pure.

Only level and upright dimension lines; whole millimetres, or feet and inches.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from statistics import median

import msgspec

from domain.documents import Box, Page, Word, lines_of, union
from domain.revisions.types import Stroke, to_seen

_NUMBER = re.compile(r"\d{2,5}")
_FEET = re.compile(
    r"(?<![\d=/.])(?P<feet>\d{1,3})\s?['’′]\s?-?\s?"
    r"(?:(?P<inches>\d{1,2}(?:\.\d+)?)?(?:\s?(?<=[\d\s-])(?P<part>\d{1,2}/\d{1,2}))?\s?[\"”″])?"
)
MAX_TEXTS = 300
NEAR_HEIGHTS = 2.2
"""How far below its number a dimension line may run, in heights of the number. A guess."""

TOLERANCE = 0.02
LEVEL_PT = 0.3
LEAST_PT = 8.0
REACH_PT = 1.5
"""Between the end of a dimension line and the stroke that bounds it. A guess."""

MM_PER_PT = 25.4 / 72
LEAST_CALIBRATING = 3
CALIBRATED_SHARE = 0.6
"""Of the dimensions that must agree on one scale. A guess."""

LEAD = 2
"""Dimensions by which the likeliest scale leads the next. A guess."""

SAME_RATIO = 0.01
ROUND_RATIOS = (1, 2, 2.5, 4, 5, 10, 15, 20, 25, 40, 50, 75, 100, 200, 250, 400, 500, 800, 1000, 2000, 2500, 5000)
"""GOST 2.302 and 21.101, ISO 5455."""

ROUND_SHARE = 0.006
ENDS_PT = 2.0
"""Between the ends of a line and those of its dimension. A guess."""


class Agreement(msgspec.Struct, frozen=True):
    """Of `tried` numbers over lines, `agreeing` are as long as the scale says."""

    agreeing: int
    tried: int


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """`mm` as it says, `text` as it stands; `spans` are where its line may begin and end, along its direction, in
    points of the page as seen; `box` is around the number there."""

    mm: float
    text: str
    box: Box
    is_level: bool
    spans: tuple[tuple[float, float], ...]

    def agrees_with(self, ratio: float, tolerance: float = TOLERANCE) -> bool:
        wanted = self.mm / ratio / MM_PER_PT
        return any(abs(end - start - wanted) <= tolerance * wanted for start, end in self.spans)


def dimensions_on(page: Page, words: Sequence[Word], strokes: Sequence[Stroke]) -> list[Dimension]:
    texts = figures_in(words)[:MAX_TEXTS]
    if not texts:
        return []
    straight = [stroke for stroke in strokes if not stroke.curve]
    level, upright = _Lines(straight, is_upright=False), _Lines(straight, is_upright=True)
    found: list[Dimension] = []
    for mm, text, place in texts:
        box = to_seen(page, place)
        is_level = box[2] - box[0] >= box[3] - box[1]
        own, across = (level, upright) if is_level else (upright, level)
        spans = own.spans_near(box if is_level else (box[1], box[0], box[3], box[2]), across)
        if spans:
            found.append(Dimension(mm=mm, text=text, box=box, is_level=is_level, spans=tuple(spans)))
    return found


def agreement_of(dimensions: Sequence[Dimension], ratio: float, others: Sequence[float] = ()) -> Agreement:
    """`others` are scales of further views: a dimension that is right by theirs says nothing against this one."""
    agreeing = sum(dimension.agrees_with(ratio) for dimension in dimensions)
    strange = [one for one in dimensions if not one.agrees_with(ratio)]
    tried = agreeing + sum(not any(one.agrees_with(other) for other in others) for one in strange)
    return Agreement(agreeing, tried)


def calibrated(dimensions: Sequence[Dimension]) -> float | None:
    """The scale that most dimensions agree on; null where too few do, or two scales are about as likely."""
    told = {dimension.text for dimension in dimensions}
    if len(dimensions) < LEAST_CALIBRATING or len(told) < 2:
        return None
    places = sorted(
        (dimension.mm / ((end - start) * MM_PER_PT), number)
        for number, dimension in enumerate(dimensions)
        for start, end in dimension.spans
    )
    ratios = [ratio for ratio, _ in places]
    votes = sorted(_votes(places), reverse=True)
    best, ratio = votes[0]
    rival = max((count for count, other in votes if abs(other - ratio) > 3 * SAME_RATIO * ratio), default=0)
    if best < max(LEAST_CALIBRATING, CALIBRATED_SHARE * len(dimensions)) or best - rival < LEAD:
        return None
    exact = median(other for other in ratios if abs(other - ratio) <= SAME_RATIO * ratio)
    return next((known for known in ROUND_RATIOS if abs(exact - known) <= ROUND_SHARE * known), exact)


def stated_length(
    dimensions: Sequence[Dimension], start: tuple[float, float], end: tuple[float, float]
) -> Dimension | None:
    """The dimension that states the length of a level or upright line with these ends (points as seen); null without
    one, or where two differ."""
    across, down = abs(end[0] - start[0]), abs(end[1] - start[1])
    if min(across, down) > LEVEL_PT * 4:
        return None
    place = 0 if across > down else 1
    low, high = sorted((start[place], end[place]))
    told = {
        dimension.mm: dimension
        for dimension in dimensions
        if dimension.is_level == (place == 0)
        and any(abs(a - low) <= ENDS_PT and abs(b - high) <= ENDS_PT for a, b in dimension.spans)
    }
    return next(iter(told.values())) if len(told) == 1 else None


def figures_in(words: Sequence[Word]) -> list[tuple[float, str, Box]]:
    """Dimension figures with what they say in millimetres: 3600, 12'-6", 6' - 7 5/8". The latter are several words.
    A level of 0'-0" and a number 00 are none."""
    found: list[tuple[float, str, Box]] = []
    for line in lines_of(words):
        text = " ".join(word.text for word in line)
        if "'" not in text and "’" not in text and "′" not in text:
            found += [(float(word.text), word.text, word.box) for word in line if _NUMBER.fullmatch(word.text)]
            continue
        starts = list(accumulate((len(word.text) + 1 for word in line), initial=0))
        for place in _FEET.finditer(text):
            own = line[bisect_left(starts, place.start()) : bisect_left(starts, place.end())]
            if own:
                found.append((_feet_mm(place), place.group().strip(), union([word.box for word in own])))
    return [figure for figure in found if figure[0] > 0]


def _feet_mm(place: re.Match[str]) -> float:
    inches = float(place["inches"] or 0)
    if place["part"]:
        upper, lower = place["part"].split("/")
        inches += int(upper) / max(int(lower), 1)
    return (int(place["feet"]) * 12 + inches) * 25.4


def _votes(places: Sequence[tuple[float, int]]) -> list[tuple[int, float]]:
    """For each ratio, how many dimensions agree on it. `places` are ratios in order with the numbers of their
    dimensions."""
    counts: Counter[int] = Counter()
    votes: list[tuple[int, float]] = []
    low = high = 0
    for ratio, _ in places:
        while high < len(places) and places[high][0] <= ratio / (1 - SAME_RATIO):
            counts[places[high][1]] += 1
            high += 1
        while places[low][0] < ratio / (1 + SAME_RATIO):
            number = places[low][1]
            counts[number] -= 1
            if not counts[number]:
                del counts[number]
            low += 1
        votes.append((len(counts), ratio))
    return votes


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

    def spans_near(self, box: Box, others: "_Lines") -> list[tuple[float, float]]:
        """The lines that run by a text, whole and between the strokes that cross them beside it. `box` is along and
        across the lines."""
        height = box[3] - box[1]
        middle = (box[0] + box[2]) / 2
        spans: list[tuple[float, float]] = []
        for across, start, end in self.between(box[1] - NEAR_HEIGHTS * height, box[3] + NEAR_HEIGHTS * height):
            if not start <= middle <= end or end - start < LEAST_PT:
                continue
            spans.append((start, end))
            crossing = [
                at
                for at, low, high in others.between(start - REACH_PT, end + REACH_PT)
                if low - REACH_PT <= across <= high + REACH_PT
            ]
            before = [at for at in crossing if at < middle]
            behind = [at for at in crossing if at > middle]
            spans += [(a, b) for a in before[-3:] for b in behind[:3] if b - a >= LEAST_PT]
        return list(dict.fromkeys(spans))
