"""The search for shapes on a page of a document. Runs in render children only."""

import pymupdf

from domain.counting.types import SAME_SIZE, Shape, ShapesFound
from workers.rendering.shape_parts import Strokes, read_parts
from workers.rendering.shape_search import find_shapes


def find_on_page(page: pymupdf.Page, shape: Shape, scales: tuple[float, float]) -> ShapesFound:
    """Raises DocumentTooHeavy beyond 400,000 strokes."""
    return find_shapes(shape, Strokes(read_parts(page)), (page.rect.width, page.rect.height), scales)


_SQUARE = ((0.0, 0.0, 9.0, 0.0), (9.0, 0.0, 9.0, 9.0), (9.0, 9.0, 0.0, 9.0), (0.0, 9.0, 0.0, 0.0), (0.0, 0.0, 9.0, 9.0))
_HUNG = ((9.0, 0.0, 14.0, 0.0), (14.0, 0.0, 14.0, 5.0), (14.0, 5.0, 9.0, 0.0))


def rehearse_shapes() -> None:
    """Search once, so that what numpy loads on first use is loaded: later no file can be."""
    parts = [tuple(number + at for number in part) for at in (20.0, 60.0) for part in (*_SQUARE, *_HUNG)]
    find_shapes(Shape(_SQUARE, (0.0, 0.0, 9.0, 9.0)), Strokes(parts), (100.0, 100.0), SAME_SIZE)
