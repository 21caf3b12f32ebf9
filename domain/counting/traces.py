"""Paths of a drawing as data: what is asked of a page, and the contours and lines that were followed on it. All in
points of the page as seen (rotation applied)."""

from enum import StrEnum

import msgspec

from domain.documents import Box

Point = tuple[float, float]


class TraceKind(StrEnum):
    """`contour` is what closes around a place, `line` what runs through it."""

    CONTOUR = "contour"
    LINE = "line"


class TraceAsk(msgspec.Struct, frozen=True, kw_only=True):
    """`place` is a label or what is pointed at. `texts` are the boxes of words near it: their underlines and frames are
    no walls. `is_pointed`: the place was drawn by hand around the thing, else it is a label of the thing.
    `pt_per_mm` is the length on paper of a real millimetre: it tells which arcs may be doors."""

    kind: TraceKind
    place: Box
    texts: tuple[Box, ...] = ()
    is_pointed: bool = False
    pt_per_mm: float = 0.0


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """A path that was followed. `length_pt` is its length, of a closed one the way around; `area_pt2` is 0 for an open
    one. `width_pt` is the thinnest stroke of it. `doors` are openings that it crosses along the line of the wall.
    `thin_share` is how much of a contour runs along strokes clearly thinner than the rest.
    `branches` are ends that a line has beyond two. `boxes` are around its legs."""

    points: tuple[Point, ...]
    box: Box
    length_pt: float
    area_pt2: float = 0.0
    width_pt: float = 0.0
    thin_share: float = 0.0
    is_closed: bool = False
    doors: int = 0
    branches: int = 0
    boxes: tuple[Box, ...] = ()


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """`traces` with the likeliest first; more than one where it cannot be told which is meant. `is_complete` is false
    when the page was too heavy to be followed to the end. `is_drawn` is false for a page without strokes, a scan."""

    traces: tuple[Trace, ...] = ()
    is_complete: bool = True
    is_drawn: bool = True
