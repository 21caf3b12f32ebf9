"""The level and upright segments inside of paths that have others too: table lines drawn together with a symbol.

Runs in render children only. Asked for only where such a path lies around a table's worth of text: a run of the page
costs as much as reading its text. MuPDF prints the strokes (its trace device, `source/fitz/trace-device.c`; functions
taken away from a device are not called), which takes a fifth of the time of a call to Python for each.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pymupdf
from pymupdf import mupdf

from domain.documents import Box
from workers.rendering.geometry import Frame
from workers.rendering.magnified import run_unrotated
from workers.rendering.pieces import TextLine, Vectors, centred_in
from workers.rendering.rulings import LEAST_LENGTH_PT

PATHS_LIMIT = 30_000
"""0.2 s; beyond it the segments stay unknown."""

LEAST_SIDE_PT = 60.0
"""Of a path that may hold the lines of a table: three rows high and as wide as a column. A guess."""

LEAST_TEXTS = 4
"""Lines of text within the path: the least of a table."""

STRAIGHT_PT = 0.5
"""Across a line that counts as level or upright."""

SIDES = 4

_DEVICE = """
fill_path clip_path clip_stroke_path fill_text stroke_text clip_text clip_stroke_text ignore_text fill_shade
fill_image fill_image_mask clip_image_mask pop_clip begin_mask end_mask begin_group end_group begin_tile end_tile
render_flags set_default_colorspaces begin_layer end_layer begin_structure end_structure begin_metatext end_metatext"""
_NOT_STROKES = _DEVICE.split()
_NUMBER = rb"([-+.\de]+)"
_MATRIX = re.compile(rb'transform="([-+.\de ]+)"')
_STEP = re.compile(
    rb'<(?:(move|line)to x="%b" y="%b"|[cq]\w+ [^>]* x\d?="%b" y\d?="%b"/|(close)path/)>?' % ((_NUMBER,) * 4)
)
"""Its kind and end: `<moveto x="1" y="2"/>`, `<curveto x1="1" y1="2" x2="3" y2="4" x3="5" y3="6"/>`."""
_SEVERAL_LINES = 4
"""Of print: the stroke, its start and more than one piece."""

_Point = tuple[float, float]
_Line = tuple[_Point, _Point]


def with_segments(page: pymupdf.Page, frame: Frame, vectors: Vectors, lines: Sequence[TextLine]) -> Vectors:
    """The vectors, and in addition the straight segments of the large paths that are not straight as a whole."""
    if len(vectors) > PATHS_LIMIT or not _may_hold_tables(vectors, lines):
        return vectors
    strokes = _printed_strokes(page, frame).split(b"</stroke_path>\n")
    segments = [
        segment
        for stroke in strokes
        if stroke.count(b"\n") >= _SEVERAL_LINES and b"<lineto" in stroke
        for segment in _segments(stroke)
    ]
    return vectors.with_segments([frame.seen(segment) for segment in segments])


def _may_hold_tables(vectors: Vectors, lines: Sequence[TextLine]) -> bool:
    boxes = vectors.boxes[vectors.is_stroked & ~vectors.is_straight]
    large = boxes[((boxes[:, 2:] - boxes[:, :2]) >= LEAST_SIDE_PT).all(axis=1)]
    if not len(large):
        return False
    texts = np.array([line.box for line in lines])
    return any(int(centred_in(texts, box).sum()) >= LEAST_TEXTS for box in large.tolist())


def _printed_strokes(page: pymupdf.Page, frame: Frame) -> bytes:
    """XML, in points of the unrotated page once the matrix of each stroke is applied."""
    buffer = mupdf.fz_new_buffer(1 << 16)
    output = mupdf.FzOutput(buffer)
    device = mupdf.fz_new_trace_device(output)
    for name in _NOT_STROKES:
        setattr(device.m_internal, name, None)
    run_unrotated(page, frame, device)
    output.fz_close_output()
    return mupdf.fz_buffer_extract(buffer)


def _segments(stroke: bytes) -> Iterator[Box]:
    matrix = _MATRIX.search(stroke)
    if matrix is None:
        return
    a, b, c, d, e, f = map(float, matrix[1].split())
    for (x0, y0), (x1, y1) in _lines(stroke):
        across, down = abs(a * (x0 - x1) + c * (y0 - y1)), abs(b * (x0 - x1) + d * (y0 - y1))
        if across + down >= LEAST_LENGTH_PT and min(across, down) < STRAIGHT_PT:
            u0, v0, u1, v1 = a * x0 + c * y0 + e, b * x0 + d * y0 + f, a * x1 + c * y1 + e, b * x1 + d * y1 + f
            yield (min(u0, u1), min(v0, v1), max(u0, u1), max(v0, v1))


def _lines(stroke: bytes) -> list[_Line]:
    """The lines of a path. Four that come back to their start are a box of a diagram and left out; a path that is
    nothing but a rectangle is told as such by the text page."""
    lines: list[_Line] = []
    start = at = (0.0, 0.0)
    parts = curves = in_a_row = 0
    for kind, x, y, curve_x, curve_y, close in _STEP.findall(stroke):
        if kind == b"move":
            start = at = (float(x), float(y))
            parts, in_a_row = parts + 1, 0
        elif curve_x:
            at = (float(curve_x), float(curve_y))
            curves, in_a_row = curves + 1, 0
        else:
            end = start if close else (float(x), float(y))
            if end != at or not close:
                lines.append((at, end))
            at, in_a_row = end, 0 if close else in_a_row + 1
            if in_a_row == SIDES and lines[-SIDES][0] == at:
                del lines[-SIDES:]
                in_a_row = 0
    is_rectangle = parts == 1 and curves == 0 and len(lines) == SIDES and at == start
    return [] if is_rectangle else lines
