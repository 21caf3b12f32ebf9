"""What a page is taken apart into while it is read. All boxes are points of the page as it is read: as seen, or
turned once more where most of its text runs upright."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.documents import BlockKind, Box


class TextWord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    text: str
    box: Box


class TextLine(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Words on one baseline, in order. `paragraph` is PyMuPDF's own grouping, `size_pt` the font's size."""

    words: tuple[TextWord, ...]
    box: Box
    size_pt: float
    paragraph: int = 0
    is_bold: bool = False
    is_level: bool = True
    """Whether the line runs from left to right on the page as seen."""

    @cached_property
    def text(self) -> str:
        return " ".join([word.text for word in self.words])


class Ruling(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A straight line: at `at` (y of a level one, x of an upright one), from `start` to `end`."""

    at: float
    start: float
    end: float


class Rulings(msgspec.Struct, frozen=True):
    level: tuple[Ruling, ...] = ()
    upright: tuple[Ruling, ...] = ()


class Vectors(msgspec.Struct, frozen=True):
    """Paths, or single level and upright segments of them: a row of `boxes` each, x0, y0, x1, y1."""

    boxes: NDArray[np.float64]
    is_stroked: NDArray[np.bool_]
    is_straight: NDArray[np.bool_]
    """A rectangle or a segment."""

    def __len__(self) -> int:
        return len(self.boxes)

    def with_segments(self, boxes: Sequence[Box]) -> "Vectors":
        """These, and level and upright segments drawn with a pen."""
        if not boxes:
            return self
        drawn = np.ones(len(boxes), np.bool_)
        return Vectors(
            np.concatenate([self.boxes, np.array(boxes, np.float64)]),
            np.concatenate([self.is_stroked, drawn]),
            np.concatenate([self.is_straight, drawn]),
        )


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
    all_boxes = iter(boxes)
    x0, y0, x1, y1 = next(all_boxes)
    for left, top, right, bottom in all_boxes:
        x0 = left if left < x0 else x0
        y0 = top if top < y0 else y0
        x1 = right if right > x1 else x1
        y1 = bottom if bottom > y1 else y1
    return (x0, y0, x1, y1)


def centre(box: Box) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def is_within(point: tuple[float, float], box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def centred_in(boxes: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Which of the boxes, a row each, have their middle in the box."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    return (box[0] <= x) & (x <= box[2]) & (box[1] <= y) & (y <= box[3])


def area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
