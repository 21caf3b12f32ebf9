"""What is on a page beside its text: vector paths and raster pictures. Runs in render children only."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from workers.rendering.geometry import Frame
from workers.rendering.magnified import SCALE
from workers.rendering.pieces import Vectors
from workers.rendering.stext_blocks import RawMarks

SCAN_SHARE = 0.6
"""Of the page: the least that a scan covers."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes in points of the page as read."""

    pictures: NDArray[np.float64]
    """A row each, in the order in which they are drawn, cut to the page."""

    vectors: Vectors
    covers_text: bool = False
    """A picture of most of the page is drawn over most of its text, as on scans with recognised text."""


def make_marks(raw: RawMarks, frame: Frame) -> Marks:
    x0, y0, x1, y1 = frame.page_box
    cut = np.clip(frame.seen_all(raw.pictures / SCALE), (x0, y0, x0, y0), (x1, y1, x1, y1))
    width, height = cut[:, 2] - cut[:, 0], cut[:, 3] - cut[:, 1]
    scans = np.flatnonzero(width * height >= SCAN_SHARE * (x1 - x0) * (y1 - y0))
    covered = int(raw.texts_before[scans[-1]]) if len(scans) else 0
    return Marks(
        pictures=cut[(width > 0) & (height > 0)],
        vectors=Vectors(frame.seen_all(raw.vectors / SCALE), raw.is_stroked, raw.is_straight),
        covers_text=covered > 0 and 2 * covered >= raw.texts,
    )
