"""Pages of words for the tests of revisions: one word per entry, a line of its own unless told."""

from domain.documents import Page, Word
from domain.revisions.types import PageText

WIDTH, HEIGHT = 600.0, 800.0


def line(text: str, x: float, y: float, *, block: int = 0, row: int = 0, size: float = 10.0) -> list[Word]:
    """The words of a line from (x, y) on, in points; a letter is half its size wide."""
    words = []
    for word in text.split():
        width = len(word) * size / 2
        box = (x / WIDTH, y / HEIGHT, (x + width) / WIDTH, (y + size) / HEIGHT)
        words.append(Word(word, box, block, row))
        x += width + size / 2
    return words


def page_of(*lines: list[Word], tables: tuple[int, ...] = (), rotation: int = 0) -> PageText:
    page = Page(page_no=1, width_pt=WIDTH, height_pt=HEIGHT, rotation=rotation)
    return PageText(page=page, words=tuple(word for words in lines for word in words), tables=frozenset(tables))
