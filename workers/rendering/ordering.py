"""Reading order: recursive cuts along the widest empty bands (XY-cut; Nagy, Seth 1984), columns before rows. Pure."""

from collections.abc import Sequence

from domain.documents import Box

COLUMN_GAP_PT = 7.0
"""Narrowest gutter between columns in the sample papers: 9 pt."""

SIMILAR_SHARE = 0.6
"""Bands at least this share of the widest are cut at the same time."""

SHRINK_SHARE = 0.12
"""Boxes of neighbouring lines overlap by a part of their height."""


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """The positions of the boxes in the order in which they are read."""
    if not boxes:
        return []
    sides = list(zip(*map(_shrunk, boxes), strict=True))
    result: list[int] = []
    waiting = [list(range(len(boxes)))]
    while waiting:
        group = waiting.pop()
        parts = _cut(group, sides)
        if len(parts) == 1:
            result.extend(sorted(group, key=lambda number: (round(boxes[number][1] / 4), boxes[number][0])))
            continue
        waiting.extend(reversed(parts))
    return result


def _cut(group: list[int], sides: list[tuple[float, ...]]) -> list[list[int]]:
    if len(group) == 1:
        return [group]
    x0, y0, x1, y1 = sides
    across, across_gap = _split(group, x0, x1)
    down, down_gap = _split(group, y0, y1)
    if len(across) > 1 and across_gap >= max(COLUMN_GAP_PT, down_gap):
        return across
    return down if len(down) > 1 else across


def _split(group: list[int], starts: Sequence[float], ends: Sequence[float]) -> tuple[list[list[int]], float]:
    """The group in parts that follow one another along one side of the page, and the widest gap between them."""
    parts: list[list[int]] = []
    gaps: list[float] = []
    end = float("-inf")
    for number in sorted(group, key=starts.__getitem__):
        start = starts[number]
        if not parts or start > end:
            if parts:
                gaps.append(start - end)
            parts.append([])
        parts[-1].append(number)
        end = ends[number] if ends[number] > end else end
    widest = max(gaps, default=0.0)
    merged = parts[:1]
    for gap, part in zip(gaps, parts[1:], strict=True):
        if gap < widest * SIMILAR_SHARE:
            merged[-1].extend(part)
        else:
            merged.append(part)
    return merged, widest


def _shrunk(box: Box) -> Box:
    dy = (box[3] - box[1]) * SHRINK_SHARE
    return (box[0], box[1] + dy, box[2], box[3] - dy)
