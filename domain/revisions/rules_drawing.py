"""The changes of a page's vector drawing."""

from collections.abc import Sequence

import msgspec

from domain.documents import Box, Page
from domain.revisions.rules_clusters import box_of, clusters, is_same_shape, length_of
from domain.revisions.rules_strokes import moved_strokes, uncovered
from domain.revisions.rules_transform import Transform
from domain.revisions.types import Change, ChangeClass, ChangeKind, Layer, Severity, Stroke, from_seen, seen_size

LEAST_LENGTH_PT = 4.0
"""What is shorter in all is an exporter's doing. A guess: 1.4 mm of line."""

LARGE_SHARE = 0.01
"""Of the page's area: larger changes of the drawing are high, others medium. A guess."""

SMALL_SHIFT_PT = 3.0
"""A thing that moved by less than a millimetre is cosmetic. A guess."""


TELLING_STROKES = 4
PLAIN_REACH_PT = 60.0
"""One or two lines (an outline has each twice) have twins all over a sheet: only near ones, to 2 cm, are the same
line moved. Guesses."""


class _Thing(msgspec.Struct, frozen=True):
    """Strokes that hang together: those only page a has and those only page b has, in the space of page b."""

    a: tuple[Stroke, ...]
    b: tuple[Stroke, ...]


def compare_strokes(
    page_a: Page, strokes_a: Sequence[Stroke], page_b: Page, strokes_b: Sequence[Stroke], transform: Transform
) -> list[Change]:
    """Things added, removed, changed and moved, larger ones first."""
    moved_a = moved_strokes(strokes_a, transform)
    things = _things(uncovered(moved_a, strokes_b), uncovered(strokes_b, moved_a))
    removed = [thing for thing in things if not thing.b]
    added = [thing for thing in things if not thing.a]
    changes: list[Change] = []
    for thing in removed:
        twin = next((other for other in added if _may_be_moved(thing, other)), None)
        if twin is not None:
            added.remove(twin)
        kind = ChangeKind.MOVED if twin else ChangeKind.REMOVED
        changes.append(_change(kind, thing.a, twin.b if twin else (), page_a, page_b, transform))
    changes += [_change(ChangeKind.ADDED, (), thing.b, page_a, page_b, transform) for thing in added]
    for thing in things:
        if thing.a and thing.b:
            kind = ChangeKind.MOVED if is_same_shape(thing.a, thing.b) else ChangeKind.CHANGED
            changes.append(_change(kind, thing.a, thing.b, page_a, page_b, transform))
    return sorted(changes, key=lambda change: -sum(_area(box) for box in change.boxes_a + change.boxes_b))


def _may_be_moved(one: _Thing, other: _Thing) -> bool:
    plain = len(one.a) < TELLING_STROKES and not any(stroke.curve for stroke in one.a)
    return is_same_shape(one.a, other.b) and (not plain or _shift(box_of(one.a), box_of(other.b)) <= PLAIN_REACH_PT)


def _things(only_a: Sequence[Stroke], only_b: Sequence[Stroke]) -> list[_Thing]:
    together = [*only_a, *only_b]
    found = []
    for places in clusters(together):
        a = tuple(together[place] for place in places if place < len(only_a))
        b = tuple(together[place] for place in places if place >= len(only_a))
        if length_of(a) + length_of(b) >= LEAST_LENGTH_PT:
            found.append(_Thing(a, b))
    return found


def _change(
    kind: ChangeKind, a: Sequence[Stroke], b: Sequence[Stroke], page_a: Page, page_b: Page, transform: Transform
) -> Change:
    boxes_a = (from_seen(page_a, transform.back(box_of(a))),) if a else ()
    boxes_b = (from_seen(page_b, box_of(b)),) if b else ()
    cosmetic = kind is ChangeKind.MOVED and _shift(box_of(a), box_of(b)) <= SMALL_SHIFT_PT
    return Change(
        kind=kind,
        layer=Layer.VECTOR,
        boxes_a=boxes_a,
        boxes_b=boxes_b,
        change_class=ChangeClass.COSMETIC if cosmetic else ChangeClass.GEOMETRY,
        severity=Severity.LOW if cosmetic else severity_of_boxes((*boxes_a, *boxes_b), page_b),
    )


def severity_of_boxes(boxes: Sequence[Box], page: Page) -> Severity:
    """By the largest box's share of the page; hairlines count by their longer side."""
    width, height = seen_size(page)
    if width <= 0 or height <= 0:
        return Severity.MEDIUM
    return Severity.HIGH if max((_area(box) for box in boxes), default=0.0) >= LARGE_SHARE else Severity.MEDIUM


def _shift(one: Box, other: Box) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.001) * max(box[3] - box[1], 0.001)
