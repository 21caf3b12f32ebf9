"""Which word of page b is which word of page a: first by place, then by the run of text it stands in."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from domain.documents import Box
from domain.revisions.rules_folding import fold
from domain.revisions.rules_transform import Transform
from domain.revisions.types import PageText, to_seen

SAME_PLACE_HEIGHTS = 0.6
SAME_PLACE_PT = 2.0
"""A word stands where it stood when its middle moved less than this share of its height, or than 2 pt. Guesses."""

RUN_WORDS = 3
"""So many equal words in a row are the same text, wherever they stand. A guess."""

NEAR_HEIGHTS = 3.0
NEAR_WIDTH_HEIGHTS = 15.0
"""A single word that flowed on (a longer word was put before it) is looked for this far, in heights. Guesses."""

FIELD_PT = 20.0
"""Words are looked up in squares of this size: it costs time only."""

PAIRS_LIMIT = 4_000_000
"""Comparing sequences costs their product in the worst case; larger ones are compared by words that are unique."""


class Placed(msgspec.Struct, frozen=True):
    """A word ready to compare: `box` in points of page b as seen, for words of either page."""

    place: int
    text: str
    key: str
    box: Box
    block_no: int
    line_no: int

    @property
    def x(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def y(self) -> float:
        return (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        """The shorter side: vertical words are as tall as they are wide."""
        return max(min(self.box[3] - self.box[1], self.box[2] - self.box[0]), 1.0)


def placed(text: PageText, transform: Transform | None = None) -> list[Placed]:
    """The words in reading order; those of page a go through the transform."""
    found = []
    for place, word in enumerate(text.words):
        box = to_seen(text.page, word.box)
        box = transform.box(box) if transform else box
        found.append(Placed(place, word.text, fold(word.text), box, word.block_no, word.line_no))
    return found


def match_words(a: Sequence[Placed], b: Sequence[Placed]) -> dict[int, int]:
    """Places in a to places in b of words that are the same; each word at most once."""
    matched = _match_places(a, b)
    _match_runs(a, b, matched)
    return matched


def has_moved(one: Placed, other: Placed) -> bool:
    reach = max(SAME_PLACE_PT, SAME_PLACE_HEIGHTS * one.height)
    return abs(one.x - other.x) > reach or abs(one.y - other.y) > reach


def _match_places(a: Sequence[Placed], b: Sequence[Placed]) -> dict[int, int]:
    by_key: dict[str, list[Placed]] = defaultdict(list)
    for word in b:
        by_key[word.key].append(word)
    near = [
        (abs(word.x - other.x) + abs(word.y - other.y), word.place, other.place)
        for word in a
        for other in by_key.get(word.key, ())
        if not has_moved(word, other)
    ]
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for _, place_a, place_b in sorted(near):
        if place_a not in matched and place_b not in taken:
            matched[place_a] = place_b
            taken.add(place_b)
    return matched


def _match_runs(a: Sequence[Placed], b: Sequence[Placed], matched: dict[int, int]) -> None:
    taken = set(matched.values())
    rest_a = [word for word in a if word.place not in matched]
    rest_b = [word for word in b if word.place not in taken]
    if len(rest_a) * len(rest_b) > PAIRS_LIMIT:
        rest_a, rest_b = _unique_only(rest_a, rest_b)
    counts_a, counts_b = Counter(word.key for word in rest_a), Counter(word.key for word in rest_b)
    fields_a, fields_b = _Fields(rest_a), _Fields(rest_b)
    matcher = SequenceMatcher(None, [word.key for word in rest_a], [word.key for word in rest_b], autojunk=False)
    for start_a, start_b, size in matcher.get_matching_blocks():
        run_a, run_b = rest_a[start_a : start_a + size], rest_b[start_b : start_b + size]
        if size >= RUN_WORDS:
            matched.update((one.place, other.place) for one, other in zip(run_a, run_b, strict=True))
            continue
        is_unique = any(counts_a[word.key] == counts_b[word.key] == 1 and len(word.key) > 1 for word in run_a)
        for one, other in zip(run_a, run_b, strict=True):
            before, after = fields_a.others_at(other, run_a), fields_b.others_at(one, run_b)
            if (is_unique or is_near(one, other)) and not _is_replaced(one, other, before=before, after=after):
                matched[one.place] = other.place


def _is_replaced(one: Placed, other: Placed, *, before: bool, after: bool) -> bool:
    """Whether a word changed where it stood and did not go where it stands.

    `after`: another text stands at its old place; `before`: another text stood at its new place. In its line a word
    gives way to others, and then one of the two is usual.
    """
    in_line = is_near(one, other) and abs(one.y - other.y) <= SAME_PLACE_HEIGHTS * one.height
    return (before and after) if in_line else (before or after)


class _Fields:
    """Words by the field of the page that their middle is in."""

    def __init__(self, words: Sequence[Placed]) -> None:
        self._words: dict[tuple[int, int], list[Placed]] = defaultdict(list)
        for word in words:
            self._words[int(word.x // FIELD_PT), int(word.y // FIELD_PT)].append(word)

    def others_at(self, word: Placed, but: Sequence[Placed]) -> bool:
        """Whether the middle of one of the words, not of those of `but`, lies in the box of `word`."""
        x0, y0, x1, y1 = word.box
        return any(
            x0 <= other.x <= x1 and y0 <= other.y <= y1 and other not in but
            for column in range(int(x0 // FIELD_PT), int(x1 // FIELD_PT) + 1)
            for row in range(int(y0 // FIELD_PT), int(y1 // FIELD_PT) + 1)
            for other in self._words.get((column, row), ())
        )


def _unique_only(a: Sequence[Placed], b: Sequence[Placed]) -> tuple[list[Placed], list[Placed]]:
    counts_a, counts_b = Counter(word.key for word in a), Counter(word.key for word in b)
    unique = {key for key, count in counts_a.items() if count == 1 == counts_b[key]}
    return [word for word in a if word.key in unique], [word for word in b if word.key in unique]


def is_near(one: Placed, other: Placed) -> bool:
    return abs(one.y - other.y) <= NEAR_HEIGHTS * one.height and abs(one.x - other.x) <= NEAR_WIDTH_HEIGHTS * one.height
