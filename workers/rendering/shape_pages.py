"""Samples of symbols, and the search for them on a page of a document. Runs in render children only."""

import msgspec
import numpy as np
import pymupdf

from domain.counting.types import SAME_SIZE, Shape, ShapesFound
from domain.documents import Box
from workers.rendering.shape_fills import fills_in, read_fills
from workers.rendering.shape_parts import Strokes, read_parts, strokes_in, with_slack
from workers.rendering.shape_search import find_shapes


def read_shape(page: pymupdf.Page, box: Box) -> Shape:
    """The strokes and fillings that lie in the box whole. `box` in points of the page as seen. Raises
    DocumentTooHeavy."""
    drawings = page.get_cdrawings() or []
    shape = strokes_in(read_parts(page, drawings), box)
    return msgspec.structs.replace(shape, fills=fills_in(read_fills(page, drawings), with_slack(box)))


def find_on_page(page: pymupdf.Page, shape: Shape, scales: tuple[float, float]) -> ShapesFound:
    """Raises DocumentTooHeavy beyond 400,000 strokes."""
    drawings = page.get_cdrawings() or []
    strokes = Strokes(read_parts(page, drawings))
    return find_shapes(shape, strokes, (page.rect.width, page.rect.height), scales, read_fills(page, drawings))


_SQUARE = ((0.0, 0.0, 9.0, 0.0), (9.0, 0.0, 9.0, 9.0), (9.0, 9.0, 0.0, 9.0), (0.0, 9.0, 0.0, 0.0), (0.0, 0.0, 9.0, 9.0))
_HUNG = ((9.0, 0.0, 14.0, 0.0), (14.0, 0.0, 14.0, 5.0), (14.0, 5.0, 9.0, 0.0))


def rehearse_shapes() -> None:
    """Search once, so that what numpy loads on first use is loaded: later no file can be."""
    parts = [tuple(number + at for number in part) for at in (20.0, 60.0) for part in (*_SQUARE, *_HUNG)]
    filled = tuple((part[0], part[1]) for part in _SQUARE[:4])
    shape = Shape(_SQUARE, (0.0, 0.0, 9.0, 9.0), fills=(filled,))
    outlines = [np.array([complex(x, y) + 20 + 20j for x, y in filled])]
    find_shapes(shape, Strokes(parts), (100.0, 100.0), SAME_SIZE, outlines)
