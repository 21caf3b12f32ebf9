"""The fields of a title block as its lines enclose them, and what is written in each. Pure."""

from collections.abc import Iterable, Sequence

from domain.documents import Box
from workers.rendering.pieces import TextWord, area, centre, is_within

NEAR_PT = 3.0
"""Sides of fields that differ by less are one: a line is drawn twice, or as a bar with two edges."""

LEAST_SHARED = 0.6
"""Of its width that the field below a label shares with it. A guess."""


STRIP_SHARE = 0.1
"""Of its width or height: fields of one column or row begin and end together within it. A guess."""


class StampCells:
    """`words` are those of the title block that run from left to right, in points of the page as read."""

    def __init__(self, cells: Iterable[Box], words: Sequence[TextWord]) -> None:
        self._cells = sorted(cells, key=area)
        self._words = words

    def of(self, word: TextWord) -> Box | None:
        """The smallest field around the middle of the word."""
        middle = centre(word.box)
        return next((cell for cell in self._cells if is_within(middle, cell)), None)

    def below(self, cell: Box) -> list[Box]:
        """The fields that stand on the lower side of this one, from left to right."""
        found = [
            other
            for other in self._cells
            if abs(other[1] - cell[3]) <= NEAR_PT
            and min(other[2], cell[2]) - max(other[0], cell[0]) >= LEAST_SHARED * (other[2] - other[0])
        ]
        return sorted(found)

    def right_of(self, cell: Box) -> list[Box]:
        """The field of the same height that begins where this one ends, if there is one."""
        return [
            other
            for other in self._cells
            if abs(other[0] - cell[2]) <= NEAR_PT
            and abs(other[1] - cell[1]) <= NEAR_PT
            and abs(other[3] - cell[3]) <= NEAR_PT
        ]

    def around(self, cell: Box) -> list[Box]:
        """The fields above or below with nearly the same sides, the nearest first; then those that follow one another
        to the left with nearly the same height."""
        return [*self._column(cell), *self._row(cell)]

    def _column(self, cell: Box) -> list[Box]:
        width = cell[2] - cell[0]
        found = [
            other
            for other in self._cells
            if other != cell
            and abs(other[0] - cell[0]) <= STRIP_SHARE * width
            and abs(other[2] - cell[2]) <= STRIP_SHARE * width
        ]
        return sorted(found, key=lambda other: (other[1] >= cell[1], abs(other[1] - cell[1])))

    def _row(self, cell: Box) -> list[Box]:
        height = cell[3] - cell[1]
        found: list[Box] = []
        end = cell[0]
        for other in sorted(self._cells, key=lambda other: -other[2]):
            if other[2] > end + NEAR_PT:
                continue
            top, bottom = abs(other[1] - cell[1]), abs(other[3] - cell[3])
            is_as_high = max(top, bottom) <= STRIP_SHARE * height
            is_upper = other[2] >= end - NEAR_PT and top <= NEAR_PT and other[3] - other[1] >= height / 2
            if is_as_high or is_upper:
                found.append(other)
                end = other[0]
        return found

    def between(self, left: float, right: float, top: float, bottom: float) -> list[Box]:
        """The fields that reach from one x to the other, between two heights, from top to bottom."""
        found = [
            cell
            for cell in self._cells
            if abs(cell[0] - left) <= NEAR_PT
            and abs(cell[2] - right) <= NEAR_PT
            and top - NEAR_PT <= cell[1]
            and cell[3] <= bottom + NEAR_PT
        ]
        return sorted(found, key=lambda cell: cell[1])

    def words_in(self, cell: Box) -> list[TextWord]:
        return [word for word in self._words if is_within(centre(word.box), cell)]

    def text(self, cell: Box) -> str:
        return said(self.words_in(cell))


def lines_of(words: Iterable[TextWord]) -> list[str]:
    """The lines from top to bottom."""
    rows: list[list[TextWord]] = []
    for word in sorted(words, key=lambda word: centre(word.box)[1]):
        if rows and centre(word.box)[1] - centre(rows[-1][0].box)[1] < (word.box[3] - word.box[1]) / 2:
            rows[-1].append(word)
            continue
        rows.append([word])
    return [" ".join(word.text for word in sorted(row, key=lambda word: word.box[0])) for row in rows]


def said(words: Iterable[TextWord]) -> str:
    """The words line by line; a word that a hyphen parts at the end of a line is whole again."""
    text = ""
    for line in lines_of(words):
        is_parted = len(text) > 2 and text[-1] == "-" and text[-2].islower() and line[:1].islower()
        text = text[:-1] + line if is_parted else f"{text} {line}".strip()
    return text
