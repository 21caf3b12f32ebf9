"""The frame of a drawing's sheet and the long lines that part a leaflet: what is drawn on both sides belongs to
different figures. Pure."""

import numpy as np
from numpy.typing import NDArray

from domain.documents import Box
from workers.rendering.pictures import Boxes

LONG_SHARE = 0.6
"""Of a side of the page: a line of the frame. Broken by title block and stamps, some are shorter than the sheet."""

BINDING_SHARE = 0.1
MARGIN_SHARE = 0.05
"""Of a side of the page: the frame stands within it, on the left and elsewhere. 20 mm of A4's 210 mm at the binding and
5 mm elsewhere (GOST 2.104); an inch of 22 on sheets of the USA."""

STRIP_SHARE = 0.85
"""Of the page's height: the lines between the columns of a leaflet, between a plan and the strip of its title block."""

RULE_SHARE = 0.9
"""Of a strip's width. A guess."""

THIN_PT = 3.0
CROSSING_SHARE = 0.01
"""Of all paths: a line that more of them cross parts nothing."""

_Positions = NDArray[np.float64]


def inner_frame(boxes: Boxes, page_box: Box) -> Box:
    """What the innermost long lines of the margins enclose; the page where there are none."""
    left, top, right, bottom = page_box
    margin_x, margin_y = MARGIN_SHARE * (right - left), MARGIN_SHARE * (bottom - top)
    binding = BINDING_SHARE * (right - left)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    upright = boxes[height >= LONG_SHARE * (bottom - top)]
    level = boxes[width >= LONG_SHARE * (right - left)]
    x = _edges(upright[:, 0], upright[:, 2], upright[:, 2] - upright[:, 0])
    y = _edges(level[:, 1], level[:, 3], level[:, 3] - level[:, 1])
    return (
        max(x[(left < x) & (x < left + binding)], default=left),
        max(y[(top < y) & (y < top + margin_y)], default=top),
        min(x[(right - margin_x < x) & (x < right)], default=right),
        min(y[(bottom - margin_y < y) & (y < bottom)], default=bottom),
    )


def dividers(boxes: Boxes, page_box: Box) -> list[float]:
    """The x of long upright lines that hardly any path crosses, from left to right."""
    left, top, right, bottom = page_box
    is_upright = boxes[:, 2] - boxes[:, 0] <= THIN_PT
    long = boxes[is_upright & (boxes[:, 3] - boxes[:, 1] >= STRIP_SHARE * (bottom - top))]
    margin = BINDING_SHARE * (right - left)
    return [
        x
        for x in sorted({round(x) for x in long[:, 0].tolist()})
        if left + margin < x < right - margin
        and ((boxes[:, 0] < x - THIN_PT) & (boxes[:, 2] > x + THIN_PT)).sum() <= CROSSING_SHARE * len(boxes)
    ]


def in_strips(boxes: Boxes, edges: list[float]) -> list[Boxes]:
    """The boxes between these x each, without what reaches over nearly a whole strip, as a rule under a heading."""
    if not edges:
        return [boxes]
    strip = np.searchsorted(edges, (boxes[:, 0] + boxes[:, 2]) / 2)
    wide = boxes[:, 2] - boxes[:, 0]
    first, last = float(boxes[:, 0].min(initial=edges[0])), float(boxes[:, 2].max(initial=edges[-1]))
    widths = np.diff([first, *edges, last])
    return [boxes[(strip == number) & (wide < RULE_SHARE * widths[number])] for number in range(len(edges) + 1)]


def _edges(first: _Positions, second: _Positions, breadth: _Positions) -> _Positions:
    """Both sides of rectangles, the middle of thin lines."""
    is_thin = breadth <= THIN_PT
    return np.concatenate([first[~is_thin], second[~is_thin], (first[is_thin] + second[is_thin]) / 2])
