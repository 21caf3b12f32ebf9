"""What the weight of vectors should be: picked on one half of the questions, told of the other half. Pure."""

import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from benchmarks.search_quality import DEPTHS, cells_of
from benchmarks.vector_questions import Found
from storage.vectors.fusing import WEIGHTS, Weights

GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 3.0)
HALVES = 50
SEED = 20
CELLS = [f"recall@{depth}" for depth in DEPTHS] + ["mrr"]
"""What a weight is judged by; their mean over sets and scopes, each counting as one."""

Group = tuple[str, str]
"""A set in a scope."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One weight over all questions: the mean of all cells against text alone, and the cell that loses most, in
    questions."""

    weight: float
    gain: float
    worst: float
    worst_cell: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Over `HALVES` ways to halve the questions: how often each weight was picked on one half; of the other halves the
    mean gain of what was picked and of the default, and the most that a cell ever loses by them, in questions."""

    picked: Mapping[float, int]
    gain: float
    default_gain: float
    worst: float
    default_worst: float


class Sweep:
    """`weights_of` makes the product's weights of a number of the grid; `default` is the product's."""

    def __init__(self, found: Sequence[Found], weights_of: Callable[[float], Weights], default: float) -> None:
        self.default = default
        self._groups: dict[Group, list[tuple[dict[str, float], dict[float, dict[str, float]]]]] = defaultdict(list)
        for one in found:
            text = cells_of([(one.asked, one.by_words())]).sums
            both = {
                weight: cells_of([(one.asked, one.by_both(weights_of(weight)))]).sums for weight in {*GRID, default}
            }
            self._groups[one.name, one.scope].append((text, both))

    def every(self) -> list[Weighed]:
        return [self._weighed(weight, self._all()) for weight in GRID]

    def judged(self) -> Judged:
        drawn = random.Random(SEED)
        picked: Counter[float] = Counter()
        ours: list[Weighed] = []
        defaults: list[Weighed] = []
        for _ in range(HALVES):
            first, second = self._halves(drawn)
            best = max(GRID, key=lambda weight: (self._weighed(weight, first).gain, -weight))
            picked[best] += 1
            ours.append(self._weighed(best, second))
            defaults.append(self._weighed(self.default, second))
        return Judged(
            picked=dict(sorted(picked.items())),
            gain=statistics.mean(one.gain for one in ours),
            default_gain=statistics.mean(one.gain for one in defaults),
            worst=max(one.worst for one in ours),
            default_worst=max(one.worst for one in defaults),
        )

    def _all(self) -> dict[Group, list[int]]:
        return {group: list(range(len(rows))) for group, rows in self._groups.items()}

    def _halves(self, drawn: random.Random) -> tuple[dict[Group, list[int]], dict[Group, list[int]]]:
        """A question is in the same half in every scope."""
        first: dict[Group, list[int]] = {}
        second: dict[Group, list[int]] = {}
        orders: dict[str, list[int]] = {}
        for group, rows in self._groups.items():
            order = orders.setdefault(group[0], drawn.sample(range(len(rows)), len(rows)))
            first[group], second[group] = order[: len(order) // 2], order[len(order) // 2 :]
        return first, second

    def _weighed(self, weight: float, chosen: Mapping[Group, Iterable[int]]) -> Weighed:
        gains: list[float] = []
        worst, worst_cell = 0.0, "–"
        for group, numbers in chosen.items():
            rows = [self._groups[group][number] for number in numbers]
            for cell in CELLS:
                lost = sum(text[cell] - both[weight][cell] for text, both in rows)
                gains.append(-lost / len(rows))
                if lost > worst + 1e-9:
                    worst, worst_cell = lost, f"{' '.join(group)} {cell}"
        return Weighed(weight=weight, gain=statistics.mean(gains), worst=worst, worst_cell=worst_cell)


def in_one_language(weight: float) -> Weights:
    return Weights(same=weight, across=WEIGHTS.across)


def across_languages(weight: float) -> Weights:
    return Weights(same=WEIGHTS.same, across=weight)
