"""Shapes of a drawing as data: a sample, and where it is found again. Points of the page as seen (rotation applied)."""

import msgspec

from domain.documents import Box

Part = tuple[float, ...]
"""Four numbers are a line (x0, y0, x1, y1), eight a Bézier curve by its control points; points of the page as seen."""


Fill = tuple[tuple[float, float], ...]
"""The corners of a filled shape, in points of the page as seen."""

SAME_SIZE = (0.97, 1.03)
"""Least and greatest size of a symbol that is repeated, against its sample. A guess."""


class Shape(msgspec.Struct, frozen=True):
    """The strokes of one symbol, in points of the page as seen. `box` is around them, null when there are none.
    `context` are the strokes that only pass through its place: walls, wires, leaders. `fills` are its filled parts."""

    parts: tuple[Part, ...] = ()
    box: Box | None = None
    context: tuple[Part, ...] = ()
    fills: tuple[Fill, ...] = ()


class ShapeMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a sample's strokes stand again. `box` in points of the page as seen; `angle` in degrees 0–360,
    clockwise as seen; `scale` against the sample; `score` 0–1 is the share of the sample's strokes that are there."""

    box: Box
    angle: float
    scale: float
    is_mirrored: bool
    score: float


class ShapesFound(msgspec.Struct, frozen=True, kw_only=True):
    """`matches` from top to bottom. `similar` are places that hold the sample's strokes and others of their own among
    them: another symbol, or one that something is drawn over. `is_complete` is false when the page was too heavy to be
    searched to its end. `is_plain`: the sample is too simple to be told from other strokes, nothing was searched."""

    matches: tuple[ShapeMatch, ...] = ()
    similar: tuple[Box, ...] = ()
    is_complete: bool = True
    is_plain: bool = False
