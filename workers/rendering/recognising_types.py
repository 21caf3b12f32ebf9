"""What was recognised on a picture of a page: in pixels of a picture, then in 0–1 of the unrotated page."""

import msgspec

from domain.documents import Box


class SeenWord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`confidence` is Tesseract's own, 0–100."""

    text: str
    box: Box
    confidence: float


class SeenLine(msgspec.Struct, frozen=True, array_like=True):
    """Words on one baseline from left to right, all boxes in the same space. `size` is the height of its letters from
    descender to ascender, in pixels of the picture, in points once it is a page's. `paragraph` numbers Tesseract's own
    grouping within the page. `turn`: degrees clockwise by which the page as seen must be turned to make it level."""

    words: tuple[SeenWord, ...]
    size: float
    paragraph: int
    turn: int = 0

    @property
    def letters(self) -> int:
        return sum(len(word.text) for word in self.words)


class SeenPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in 0–1 of the unrotated page; `rulings` are the long straight lines of the picture."""

    page_no: int
    lines: tuple[SeenLine, ...]
    rulings: tuple[Box, ...] = ()
    confidence: float | None = None
    """0–1, the mean over letters; null when nothing was recognised."""

    is_whole: bool = True
    """False when a part of the page could not be read."""


def mean_confidence(lines: list[SeenLine]) -> float:
    """0–100 over letters; 0 without any."""
    letters = sum(line.letters for line in lines)
    total = sum(word.confidence * len(word.text) for line in lines for word in line.words)
    return total / letters if letters else 0.0
