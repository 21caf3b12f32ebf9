"""Which of the contours around a label is the thing's own, and which of the lines. Pure.

Refused rather than guessed: a contour that holds another label of the kind is open somewhere, two that differ without a
reason are both told.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from domain.counting.traces import Point, Trace
from domain.documents import Box, Page, Word
from domain.grounding.rules_text import fold_word
from domain.grounding.rules_values import shape_of
from domain.revisions.types import to_seen
from domain.rules_seen import overlap

FURNITURE = 0.8
"""A contour of so much of the next larger one: what is between is furniture along the walls. A guess."""

CONFIRMED = 0.03
"""A measured area that differs from the stated one by less is the same. A guess."""

POINTED = 0.6
"""Of both boxes together: a contour that fills so much of what was drawn around it is what is meant. A guess."""

SPECK = 0.05
"""Of the contour's box: what is pointed at and smaller is a place in it, larger and no contour is something else. A
guess."""

MAX_NAMES = 6
LEAST_NAME = 4
"""Letters of a word that may be a room's name. A guess."""


class TraceRefusal(StrEnum):
    NO_STROKES = "no_strokes"
    OPEN = "open"
    SEVERAL = "several"
    UNFINISHED = "unfinished"
    NO_LINE = "no_line"
    THIN = "thin"


class ChosenTrace(msgspec.Struct, frozen=True, kw_only=True):
    """The trace, or why there is none with what is told of it: names of other labels, or the traces that differ."""

    trace: Trace | None = None
    refusal: TraceRefusal | None = None
    names: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the drawing: `at` is its middle, in points of the page as seen."""

    text: str
    at: Point


def labels_on(page: Page, words: Sequence[Word]) -> list[Label]:
    found: list[Label] = []
    for word in words:
        x0, y0, x1, y1 = to_seen(page, word.box)
        found.append(Label(text=word.text.strip(".,:;()[]"), at=((x0 + x1) / 2, (y0 + y1) / 2)))
    return found


def choose_contour(
    traces: Sequence[Trace],
    place: Box,
    label: str,
    labels: Sequence[Label],
    stated_pt2: float | None,
    *,
    is_pointed: bool,
    own_words: Collection[str] = (),
) -> ChosenTrace:
    """`traces` smallest first; `stated_pt2` is the stated area on paper, if the sheet states one. `own_words` are those
    of the label's own text."""
    if not traces:
        return ChosenTrace(refusal=TraceRefusal.OPEN)
    if is_pointed:
        meant = [trace for trace in traces if overlap(trace.box, place) >= POINTED]
        if meant:
            return _smallest(meant, labels)
        if not any(_size(place) <= SPECK * _size(trace.box) for trace in traces):
            return ChosenTrace(refusal=TraceRefusal.NO_LINE)
    if stated_pt2:
        same = [trace for trace in traces if abs(trace.area_pt2 - stated_pt2) <= CONFIRMED * stated_pt2]
        if same:
            return ChosenTrace(trace=min(same, key=lambda trace: abs(trace.area_pt2 - stated_pt2)))
    own = [trace for trace in traces if not _others_of_kind(trace, label, labels, place)]
    if not own:
        names = tuple(dict.fromkeys(_others_of_kind(traces[0], label, labels, place)))[:MAX_NAMES]
        return ChosenTrace(refusal=TraceRefusal.OPEN, names=names)
    return _sure(_smallest(own, labels), label, own_words, labels)


def _sure(chosen: ChosenTrace, label: str, own_words: Collection[str], labels: Sequence[Label]) -> ChosenTrace:
    """The choice, unless much speaks against it: several further names inside, or thin lines along much of it."""
    if chosen.trace is None:
        return chosen
    names = names_inside(chosen.trace, label, own_words, labels)
    if len(names) > MAX_FURTHER:
        return ChosenTrace(refusal=TraceRefusal.OPEN, names=tuple(names[:MAX_NAMES]))
    if chosen.trace.thin_share > MAX_THIN:
        return ChosenTrace(refusal=TraceRefusal.THIN, traces=(chosen.trace,))
    return chosen


MAX_FURTHER = 3
"""Names inside a contour that may be remarks. A guess."""

MAX_THIN = 0.3
"""Windows and thresholds are thinner than walls; more of it is a hatch or an axis. A guess."""


def names_inside(trace: Trace, label: str, own_words: Collection[str], labels: Sequence[Label]) -> list[str]:
    """Words inside that may be names of other rooms."""
    own = {fold_word(word) for word in (*label.split(), *own_words)}
    inside = [each.text for each in labels if _is_name(each.text) and is_inside(trace.points, each.at)]
    return [name for name in dict.fromkeys(inside) if not any(fold_word(name)[:4] == word[:4] for word in own)]


def is_inside(points: Sequence[Point], at: Point) -> bool:
    """By the even-odd rule."""
    x, y = at
    odd = False
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            odd = not odd
    return odd


def _size(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _smallest(own: Sequence[Trace], labels: Sequence[Label]) -> ChosenTrace:
    """The smallest, or the next where only furniture is between; several where something else is."""
    place = 0
    while place + 1 < len(own) and own[place].area_pt2 >= FURNITURE * own[place + 1].area_pt2:
        place += 1
    chosen = own[place]
    larger = [trace for trace in own[place + 1 :] if not _has_further_names(trace, chosen, labels)]
    if larger:
        return ChosenTrace(refusal=TraceRefusal.SEVERAL, traces=(chosen, *larger))
    return ChosenTrace(trace=chosen)


def _has_further_names(larger: Trace, smaller: Trace, labels: Sequence[Label]) -> bool:
    """Whether the larger contour holds names that the smaller one does not: it is one around several rooms."""
    return any(
        _is_name(label.text) and is_inside(larger.points, label.at) and not is_inside(smaller.points, label.at)
        for label in labels
    )


def _others_of_kind(trace: Trace, label: str, labels: Sequence[Label], place: Box) -> list[str]:
    """Labels in the contour that are made like the asked one: another room's number."""
    shape = shape_of(fold_word(label)) if any(letter.isdigit() for letter in label) else None
    if shape is None:
        return []
    return [
        each.text
        for each in labels
        if shape_of(fold_word(each.text)) == shape
        and _is_as_long(each.text, label)
        and fold_word(each.text) != fold_word(label)
        and not (place[0] <= each.at[0] <= place[2] and place[1] <= each.at[1] <= place[3])
        and is_inside(trace.points, each.at)
    ]


def _is_as_long(text: str, label: str) -> bool:
    """Room numbers have as many digits, more or less; dimensions have more."""
    return abs(len(text) - len(label)) <= (1 if label.isdigit() and len(label) < 3 else 0)


def _is_name(text: str) -> bool:
    return text.isalpha() and len(text) >= LEAST_NAME
