"""Words left without a partner, gathered to spans and paired: what stood here before, what stands here after."""

from collections.abc import Mapping, Sequence

import msgspec

from domain.documents import Box, union
from domain.revisions.rules_folding import squeeze
from domain.revisions.rules_matching import Placed

PROSE_WORDS = 5.0
"""Words per line from which a block is prose: a change there may go on over the end of a line. A guess."""

SAME_LINES = 3.0
"""A text that goes on over a line's end is two lines lower at most, in heights. A guess."""

REACH_HEIGHTS = 1.5
"""How far from its old place a changed text may stand, in its heights. A guess."""


class Span(msgspec.Struct, frozen=True):
    """Neighbouring words of one line (of one block, in prose); `before` and `after` are its neighbours in the block."""

    words: tuple[Placed, ...]
    before: Placed | None
    after: Placed | None

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def key(self) -> str:
        return squeeze("".join(word.text for word in self.words))

    @property
    def box(self) -> Box:
        return union([word.box for word in self.words])

    @property
    def block_no(self) -> int:
        return self.words[0].block_no

    @property
    def height(self) -> float:
        return max(word.height for word in self.words)


def spans_of(words: Sequence[Placed], matched: set[int] | Mapping[int, int], tables: frozenset[int]) -> list[Span]:
    """The spans of the words whose places are not among `matched`."""
    prose = _prose_blocks(words) - tables
    spans: list[Span] = []
    run: list[Placed] = []
    for place, word in enumerate(words):
        if word.place in matched:
            continue
        if run and not _goes_on(run[-1], word, prose, tables):
            spans.append(span_of(run, words))
            run = []
        run.append(words[place])
    if run:
        spans.append(span_of(run, words))
    return spans


def pair_spans(
    spans_a: Sequence[Span], spans_b: Sequence[Span], matched: Mapping[int, int]
) -> tuple[list[tuple[Span, Span]], list[Span], list[Span]]:
    """Pairs that say the same thing differently, then what is left of a and of b."""
    pairs: list[tuple[Span, Span]] = []
    rest_a, rest_b = list(spans_a), list(spans_b)
    candidates = sorted(
        (_distance(a, b, matched), place_a, place_b)
        for place_a, a in enumerate(rest_a)
        for place_b, b in enumerate(rest_b)
        if _may_pair(a, b, matched)
    )
    used_a: set[int] = set()
    used_b: set[int] = set()
    for _, place_a, place_b in candidates:
        if place_a not in used_a and place_b not in used_b:
            used_a.add(place_a)
            used_b.add(place_b)
            pairs.append((rest_a[place_a], rest_b[place_b]))
    return (
        pairs,
        [span for place, span in enumerate(rest_a) if place not in used_a],
        [span for place, span in enumerate(rest_b) if place not in used_b],
    )


def pair_moved(spans_a: Sequence[Span], spans_b: Sequence[Span]) -> list[tuple[Span, Span]]:
    """Spans of the same text that stand elsewhere; each once, the nearest first."""
    by_key: dict[str, list[Span]] = {}
    for span in spans_b:
        by_key.setdefault(span.key, []).append(span)
    found: list[tuple[Span, Span]] = []
    for span in spans_a:
        others = by_key.get(span.key)
        if others and len(span.key) > 1:
            nearest = min(others, key=lambda other: _apart(span.box, other.box))
            others.remove(nearest)
            found.append((span, nearest))
    return found


def _prose_blocks(words: Sequence[Placed]) -> set[int]:
    lines: dict[int, set[int]] = {}
    counts: dict[int, int] = {}
    for word in words:
        lines.setdefault(word.block_no, set()).add(word.line_no)
        counts[word.block_no] = counts.get(word.block_no, 0) + 1
    return {block for block, count in counts.items() if count >= PROSE_WORDS * len(lines[block])}


def _goes_on(last: Placed, word: Placed, prose: set[int], tables: frozenset[int]) -> bool:
    if word.place != last.place + 1 or word.block_no != last.block_no:
        return False
    if word.line_no != last.line_no:
        return word.block_no in prose
    one, other = last.box, word.box
    gap = max(other[0] - one[2], one[0] - other[2], other[1] - one[3], one[1] - other[3])
    return gap <= (1.0 if word.block_no in tables else REACH_HEIGHTS) * last.height


def span_of(run: Sequence[Placed], words: Sequence[Placed]) -> Span:
    first, last = run[0], run[-1]
    before = words[first.place - 1] if first.place > 0 else None
    after = words[last.place + 1] if last.place + 1 < len(words) else None
    return Span(
        tuple(run),
        before if before and before.block_no == first.block_no else None,
        after if after and after.block_no == last.block_no else None,
    )


def _may_pair(a: Span, b: Span, matched: Mapping[int, int]) -> bool:
    return _is_anchored(a, b, matched) or _is_over(a, b)


def is_between(a: Span, b: Span, matched: Mapping[int, int]) -> bool:
    """Whether the same words stand before both and after both."""
    return _follows(a, b, matched) and _precedes(a, b, matched)


def _is_anchored(a: Span, b: Span, matched: Mapping[int, int]) -> bool:
    """Whether the same words stand around both, or on one side while the other side is the end of the block."""
    before, after = _follows(a, b, matched), _precedes(a, b, matched)
    if before and after:
        return True
    return (before and a.after is None and b.after is None) or (after and a.before is None and b.before is None)


def _follows(a: Span, b: Span, matched: Mapping[int, int]) -> bool:
    return (
        a.before is not None
        and b.before is not None
        and matched.get(a.before.place) == b.before.place
        and _lies_alike((a.before, a.words[0]), (b.before, b.words[0]))
    )


def _precedes(a: Span, b: Span, matched: Mapping[int, int]) -> bool:
    return (
        a.after is not None
        and b.after is not None
        and matched.get(a.after.place) == b.after.place
        and _lies_alike((a.after, a.words[-1]), (b.after, b.words[-1]))
    )


def _lies_alike(one: tuple[Placed, Placed], other: tuple[Placed, Placed]) -> bool:
    """Whether the second words lie as far below the first, but for some lines: cells are neighbours by order only."""
    below, other_below = one[1].y - one[0].y, other[1].y - other[0].y
    return abs(below - other_below) <= SAME_LINES * one[1].height


def _is_over(a: Span, b: Span) -> bool:
    """Whether their boxes, grown by a height, share a place."""
    reach = REACH_HEIGHTS * min(a.height, b.height)
    one, other = a.box, b.box
    across = min(one[2], other[2]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[1], other[1])
    return across > -reach / 2 and along > -reach / 2 and (across > 0 or along > 0)


def _distance(a: Span, b: Span, matched: Mapping[int, int]) -> float:
    """Smaller is likelier: words around that agree come before nearness."""
    return _apart(a.box, b.box) * (0.2 if _is_anchored(a, b, matched) else 1.0)


def _apart(one: Box, other: Box) -> float:
    return abs(one[0] + one[2] - other[0] - other[2]) / 2 + abs(one[1] + one[3] - other[1] - other[3]) / 2
