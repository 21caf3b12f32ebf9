"""Known edits put into copies of a page: what a revision changes, with the places where it does."""

import random
import re
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import pymupdf

from domain.documents import BlockKind, Box, PageContent, Word
from domain.revisions.rules_classes import class_of
from domain.revisions.types import ChangeClass, ChangeKind, to_seen

FONT = "notos"
MARGIN_PT = 14.0
SYMBOL_PT = 34.0
LABEL_PT = 9.0
LABELS = ("К-17", "П4.2", "DN65", "+3.600", "2450", "см. лист 12", "Резервная линия подачи", "see detail of the joint")
"""Texts put where nothing was, of all classes."""

LINE_PT = (50.0, 140.0)
LINE_SHIFT_PT = 2 / 25.4 * 72
"""Lines lie across the drawing, in any direction of the two; a moved one moves by 2 mm."""

PIXELS, DARK, CROWDED = 2, 160, 0.3
"""Pixels to a point, the shade from which one is ink, and the share of a place's ink along a line from which there is
a line already: one more could not be seen."""

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
        self._table_boxes = [
            pymupdf.Rect(to_seen(content.page, block.box))
            for block in content.blocks
            if block.kind is BlockKind.TABLE and block.box is not None
        ]
        drawn = a.get_pixmap(dpi=72 * PIXELS, colorspace=pymupdf.csGRAY)
        self._ink = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.stride)[:, : drawn.width] < DARK
        self._words = [pymupdf.Rect(to_seen(content.page, word.box)) for word in content.words]
        self._pending: list[tuple[pymupdf.Point, str, float]] = []

    def edits(
        self, wanted: Sequence[ChangeClass], words: Sequence[ChangeKind], drawn: Sequence[ChangeKind]
    ) -> list[Edit]:
        """One edit for each class of changed words and each kind of word, symbol and line that finds a place."""
        made = [edit for change_class in wanted if (edit := self._change_word(change_class)) is not None]
        made += [edit for kind in words if (edit := self._place_word(kind)) is not None]
        if self._pending:
            self._b.apply_redactions(images=0, graphics=0)
        for origin, text, size in self._pending:
            self._write(origin, text, size)
        made += [edit for kind in drawn if (edit := self._change_drawing(kind)) is not None]
        return made + [edit for kind in drawn if (edit := self._change_line(kind)) is not None]

    def _change_word(self, change_class: ChangeClass) -> Edit | None:
        words = [word for word in self._content.words if self._fits(word, change_class)]
        self._random.shuffle(words)
        for word in words:
            rect = pymupdf.Rect(to_seen(self._content.page, word.box))
            if not self._is_apart(rect, word) or not self._erase(rect):
                continue
            self._taken.append(rect)
            self._rewrite(rect, self._altered(word.text))
            return Edit(kind=ChangeKind.CHANGED, change_class=change_class, box_a=tuple(rect), box_b=tuple(rect))
        return None

    def _place_word(self, kind: ChangeKind) -> Edit | None:
        """A text put where nothing was, a word taken away, or a designation put elsewhere."""
        if kind is ChangeKind.ADDED:
            text = self._random.choice(LABELS)
            place = self._label(text)
            return place and Edit(kind=kind, change_class=class_of(None, text, in_table=False), box_b=place)
        words = [word for word in self._content.words if self._may_go(word, kind)]
        self._random.shuffle(words)
        for word in words:
            rect = pymupdf.Rect(to_seen(self._content.page, word.box))
            if not self._is_apart(rect, word) or not self._erase(rect):
                continue
            self._taken.append(rect)
            change_class = class_of(word.text, None, in_table=word.block_no in self._tables)
            place = self._label(word.text) if kind is ChangeKind.MOVED else None
            kind = ChangeKind.MOVED if place else ChangeKind.REMOVED
            return Edit(kind=kind, change_class=change_class, box_a=tuple(rect), box_b=place)
        return None

    def _may_go(self, word: Word, kind: ChangeKind) -> bool:
        """Only designations are put elsewhere: a number or a word of a sentence means nothing by itself."""
        if kind is ChangeKind.MOVED:
            return self._fits(word, ChangeClass.DESIGNATION) and len(word.text) > 2
        return any(self._fits(word, change_class) for change_class in ChangeClass)

    def _label(self, text: str) -> Box | None:
        width = self._font.text_length(text, LABEL_PT)
        place = self._free_place(width, LABEL_PT * 1.3, self._table_boxes)
        if place is None:
            return None
        origin = pymupdf.Point(place.x0, place.y1 - LABEL_PT * 0.3) * self._b.derotation_matrix
        self._pending.append((origin, text, LABEL_PT))
        return tuple(place)

    def _is_apart(self, rect: pymupdf.Rect, word: Word) -> bool:
        """Level words without another edit beside them: two side by side are one change to the eye."""
        is_level = rect.height <= (2.5 if len(word.text) == 1 else 1.2) * rect.width
        return rect.width >= 3 and rect.height >= 3 and is_level and self._is_free(rect, max(3.0, 1.5 * rect.height))

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

    def _erase(self, rect: pymupdf.Rect) -> bool:
        """Marks the word for removal; no if letters of another word would go with it (they lie over one another)."""
        inner = pymupdf.Rect(rect.x0 + 0.3, rect.y0 + rect.height * 0.3, rect.x1 - 0.3, rect.y1 - rect.height * 0.3)
        for other in self._words:
            if other == rect or not inner.intersects(other):
                continue
            if other.x0 < rect.x0:
                inner.x0 = max(inner.x0, other.x1 + 0.3)
            elif other.x1 > rect.x1:
                inner.x1 = min(inner.x1, other.x0 - 0.3)
            else:
                return False
        if inner.width < rect.width / 3:
            return False
        self._b.add_redact_annot(inner * self._b.derotation_matrix, cross_out=False)
        return True

    def _rewrite(self, rect: pymupdf.Rect, text: str) -> None:
        size = min(rect.height * 0.72, rect.width / max(self._font.text_length(text, 1), 0.1))
        origin = pymupdf.Point(rect.x0, rect.y1 - rect.height * 0.22) * self._b.derotation_matrix
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

    def _change_line(self, kind: ChangeKind) -> Edit | None:
        """A line across whatever is there; a changed one gets longer."""
        line, step = self._line()
        if line is None:
            return None
        if kind is not ChangeKind.REMOVED:
            longer = kind is ChangeKind.CHANGED
            start, end = (line.tl, line.br + (line.br - line.tl) * 0.6) if longer else (line.tl, line.br)
            shift = step if kind is ChangeKind.MOVED else pymupdf.Point(0, 0)
            self._draw_line(self._b, start + shift, end + shift)
        if kind is not ChangeKind.ADDED:
            self._draw_line(self._a, line.tl, line.br)
        if kind is ChangeKind.MOVED:
            after = pymupdf.Rect(line.tl + step, line.br + step)
            return Edit(kind=kind, change_class=ChangeClass.GEOMETRY, box_a=tuple(line), box_b=tuple(after))
        shown = pymupdf.Rect(line.tl, line.br + (line.br - line.tl) * 0.6) if kind is ChangeKind.CHANGED else line
        # What is told of a line that got longer is the new piece of it.
        told = ChangeKind.ADDED if kind is ChangeKind.CHANGED else kind
        return Edit(
            kind=told,
            change_class=ChangeClass.GEOMETRY,
            box_a=None if kind in (ChangeKind.ADDED, ChangeKind.CHANGED) else tuple(line),
            box_b=None if kind is ChangeKind.REMOVED else tuple(shown),
        )

    def _line(self) -> tuple[pymupdf.Rect | None, pymupdf.Point]:
        """A level or upright line as a box without area, and the step across it that a moved one makes."""
        width, height = self._a.rect.width, self._a.rect.height
        for _ in range(TRIES):
            length, is_level = self._random.uniform(*LINE_PT), self._random.random() < 0.5
            across = (length, 0.0) if is_level else (0.0, length)
            x = self._random.uniform(MARGIN_PT, max(width - MARGIN_PT - 2 * across[0], MARGIN_PT + 1))
            y = self._random.uniform(MARGIN_PT, max(height - MARGIN_PT - 2 * across[1], MARGIN_PT + 1))
            line = pymupdf.Rect(x, y, x + across[0], y + across[1])
            kept = pymupdf.Rect(x - 1, y - 1, x + across[0] * 1.6 + 7, y + across[1] * 1.6 + 7)
            step = pymupdf.Point(0, LINE_SHIFT_PT) if is_level else pymupdf.Point(LINE_SHIFT_PT, 0)
            if self._is_free(kept, 12) and not any(
                self._is_drawn(place) for place in (line, pymupdf.Rect(line.tl + step, line.br + step))
            ):
                self._taken.append(kept)
                return line, step
        return None, pymupdf.Point()

    def _is_drawn(self, line: pymupdf.Rect) -> bool:
        """Whether much of the longer line that begins so would lie on other ink."""
        x0, y0 = int((line.x0 - 1.5) * PIXELS), int((line.y0 - 1.5) * PIXELS)
        x1, y1 = (line.x0 + line.width * 1.6 + 1.5) * PIXELS, (line.y0 + line.height * 1.6 + 1.5) * PIXELS
        ink = self._ink[max(y0, 0) : int(y1) + 1, max(x0, 0) : int(x1) + 1]
        return bool(ink.any(axis=0 if line.width > line.height else 1).mean() > CROWDED)

    def _draw_line(self, page: pymupdf.Page, start: pymupdf.Point, end: pymupdf.Point) -> None:
        shape = page.new_shape()
        shape.draw_line(start * page.derotation_matrix, end * page.derotation_matrix)
        shape.finish(width=0.7)
        shape.commit()

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

    def _free_place(
        self, wide: float = SYMBOL_PT, tall: float = SYMBOL_PT, but: Sequence[pymupdf.Rect] = ()
    ) -> pymupdf.Rect | None:
        width, height = self._a.rect.width, self._a.rect.height
        for _ in range(TRIES):
            x = self._random.uniform(MARGIN_PT, max(width - wide - MARGIN_PT, MARGIN_PT + 1))
            y = self._random.uniform(MARGIN_PT, max(height - tall - MARGIN_PT, MARGIN_PT + 1))
            rect = pymupdf.Rect(x, y, x + wide, y + tall)
            if any(rect.intersects(other) for other in but):
                continue
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
