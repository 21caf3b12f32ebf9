"""Known edits put into copies of a page: what a revision changes, with the places where it does."""

import random
import re
from collections.abc import Iterator, Sequence

import msgspec
import pymupdf

from domain.documents import BlockKind, Box, PageContent, Word
from domain.revisions.rules_classes import class_of
from domain.revisions.types import ChangeClass, ChangeKind, to_seen

FONT = "notos"
MARGIN_PT = 14.0
SYMBOL_PT = 34.0
TRIES = 400


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. Boxes in points of the page as seen, null where the side shows nothing."""

    kind: ChangeKind
    change_class: ChangeClass
    box_a: Box | None = None
    box_b: Box | None = None


class Editor:
    """Puts edits into page `b`; what is to be removed is drawn on page `a` first. Nothing is put twice at one place."""

    def __init__(self, a: pymupdf.Page, b: pymupdf.Page, content: PageContent, seed: int) -> None:
        self._a, self._b = a, b
        self._content = content
        self._random = random.Random(seed)
        self._font = pymupdf.Font(FONT)
        self._tables = {block.block_no for block in content.blocks if block.kind is BlockKind.TABLE}
        self._taken: list[pymupdf.Rect] = []
        self._filled = [pymupdf.Rect(to_seen(content.page, word.box)) for word in content.words]
        self._filled += [pymupdf.Rect(path["rect"]) * a.rotation_matrix for path in a.get_cdrawings()]
        self._pending: list[tuple[pymupdf.Point, str, float]] = []

    def edits(self, wanted: Sequence[ChangeClass], geometry: Sequence[ChangeKind]) -> list[Edit]:
        """One edit for each class and kind that finds a place."""
        made = [edit for change_class in wanted if (edit := self._change_word(change_class)) is not None]
        if self._pending:
            self._b.apply_redactions(images=0, graphics=0)
        for origin, text, size in self._pending:
            self._write(origin, text, size)
        return made + [edit for kind in geometry if (edit := self._change_drawing(kind)) is not None]

    def _change_word(self, change_class: ChangeClass) -> Edit | None:
        words = [word for word in self._content.words if self._fits(word, change_class)]
        self._random.shuffle(words)
        for word in words:
            rect = pymupdf.Rect(to_seen(self._content.page, word.box))
            if rect.width < 3 or rect.height < 3 or rect.height > 2.5 * rect.width or not self._is_free(rect, 3):
                continue
            self._taken.append(rect)
            after = self._altered(word.text)
            self._rewrite(rect, after)
            return Edit(kind=ChangeKind.CHANGED, change_class=change_class, box_a=tuple(rect), box_b=tuple(rect))
        return None

    def _fits(self, word: Word, change_class: ChangeClass) -> bool:
        in_table = word.block_no in self._tables
        if not re.search(r"\w", word.text) or (change_class is ChangeClass.NOTE and len(word.text) < 4):
            return False
        if change_class is ChangeClass.NOTE and not word.text.isalpha():
            return False
        return class_of(None, word.text, in_table=in_table) is change_class

    def _altered(self, text: str) -> str:
        """Another digit, or another word of the same length where there is none."""
        places = [place for place, letter in enumerate(text) if letter in "0123456789"]
        if places:
            place = self._random.choice(places)
            return text[:place] + str((int(text[place]) + self._random.randint(1, 8)) % 10) + text[place + 1 :]
        is_russian = re.search("[а-яё]", text, re.IGNORECASE) is not None
        return ("заменено" if is_russian else "replaced")[: max(len(text), 4)]

    def _rewrite(self, rect: pymupdf.Rect, text: str) -> None:
        page = self._b
        inner = pymupdf.Rect(rect.x0 + 0.3, rect.y0 + rect.height * 0.3, rect.x1 - 0.3, rect.y1 - rect.height * 0.3)
        page.add_redact_annot(inner * page.derotation_matrix, cross_out=False)
        size = min(rect.height * 0.72, rect.width / max(self._font.text_length(text, 1), 0.1))
        origin = pymupdf.Point(rect.x0, rect.y1 - rect.height * 0.22) * page.derotation_matrix

        self._pending.append((origin, text, size))

    def _write(self, origin: pymupdf.Point, text: str, size: float) -> None:
        # A content stream that leaves its coordinates changed would carry what follows elsewhere.
        self._b.wrap_contents()
        self._b.insert_font(fontname="revised", fontbuffer=self._font.buffer)
        self._b.insert_text(origin, text, fontsize=size, fontname="revised", rotate=self._b.rotation)

    def _change_drawing(self, kind: ChangeKind) -> Edit | None:
        first, symbol = self._free_place(), self._symbol()
        if first is None:
            return None
        if kind is ChangeKind.ADDED:
            self._draw(self._b, first, symbol)
            return Edit(kind=kind, change_class=ChangeClass.GEOMETRY, box_b=tuple(first))
        self._draw(self._a, first, symbol)
        if kind is ChangeKind.REMOVED:
            return Edit(kind=kind, change_class=ChangeClass.GEOMETRY, box_a=tuple(first))
        if kind is ChangeKind.CHANGED:
            self._draw(self._b, first, self._symbol())
            return Edit(kind=kind, change_class=ChangeClass.GEOMETRY, box_a=tuple(first), box_b=tuple(first))
        second = self._free_place()
        if second is None:
            return Edit(kind=ChangeKind.REMOVED, change_class=ChangeClass.GEOMETRY, box_a=tuple(first))
        self._draw(self._b, second, symbol)
        return Edit(kind=kind, change_class=ChangeClass.GEOMETRY, box_a=tuple(first), box_b=tuple(second))

    def _symbol(self) -> list[tuple[float, float]]:
        """Corners of a closed outline within the unit square, no two alike."""
        return [(self._random.uniform(0.1, 0.9), self._random.uniform(0.1, 0.9)) for _ in range(6)]

    def _draw(self, page: pymupdf.Page, rect: pymupdf.Rect, symbol: Sequence[tuple[float, float]]) -> None:
        shape = page.new_shape()
        points = [pymupdf.Point(rect.x0 + x * rect.width, rect.y0 + y * rect.height) for x, y in symbol]
        seen = [point * page.derotation_matrix for point in points]
        shape.draw_polyline([*seen, seen[0]])
        shape.draw_circle(seen[0], 4)
        shape.finish(width=0.7)
        shape.commit()

    def _free_place(self) -> pymupdf.Rect | None:
        width, height = self._a.rect.width, self._a.rect.height
        for _ in range(TRIES):
            x = self._random.uniform(MARGIN_PT, max(width - SYMBOL_PT - MARGIN_PT, MARGIN_PT + 1))
            y = self._random.uniform(MARGIN_PT, max(height - SYMBOL_PT - MARGIN_PT, MARGIN_PT + 1))
            rect = pymupdf.Rect(x, y, x + SYMBOL_PT, y + SYMBOL_PT)
            if self._is_free(rect, 12) and not any(_crosses(rect, other) for other in self._filled):
                self._taken.append(rect)
                return rect
        return None

    def _is_free(self, rect: pymupdf.Rect, gap: float) -> bool:
        grown = pymupdf.Rect(rect.x0 - gap, rect.y0 - gap, rect.x1 + gap, rect.y1 + gap)
        return not any(grown.intersects(other) for other in self._taken)


def _crosses(rect: pymupdf.Rect, other: pymupdf.Rect) -> bool:
    """Frames around the place do not fill it."""
    grown = pymupdf.Rect(other.x0 - 1, other.y0 - 1, other.x1 + 1, other.y1 + 1)
    return rect.intersects(grown) and not grown.contains(rect)


def classes_of(content: PageContent) -> Iterator[ChangeClass]:
    """The classes of text that the page has words of."""
    tables = {block.block_no for block in content.blocks if block.kind is BlockKind.TABLE}
    seen = {class_of(None, word.text, in_table=word.block_no in tables) for word in content.words}
    yield from (change_class for change_class in ChangeClass if change_class in seen)
