"""Joins what was recognised on the overlapping tiles of a page. Pure; boxes are points of the page as seen."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from domain.documents import Box
from workers.rendering.pieces import area, around, centre
from workers.rendering.recognising_types import SeenLine, SeenWord

LEAST_CONFIDENCE = 40.0
"""Below, half of the words of drawings are none; of the words of a page of text 0.5 % are lost (measured on five sheets
with noise, 2026-11-20)."""

SAME_SHARE = 0.5
"""Of the smaller box: words that cover each other by more are one word, seen twice."""

EDGE_PT = 1.0
"""A word this near to the edge of a tile may have been cut."""

_BAND_PT = 40.0


def merge_tiles(tiles: Sequence[tuple[Box, list[SeenLine]]], page_box: Box) -> list[SeenLine]:
    """The lines of all tiles, each word once: of those seen twice the whole one, then the surer one. Lines that go on
    in the next tile are joined. Unsure words and lone signs are left out."""
    lines = [(line, tile) for tile, found in tiles for line in (sure_words(line) for line in found) if line is not None]
    ranked = sorted(
        ((_is_cut(word.box, tile, page_box), -word.confidence, number, place))
        for number, (line, tile) in enumerate(lines)
        for place, word in enumerate(line.words)
    )
    kept: dict[int, set[int]] = defaultdict(set)
    taken = _Taken()
    for *_, number, place in ranked:
        if taken.add(lines[number][0].words[place].box):
            kept[number].add(place)
    left = [_only(line, kept[number]) for number, (line, _) in enumerate(lines) if kept[number]]
    return _joined(left)


def sure_words(line: SeenLine) -> SeenLine | None:
    """The line without words that are none; null when nothing is left."""
    words = tuple(word for word in line.words if word.confidence >= LEAST_CONFIDENCE)
    lettered = sum(_has_letters(word) for word in words)
    if lettered == 0:
        return None
    if lettered < 3:
        words = tuple(word for word in words if _has_letters(word))
    return msgspec.structs.replace(line, words=words)


def overlap_share(one: Box, other: Box) -> float:
    """Of the smaller box."""
    shared = area((max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])))
    return shared / max(min(area(one), area(other)), 1e-9)


class _Taken:
    """Where words stand already, by the bands of the page that they cross."""

    def __init__(self) -> None:
        self._bands: dict[int, list[Box]] = defaultdict(list)

    def add(self, box: Box) -> bool:
        """Whether the place was free; takes it then."""
        bands = range(int(box[1] // _BAND_PT), int(box[3] // _BAND_PT) + 1)
        if any(overlap_share(box, other) > SAME_SHARE for band in bands for other in self._bands[band]):
            return False
        for band in bands:
            self._bands[band].append(box)
        return True


def _has_letters(word: SeenWord) -> bool:
    return any(letter.isalnum() for letter in word.text)


def _is_cut(box: Box, tile: Box, page_box: Box) -> bool:
    """Whether the word touches an edge of the tile inside of the page."""
    near = (
        box[0] < tile[0] + EDGE_PT and tile[0] > page_box[0],
        box[1] < tile[1] + EDGE_PT and tile[1] > page_box[1],
        box[2] > tile[2] - EDGE_PT and tile[2] < page_box[2],
        box[3] > tile[3] - EDGE_PT and tile[3] < page_box[3],
    )
    return any(near)


def _only(line: SeenLine, places: set[int]) -> SeenLine:
    return msgspec.structs.replace(line, words=tuple(line.words[place] for place in sorted(places)))


def _joined(lines: Iterable[SeenLine]) -> list[SeenLine]:
    """Level lines made one that continue each other within a letter and a half, or fill each other's gaps."""
    level = sorted((line for line in lines if not line.turn), key=lambda line: around(w.box for w in line.words)[0])
    ends: dict[int, list[int]] = defaultdict(list)
    result: list[SeenLine] = []
    for line in level:
        first = line.words[0].box
        band = int(centre(first)[1] // _BAND_PT)
        before = next(
            (number for near in (band - 1, band, band + 1) for number in ends[near] if _is_of(line, result[number])),
            None,
        )
        if before is None:
            ends[band].append(len(result))
            result.append(line)
        else:
            words = sorted((*result[before].words, *line.words), key=lambda word: word.box[0])
            result[before] = msgspec.structs.replace(result[before], words=tuple(words))
    return [*result, *(line for line in lines if line.turn)]


def _is_of(other: SeenLine, line: SeenLine) -> bool:
    """Whether a line that begins further to the right belongs to this one."""
    first = other.words[0].box
    before = max((word.box for word in line.words if word.box[0] <= first[0]), key=lambda box: box[2], default=None)
    if before is None:
        return False
    height = min(before[3] - before[1], first[3] - first[1])
    gap = first[0] - before[2]
    is_level = abs(centre(before)[1] - centre(first)[1]) < height / 2
    return is_level and -height / 2 < gap < 1.5 * height and not _overlaps(other, line)


def _overlaps(one: SeenLine, other: SeenLine) -> bool:
    return any(overlap_share(word.box, known.box) > SAME_SHARE / 2 for word in one.words for known in other.words)
