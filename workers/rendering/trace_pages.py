"""Follows the lines of a page around or through a place. Runs in render children only."""

import time
from itertools import pairwise

import msgspec
import numpy as np
import pymupdf

from domain.counting.traces import TraceAsk, Traced, TraceKind
from workers.rendering.trace_contours import contours_at
from workers.rendering.trace_lines import lines_at
from workers.rendering.trace_strokes import Inked, read_inked

FOLLOWING_CPU_S = 2.0
"""Of one place, beside reading the strokes: a page's own time. What is open then is said to be open."""

SHORT_PT = 1.0
"""Pieces of curves and of finely drawn polylines shorter than this are drawn together: the walk turns at nodes that are
0.3 pt apart at least."""

CROWD = 60_000
"""Strokes; beyond them only those near the place are followed. A guess."""

NEAR_SHARE = 0.25
"""Of the page's sides, each way. A guess."""


def trace_on_page(page: pymupdf.Page, ask: TraceAsk) -> Traced:
    """Raises DocumentTooHeavy beyond 400,000 strokes."""
    inked = read_inked(page)
    size = (page.rect.width, page.rect.height)
    return trace(inked, ask, size)


def trace(inked: Inked, ask: TraceAsk, size: tuple[float, float]) -> Traced:
    if not len(inked.widths):
        return Traced(is_drawn=False)
    near, is_whole = _near(inked, ask, size)
    ends = time.process_time() + FOLLOWING_CPU_S
    if ask.kind is TraceKind.LINE:
        lines, is_followed = lines_at(near, ask, ends)
        return Traced(traces=tuple(lines), is_complete=is_whole and is_followed)
    contours, is_walked = contours_at(_coarser(near), ask, size, ends)
    return Traced(traces=tuple(contours), is_complete=is_whole and is_walked)


def _near(inked: Inked, ask: TraceAsk, size: tuple[float, float]) -> tuple[Inked, bool]:
    """All strokes, or of a crowd those around the place; a path that leaves these surroundings is not followed."""
    if len(inked.widths) <= CROWD:
        return inked, True
    across, down = NEAR_SHARE * size[0], NEAR_SHARE * size[1]
    x0, y0, x1, y1 = ask.place
    near = inked.taken(inked.meeting((x0 - across, y0 - down, x1 + across, y1 + down)))
    return near.taken(np.arange(len(near.widths)) < CROWD), len(near.widths) <= CROWD


def _coarser(inked: Inked) -> Inked:
    """Short strokes drawn one after the other, as longer ones."""
    start, end = inked.ends()
    length = np.abs(end - start)
    joins = (
        (inked.paths[1:] == inked.paths[:-1])
        & (np.abs(start[1:] - end[:-1]) <= 0.02)
        & (length[1:] < SHORT_PT)
        & (length[:-1] < SHORT_PT)
    )
    if not joins.any():
        return inked
    chords = inked.chords.copy()
    kept = np.ones(len(chords), bool)
    last = -1
    for n in np.flatnonzero(joins).tolist():
        # `last` is the stroke that the following ones are being added to.
        if last < 0 or kept[n]:
            last = n
        if np.hypot(chords[last, 2] - chords[last, 0], chords[last, 3] - chords[last, 1]) >= SHORT_PT:
            continue
        chords[last, 2:] = chords[n + 1, 2:]
        kept[n + 1] = False
    return msgspec.structs.replace(inked, chords=chords).taken(kept)


def rehearse_tracing() -> None:
    """Follow once, so that what numpy loads on first use is loaded: later no file can be."""
    corners = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0), (10.0, 10.0))
    dashes = [(float(x), 80.0, x + 6.0, 80.0) for x in range(10, 60, 10)]
    with pymupdf.open() as document:
        page = document.new_page(width=200, height=200)
        for start, end in pairwise(corners):
            page.draw_line(start, end)
        page.draw_bezier((10, 30), (20, 30), (30, 40), (30, 50))
        for x0, y0, x1, y1 in dashes:
            page.draw_line((x0, y0), (x1, y1))
        for kind in TraceKind:
            place = (30.0, 30.0, 36.0, 36.0)
            trace_on_page(page, TraceAsk(kind=kind, place=place, texts=(place,), pt_per_mm=0.03))
