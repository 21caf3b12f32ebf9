"""How high the smallest letters of a place are, and how that is known. Pure.

Boxes of words are as high as the font size where the page has its own text, and as high as the ink where it was
recognised.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from domain.documents import Box, Page, Word
from domain.rules_legibility import ASSUMED_GLYPH_PT, CAPITAL_SHARE, LEAST_GLYPH_PT
from domain.rules_seen import has_middle_in

OWN_TEXT = frozenset({"text", "recognised_layer"})
"""Ways of reading whose boxes are of font sizes (`PageFacts.read_by`)."""

STRAY_SHARE = 0.02
STRAY_WORDS = 2
"""So few words may be lower than the smallest letters that matter: dots, ticks, misread dirt. Guesses."""

_LOW = frozenset("acemnorsuvwxzасеимнпоткгвжзлчшъыьэюяpqgyруф")


class GlyphsBy(StrEnum):
    """`words`: font sizes of the words of the place; `recognised`: the ink of its recognised words; `page`: the
    smallest letters of the whole page, for none of its words is in the place; `assumed`: nothing is known."""

    WORDS = "words"
    RECOGNISED = "recognised"
    PAGE = "page"
    ASSUMED = "assumed"


class Glyphs(msgspec.Struct, frozen=True, kw_only=True):
    """`height_pt` is of capitals and digits, in points of the page."""

    height_pt: float
    by: GlyphsBy


def glyphs_on(page: Page, words: Sequence[Word], box: Box | None) -> Glyphs:
    """The smallest letters of the place; `words` are all of the page, `box` null is all of it."""
    within = [word for word in words if box is None or has_middle_in(word.box, box)]
    is_own_text = page.facts.read_by in OWN_TEXT
    heights = sorted(_height_pt(page, word) for word in within if _is_measurable(word.text, is_own_text))
    if heights:
        stray = min(max(int(len(heights) * STRAY_SHARE), STRAY_WORDS), len(heights) // 3)
        if is_own_text:
            return Glyphs(height_pt=_least(heights[stray]) * CAPITAL_SHARE, by=GlyphsBy.WORDS)
        return Glyphs(height_pt=max(heights[stray], LEAST_GLYPH_PT * CAPITAL_SHARE), by=GlyphsBy.RECOGNISED)
    smallest = page.facts.smallest_glyph_pt
    if smallest is not None:
        return Glyphs(height_pt=_least(smallest) * CAPITAL_SHARE, by=GlyphsBy.PAGE)
    return Glyphs(height_pt=ASSUMED_GLYPH_PT * CAPITAL_SHARE, by=GlyphsBy.ASSUMED)


def _least(size_pt: float) -> float:
    return max(size_pt, LEAST_GLYPH_PT)


def _is_measurable(text: str, is_own_text: bool) -> bool:
    """Two letters or more, so that the shorter side of the box is the height, however the word is turned; of ink some
    of them as high as a capital."""
    if sum(letter.isalnum() for letter in text) < 2:
        return False
    return is_own_text or any(letter.isalnum() and letter not in _LOW for letter in text)


def _height_pt(page: Page, word: Word) -> float:
    x0, y0, x1, y1 = word.box
    return min((x1 - x0) * page.width_pt, (y1 - y0) * page.height_pt)
