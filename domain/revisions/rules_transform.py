"""How the sheet of one revision lies on the other: a scale and a shift, from words that stand on both once."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

import msgspec

from domain.documents import Box
from domain.revisions.rules_folding import fold
from domain.revisions.types import PageText, Point, seen_size, to_seen

LEAST_PAIRS = 4
NEAR_PT = 2.0
"""Two words stand at the same place when their middles are this close: exporters round to about 0.1 pt. A guess."""

SAME_SCALE = 0.003
"""Scales closer to one than this are rounding. A guess."""


class Transform(msgspec.Struct, frozen=True):
    """From points of page a to points of page b, both as seen."""

    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def point(self, point: Point) -> Point:
        return (point[0] * self.scale + self.dx, point[1] * self.scale + self.dy)

    def box(self, box: Box) -> Box:
        return (*self.point((box[0], box[1])), *self.point((box[2], box[3])))

    def back(self, box: Box) -> Box:
        """A box of page b on page a."""
        x0, y0, x1, y1 = box
        return (
            (x0 - self.dx) / self.scale,
            (y0 - self.dy) / self.scale,
            (x1 - self.dx) / self.scale,
            (y1 - self.dy) / self.scale,
        )


def register(a: PageText, b: PageText) -> Transform:
    """The transform that most of the pages' common words agree with; sizes of paper decide when there are few."""
    (width_a, height_a), (width_b, height_b) = seen_size(a.page), seen_size(b.page)
    by_size = min(width_b / max(width_a, 1.0), height_b / max(height_a, 1.0))
    guesses = [Transform(), Transform(scale=by_size if abs(by_size - 1) > SAME_SCALE else 1.0)]
    pairs = _pairs(a, b)
    if len(pairs) < LEAST_PAIRS:
        return guesses[1]
    scale = _scale(pairs)
    guesses += [_shifted(pairs, scale), _shifted(pairs, 1.0)]
    return max(guesses, key=lambda guess: (_agreeing(guess, pairs), -guesses.index(guess)))


def _pairs(a: PageText, b: PageText) -> list[tuple[Point, Point]]:
    """The middles of words of two letters or more that each page has exactly once."""
    found_a, found_b = _singles(a), _singles(b)
    return [(found_a[text], found_b[text]) for text in found_a if text in found_b]


def _singles(text: PageText) -> dict[str, Point]:
    folded = [fold(word.text) for word in text.words]
    counts = Counter(folded)
    return {
        word: _middle(to_seen(text.page, text.words[place].box))
        for place, word in enumerate(folded)
        if counts[word] == 1 and len(word) > 1
    }


def _middle(box: Box) -> Point:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def _scale(pairs: Sequence[tuple[Point, Point]]) -> float:
    """The median ratio of distances between far pairs."""
    ordered = sorted(pairs, key=lambda pair: pair[0][0] + pair[0][1])
    half = len(ordered) // 2
    ratios = []
    for (a0, b0), (a1, b1) in zip(ordered, ordered[half:], strict=False):
        distance = abs(a1[0] - a0[0]) + abs(a1[1] - a0[1])
        if distance > 1:
            ratios.append((abs(b1[0] - b0[0]) + abs(b1[1] - b0[1])) / distance)
    scale = median(ratios) if ratios else 1.0
    return scale if abs(scale - 1) > SAME_SCALE and 0.2 < scale < 5 else 1.0


def _shifted(pairs: Sequence[tuple[Point, Point]], scale: float) -> Transform:
    """The shift that most pairs share, to 2 pt."""
    shifts = [(b[0] - a[0] * scale, b[1] - a[1] * scale) for a, b in pairs]
    cells = Counter((round(dx / NEAR_PT), round(dy / NEAR_PT)) for dx, dy in shifts)
    (column, row), _ = cells.most_common(1)[0]
    near = [s for s in shifts if abs(s[0] / NEAR_PT - column) <= 1 and abs(s[1] / NEAR_PT - row) <= 1]
    return Transform(scale=scale, dx=median(s[0] for s in near), dy=median(s[1] for s in near))


def _agreeing(guess: Transform, pairs: Sequence[tuple[Point, Point]]) -> int:
    count = 0
    for a, b in pairs:
        x, y = guess.point(a)
        count += abs(x - b[0]) <= NEAR_PT and abs(y - b[1]) <= NEAR_PT
    return count
