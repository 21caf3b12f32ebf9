"""Reads one picture in several passes: as it is, made upright where lettering is slanted, turned, and what is left."""

import asyncio
from collections.abc import Callable

import msgspec

from domain.documents import Box
from domain.errors import RecognitionFailed
from workers.rendering.recognising_ink import (
    Picture,
    as_png,
    letters_beside,
    read_picture,
    slanted_back,
    turned,
    turned_back,
    upright,
    without_rulings,
)
from workers.rendering.recognising_merge import sure_words
from workers.rendering.recognising_tesseract import PAGE_OF_TEXT, SPARSE, Tesseract
from workers.rendering.recognising_types import SeenLine, mean_confidence

GOOD_CONFIDENCE = 75.0
"""Mean of a picture; below, slanted lettering is tried. Measured 2026-11-20: pages of text have 90 and more, slanted
lettering 59 to 61 as it is and 75 made upright."""

POOR_CONFIDENCE = 55.0
"""Mean of a page of text that may lie on its side or upside down. A guess."""

LETTERS_LEFT = 12
"""Spots of the size of letters that are worth another pass. A guess."""

SHARE_LEFT = 0.05
"""Of all letters of a page of text: fewer are specks, signs and signatures. A guess."""

SURE_CONFIDENCE = 85.0
"""Of a word that the pass which read the picture worse saw. A guess."""

TURNED_CONFIDENCE = 65.0
"""Of words found by a second look, in pieces of drawing too. A guess."""

TURNED_LETTERS = 2


class TileReader:
    """A picture file drawn at `dpi`. `rulings` and all lines are in its pixels at 300 dpi, `size_px` wide and high.
    Making one blocks for a quarter of a second."""

    def __init__(self, tesseract: Tesseract, data: bytes, dpi: float) -> None:
        self._tesseract = tesseract
        self._picture, self.rulings = without_rulings(read_picture(data, dpi))
        self.size_px = (self._picture.shape[1], self._picture.shape[0])
        self._is_slanted = False

    async def read(self, *, is_text: bool) -> list[SeenLine]:
        """`is_text`: a page of text rather than a sheet. Raises RecognitionFailed."""
        lettering, letters = await asyncio.to_thread(letters_beside, self._picture, [])
        if letters < TURNED_LETTERS:
            return []
        if not is_text:
            self._picture = lettering
        found = await self._pass(self._picture, PAGE_OF_TEXT if is_text else SPARSE)
        if mean_confidence(found) < GOOD_CONFIDENCE:
            found = await self._better(found)
        if is_text and mean_confidence(found) < POOR_CONFIDENCE:
            found = await self._best_turned(found)
        return await self._with_rest(found, letters, is_text=is_text)

    async def _better(self, found: list[SeenLine]) -> list[SeenLine]:
        """The better of two passes with the sure words of the other: upright and slanted lettering stand side by side.
        Where both have a word, the surer one is kept when tiles are merged."""
        straight = await self._second_pass(self._picture, SPARSE, slanted=True)
        self._is_slanted = _worth(straight) > _worth(found)
        better, other = (straight, found) if self._is_slanted else (found, straight)
        return [*better, *_clear(other, offset=1, least=SURE_CONFIDENCE)]

    async def _best_turned(self, found: list[SeenLine]) -> list[SeenLine]:
        """The page as it lies on the paper, whichever way it was scanned."""
        for turn in (90, 270, 180):
            other = await self._second_pass(self._picture, PAGE_OF_TEXT, turn=turn)
            if _worth(other) > 2 * _worth(found):
                return other
        return found

    async def _with_rest(self, found: list[SeenLine], letters: int, *, is_text: bool) -> list[SeenLine]:
        """With what the first look left: labels that are no paragraphs, text running upwards."""
        least = max(LETTERS_LEFT, SHARE_LEFT * letters) if is_text else LETTERS_LEFT
        for turn in (0, 90) if is_text else (90,):
            rest, left = await asyncio.to_thread(letters_beside, self._picture, _places(found))
            if left < least or any(line.turn > turn for line in found):
                break
            more = await self._second_pass(rest, SPARSE, turn=turn, slanted=self._is_slanted)
            found = [*found, *_clear(more, offset=2 + turn)]
        return found

    async def _second_pass(
        self, picture: Picture, mode: int, *, turn: int = 0, slanted: bool = False
    ) -> list[SeenLine]:
        """Nothing where the program gives up: what the first pass saw stays."""
        try:
            return await self._pass(picture, mode, turn=turn, slanted=slanted)
        except RecognitionFailed:
            return []

    async def _pass(self, picture: Picture, mode: int, *, turn: int = 0, slanted: bool = False) -> list[SeenLine]:
        png = await asyncio.to_thread(_prepared, picture, turn, slanted)
        size = (picture.shape[1], picture.shape[0])

        def back(box: Box) -> Box:
            straight = slanted_back(box) if slanted else box
            return turned_back(straight, turn, size)

        return [msgspec.structs.replace(moved(line, back), turn=turn) for line in await self._tesseract.read(png, mode)]


def moved(line: SeenLine, carry: Callable[[Box], Box], *, scale: float = 1.0) -> SeenLine:
    """The line with its boxes carried to another space, and its size scaled."""
    words = tuple(msgspec.structs.replace(word, box=carry(word.box)) for word in line.words)
    return msgspec.structs.replace(line, words=words, size=line.size * scale)


def _prepared(picture: Picture, turn: int, slanted: bool) -> bytes:
    picture = turned(picture, turn)
    return as_png(upright(picture) if slanted else picture)


def _worth(lines: list[SeenLine]) -> float:
    """Letters of words that are sure, weighed by how sure."""
    sure = [line for line in (sure_words(line) for line in lines) if line is not None]
    return sum(line.letters for line in sure) * mean_confidence(sure)


def _places(lines: list[SeenLine]) -> list[Box]:
    sure = [line for line in (sure_words(line) for line in lines) if line is not None]
    return [word.box for line in sure for word in line.words]


def _clear(lines: list[SeenLine], *, offset: int, least: float = TURNED_CONFIDENCE) -> list[SeenLine]:
    """Words of a second look that are certainly words; their paragraphs are new ones."""
    kept = []
    for line in lines:
        words = tuple(
            word
            for word in line.words
            if word.confidence >= least and sum(c.isalnum() for c in word.text) >= TURNED_LETTERS
        )
        if words:
            kept.append(msgspec.structs.replace(line, words=words, paragraph=line.paragraph + 1000 * offset))
    return kept
