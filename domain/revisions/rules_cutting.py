"""Spans cut so that pieces of either page answer one another: what stood in a place, and what is there."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.documents import Box
from domain.revisions.rules_matching import Placed
from domain.revisions.rules_spans import Span, is_between, span_of

SAME_LINE = 0.5
"""Of the lower box's height: boxes that share this much stand in one line. A guess."""


def cut_alike(
    spans_a: Sequence[Span],
    spans_b: Sequence[Span],
    words: tuple[Sequence[Placed], Sequence[Placed]],
    matched: Mapping[int, int],
) -> tuple[list[Span], list[Span]]:
    """The spans cut where they stand over two or more of the other page: each piece is over its own.

    Spans with the same words around them on both pages stay whole: text flows there.
    """
    pairs = [(a, b) for a in spans_a for b in spans_b if _shares_place(a.box, b.box)]
    anchored = {id(span) for a, b in pairs if is_between(a, b, matched) for span in (a, b)}
    over_a: dict[int, list[Span]] = defaultdict(list)
    over_b: dict[int, list[Span]] = defaultdict(list)
    for a, b in pairs:
        over_a[id(a)].append(b)
        over_b[id(b)].append(a)
    cut_a = _cut([(span, over_a[id(span)] if id(span) not in anchored else []) for span in spans_a], words[0])
    cut_b = _cut([(span, over_b[id(span)] if id(span) not in anchored else []) for span in spans_b], words[1])
    return cut_a, cut_b


def word_by_word(one: Span, other: Span, kinds: Sequence[object]) -> list[tuple[Span, Span]]:
    """The pair cut between words of different `kinds` (one for each word) where word stands over word."""
    runs: list[list[tuple[Placed, Placed]]] = []
    last: object = None
    for kind, pair in zip(kinds, zip(one.words, other.words, strict=True), strict=True):
        if runs and kind == last:
            runs[-1].append(pair)
        else:
            runs.append([pair])
        last = kind
    if len(runs) == 1 or not all(_shares_place(a.box, b.box) for a, b in zip(one.words, other.words, strict=True)):
        return [(one, other)]
    return [(Span(tuple(a for a, _ in run), None, None), Span(tuple(b for _, b in run), None, None)) for run in runs]


def _cut(spans: Sequence[tuple[Span, Sequence[Span]]], words: Sequence[Placed]) -> list[Span]:
    found: list[Span] = []
    for span, over in spans:
        runs = _runs_over(span, over) if len(over) > 1 else [span.words]
        found += [span] if len(runs) == 1 else [span_of(run, words) for run in runs]
    return found


def _runs_over(span: Span, others: Sequence[Span]) -> list[Sequence[Placed]]:
    """Its words by the one of the others that each lies over most; a word over none goes on with the word before."""
    runs: list[list[Placed]] = []
    last: int | None = None
    for word in span.words:
        shares = [_shared_width(word.box, other.box) for other in others]
        most = max(range(len(others)), key=lambda place: shares[place])
        over = most if shares[most] > 0 else last
        if runs and (over == last or last is None):
            runs[-1].append(word)
        else:
            runs.append([word])
        last = over
    return list(runs)


def _shared_width(one: Box, other: Box) -> float:
    return min(one[2], other[2]) - max(one[0], other[0]) if _shares_place(one, other) else 0.0


def _shares_place(one: Box, other: Box) -> bool:
    """Whether they share half of the height of the lower one, and some width."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    lower = min(one[3] - one[1], other[3] - other[1])
    return shared > SAME_LINE * lower and min(one[2], other[2]) > max(one[0], other[0])
