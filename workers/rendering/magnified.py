"""The text, the vectors and the pictures of a page in one run of PyMuPDF. Runs in render children only.

PyMuPDF 1.28.2: a text page made with `TEXT_COLLECT_VECTORS` tells the boxes of all paths in the run that collects the
text (`get_bboxlog` and `get_cdrawings` take three times as long). It parts a path of level and upright segments into a
box for each. But it widens stroked boxes by half of the line's width in units of the file instead of points: by 3.5 pt
where the line is 1.7 pt thick. Run at a magnification, the same surplus shrinks to nothing.

With `TEXT_PRESERVE_IMAGES` it tells the pictures too, but draws each shading at full size for it: 300 of them took 55 s
and 10 GB. A device without the function for shadings is not asked to (mupdf/fitz/device.h: a null pointer is skipped).
"""

import pymupdf
from pymupdf import mupdf

from workers.rendering.geometry import Frame
from workers.rendering.memory import Memory
from workers.rendering.stext_blocks import RawMarks, read_blocks
from workers.rendering.stext_letters import Letters, read_letters

SCALE = 256.0
"""Single precision leaves 0.001 pt on the largest page (14,400 pt)."""

# A font without a table of Unicode values mostly has the codes of ASCII, so the code is taken for the letter.
_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_COLLECT_VECTORS | pymupdf.TEXT_LAZY_VECTORS


NEAR_PT = 24.0
"""Lines of one block of text stand less apart. A guess."""


def read_magnified(page: pymupdf.Page, frame: Frame, *, codes_for_unknown: bool = True) -> tuple[Letters, RawMarks]:
    """The text, and what is on the page beside it. All measures are `SCALE` times points of the unrotated page.

    A picture within a line or between two of them would part the text: such pages are run once more without.
    """
    flags = _FLAGS | (pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE if codes_for_unknown else 0)
    memory = Memory()
    textpage = _run(page, frame, flags | pymupdf.TEXT_PRESERVE_IMAGES)
    marks, first_lines = read_blocks(memory, textpage, near=NEAR_PT * SCALE)
    if marks.parts_text:
        textpage = _run(page, frame, flags)
        _, first_lines = read_blocks(memory, textpage)
    return read_letters(memory, first_lines, frame.width_pt * SCALE, frame.height_pt * SCALE), marks


def run_unrotated(page: pymupdf.Page, frame: Frame, device: mupdf.FzDevice, scale: float = 1.0) -> None:
    """Tells the device what is on the page, in `scale` times points of the unrotated page, and closes it.

    Without colour profiles: whether a text is pale can be told without, and they take a tenth of the run of a sheet.
    """
    width, height = frame.width_pt, frame.height_pt
    turned = {0: (1, 0, 0, 1, 0, 0), 90: (0, -1, 1, 0, 0, height), 180: (-1, 0, 0, -1, width, height)}
    matrix = turned.get(frame.rotation, (0, 1, -1, 0, width, 0))
    mupdf.fz_disable_icc()
    try:
        mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(*(scale * part for part in matrix)), mupdf.FzCookie())
        mupdf.fz_close_device(device)
    finally:
        mupdf.fz_enable_icc()


def _run(page: pymupdf.Page, frame: Frame, flags: int) -> mupdf.FzStextPage:
    textpage = mupdf.FzStextPage(mupdf.FzRect(0, 0, frame.width_pt * SCALE, frame.height_pt * SCALE))
    options = mupdf.FzStextOptions()
    options.flags = flags
    device = mupdf.fz_new_stext_device(textpage, options)
    device.m_internal.fill_shade = None
    run_unrotated(page, frame, device, SCALE)
    return textpage
