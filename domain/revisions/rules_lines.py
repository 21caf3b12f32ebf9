"""Reading order as the eye has it: a word written last (an edited file, another export) stands in its line again."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from domain.documents import Box, Word, union
from domain.revisions.types import PageText, to_seen

SHARED_HEIGHT = 0.5
"""Of the lower of two lines: those that share this much of their height are one line. A guess."""

ALIKE_HEIGHTS = 2.0
"""A line this many times as tall as another is no part of it. A guess."""

LINE_END_HEIGHTS = 0.6
"""A word this far beyond the end of a line of its own block still belongs to it. A guess."""


FIELD_PT = 20.0
"""Lines are looked up in strips of the page of this height: it costs time only."""


class _Line(msgspec.Struct):
    """Words of one line with their boxes as seen; `box` is around them all, `place` its place in reading order."""

    words: list[tuple[Word, Box]]
    box: Box
    place: int

    @property
    def height(self) -> float:
        return max(self.box[3] - self.box[1], 0.1)


def in_lines(text: PageText) -> PageText:
    """The same words; those that stand in a gap or at an end of a level line drawn before them are put there.

    Such words take the block and the line of their new neighbours. Upright lines stay as they are.
    """
    lines: list[_Line] = []
    strips: dict[int, list[_Line]] = defaultdict(list)
    for line in sorted(_lines(text), key=lambda line: (-len(line.words), -_width(line), line.place)):
        host = next((other for other in strips[_strip(line)] if _belongs(line, other)), None)
        if host is None:
            lines.append(line)
            for strip in range(int(line.box[1] // FIELD_PT), int(line.box[3] // FIELD_PT) + 1):
                strips[strip].append(line)
            continue
        host.words = sorted([*host.words, *_of_line(line.words, host)], key=lambda placed: placed[1][0])
        host.box = union([host.box, line.box])
    lines.sort(key=lambda line: line.place)
    return msgspec.structs.replace(text, words=tuple(word for line in lines for word, _ in line.words))


def _lines(text: PageText) -> list[_Line]:
    found: dict[tuple[int, int], list[tuple[Word, Box]]] = defaultdict(list)
    for word in text.words:
        found[word.block_no, word.line_no].append((word, to_seen(text.page, word.box)))
    return [_Line(words, union([box for _, box in words]), place) for place, words in enumerate(found.values())]


def _strip(line: _Line) -> int:
    return int((line.box[1] + line.box[3]) / 2 // FIELD_PT)


def _of_line(words: Sequence[tuple[Word, Box]], host: _Line) -> list[tuple[Word, Box]]:
    first = host.words[0][0]
    return [(msgspec.structs.replace(word, block_no=first.block_no, line_no=first.line_no), box) for word, box in words]


def _belongs(line: _Line, other: _Line) -> bool:
    shared = min(line.box[3], other.box[3]) - max(line.box[1], other.box[1])
    low, high = sorted((line.height, other.height))
    if shared < SHARED_HEIGHT * low or high > ALIKE_HEIGHTS * low or not _is_level(other):
        return False
    in_block = line.words[0][0].block_no == other.words[0][0].block_no
    reach = LINE_END_HEIGHTS * low if in_block else 0.0
    if line.box[0] < other.box[0] - reach - _width(line) or line.box[2] > other.box[2] + reach + _width(line):
        return False
    if not in_block and not (line.box[0] > other.box[0] and line.box[2] < other.box[2]):
        return False
    return not any(min(line.box[2], box[2]) - max(line.box[0], box[0]) > low / 2 for _, box in other.words)


def _width(line: _Line) -> float:
    return line.box[2] - line.box[0]


def _is_level(line: _Line) -> bool:
    """Whether its words follow each other to the right; a single word is level when it is wider than tall."""
    if len(line.words) == 1:
        return _width(line) > line.height
    boxes = [box for _, box in line.words]
    return all(one[0] <= other[0] for one, other in pairwise(boxes))
