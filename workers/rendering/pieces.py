"""What a page is taken apart into while it is read. All boxes are points of the page as it is read: as seen, or
turned once more where most of its text runs upright."""

from collections.abc import Iterable

import msgspec

from domain.documents import BlockKind, Box


class TextWord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    text: str
    box: Box


class TextLine(msgspec.Struct, frozen=True, kw_only=True):
    """Words on one baseline, in order. `paragraph` is PyMuPDF's own grouping, `size_pt` the font's size."""

    words: tuple[TextWord, ...]
    box: Box
    size_pt: float
    paragraph: int = 0
    is_bold: bool = False
    is_level: bool = True
    """Whether the line runs from left to right on the page as seen."""

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class Ruling(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A straight line: at `at` (y of a level one, x of an upright one), from `start` to `end`."""

    at: float
    start: float
    end: float


class Rulings(msgspec.Struct, frozen=True):
    level: tuple[Ruling, ...] = ()
    upright: tuple[Ruling, ...] = ()


class Vector(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A path, or one level or upright segment of it; `is_straight`: a rectangle or such a segment."""

    box: Box
    is_stroked: bool
    is_straight: bool


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A future block: its lines of words in reading order (a table's lines are its rows) and its Markdown."""

    kind: BlockKind
    box: Box
    content: str
    lines: tuple[tuple[TextWord, ...], ...] = ()
    category: str | None = None
    is_heading: bool = False


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all boxes; at least one is needed."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def centre(box: Box) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def is_within(point: tuple[float, float], box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
