"""The long straight lines of a page, from its vector drawings. Runs in render children only."""

from collections.abc import Iterable, Iterator

import pymupdf

from domain.documents import Box
from workers.rendering.geometry import seen_boxes
from workers.rendering.pieces import Ruling, Rulings

DRAWINGS_LIMIT = 60_000
"""Paths beyond which only the log of bounding boxes is read: 52,000 paths cost 0.25 s, 191,000 over a second."""

THICKNESS_PT = 2.5
"""A filled rectangle thinner than this is a line."""

LEAST_LENGTH_PT = 7.0
"""A table's cell is at least 2.5 mm high."""

GAP_PT = 3.5
"""Ends of a line that are this near belong together: word processors leave 3 pt where lines of a table cross."""

SAME_PT = 2.0
"""Lines this near side by side are one: frames are drawn twice, thick lines as two edges."""

_Segment = tuple[float, float, float, float]


def read_rulings(page: pymupdf.Page, paths: list[Box]) -> Rulings:
    """Level and upright lines in points of the page as seen, sorted by position; joined where they continue.

    `paths` are the boxes of all paths of the page; with too many of them their outlines are not read.
    """
    segments: Iterable[_Segment] = paths
    if len(paths) <= DRAWINGS_LIMIT:
        segments = (segment for drawing in page.get_cdrawings() or () for segment in _of_drawing(drawing))
    level: list[Ruling] = []
    upright: list[Ruling] = []
    for x0, y0, x1, y1 in seen_boxes(page, segments):
        if y1 - y0 <= THICKNESS_PT < x1 - x0:
            level.append(Ruling((y0 + y1) / 2, x0, x1))
        elif x1 - x0 <= THICKNESS_PT < y1 - y0:
            upright.append(Ruling((x0 + x1) / 2, y0, y1))
    return Rulings(tuple(joined(level)), tuple(joined(upright)))


def joined(rulings: list[Ruling]) -> list[Ruling]:
    """Rulings of one position made one where they overlap or touch; short ones are left out."""
    result: list[Ruling] = []
    for same in _side_by_side(rulings):
        at = same[0].at
        same.sort(key=lambda ruling: ruling.start)
        start, end = same[0].start, same[0].end
        for ruling in same[1:]:
            if ruling.start > end + GAP_PT:
                result.append(Ruling(at, start, end))
                start, end = ruling.start, ruling.end
            end = max(end, ruling.end)
        result.append(Ruling(at, start, end))
    return [ruling for ruling in result if ruling.end - ruling.start >= LEAST_LENGTH_PT]


def _side_by_side(rulings: list[Ruling]) -> Iterator[list[Ruling]]:
    group: list[Ruling] = []
    for ruling in sorted(rulings, key=lambda ruling: ruling.at):
        if group and ruling.at - group[0].at > SAME_PT:
            yield group
            group = []
        group.append(ruling)
    if group:
        yield group


def _of_drawing(drawing: dict) -> Iterator[_Segment]:
    stroked = "s" in drawing["type"]
    for item in drawing["items"]:
        match item[0]:
            case "l" if stroked:
                yield _ordered(*item[1], *item[2])
            case "re":
                yield from _of_rectangle(item[1], stroked)
            case "qu" if stroked:
                corners = item[1]
                for start, end in ((0, 1), (1, 3), (3, 2), (2, 0)):
                    yield _ordered(*corners[start], *corners[end])


def _of_rectangle(box: Box, stroked: bool) -> Iterator[_Segment]:
    x0, y0, x1, y1 = _ordered(*box)
    if min(x1 - x0, y1 - y0) <= THICKNESS_PT:
        yield (x0, y0, x1, y1)
    elif stroked:
        yield from ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1))


def _ordered(x0: float, y0: float, x1: float, y1: float) -> _Segment:
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
