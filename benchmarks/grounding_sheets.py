"""Sheets made for measuring: what is written where is known to the letter, as the page is seen.

Upright paragraphs, a ruled table, labels of a drawing (some of them written upwards), at the sizes of letters that
GOST 2.304 and CAD exports use. A sheet with a rotation is drawn so that it reads upright once rotated, as plotters do.
"""

import random
from collections.abc import Iterator, Sequence

import msgspec
import pymupdf

from domain.documents import Box

FONT = "cjk"
"""Droid Sans Fallback, which comes with PyMuPDF and has Cyrillic letters."""

LETTERS = "letters"

ABOVE = 1556 / 2048
BELOW = 492 / 2048
"""How far b stands above and p below the line in Droid Sans, of the font's size: the outlines of these letters."""

SIZES_MM = {"A4": (210, 297), "A3": (420, 297), "A2": (594, 420), "A1": (841, 594), "A0": (1189, 841)}
ROTATIONS = (0, 90, 180, 270)

WORDS = {
    "ru": """воздуховод приточной установки прокладывается в пространстве подшивного потолка на отметке низа согласно
    чертежам марки АР крепление выполнить по серии шаг опор принять не более теплоизоляция минераловатными матами
    огнестойкость транзитных участков расход воздуха через решётку составляет при скорости давление вентилятора
    клапан противопожарный нормально открытый электропривод мощность двигателя подключение от щита автоматики""",
    "en": """supply duct is laid above the suspended ceiling at the level shown on drawings supports are spaced at most
    thermal insulation with mineral wool mats fire resistance of transit sections air flow through the grille amounts
    to velocity fan pressure normally open fire damper with electric actuator motor power fed from control panel""",
}
UNITS = {"ru": ("м³/ч", "Па", "мм", "кВт", "°C"), "en": ("m³/h", "Pa", "mm", "kW", "°C")}
MARKS = {"ru": ("П", "В", "КПУ-", "ОВ-", "ПД"), "en": ("S", "E", "FD-", "AHU-", "R")}


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One word as written; `box` is 0–1 of the page as seen, from the top of b to the bottom of p."""

    text: str
    box: Box
    line: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph, a row of a table or a label."""

    words: tuple[Written, ...]
    kind: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    file: bytes
    items: tuple[Item, ...]
    size: str
    rotation: int
    language: str


def sheets(seed: int, sizes: Sequence[str] = (), rotations: Sequence[int] = ROTATIONS) -> Iterator[Sheet]:
    """One sheet of each size (of the named ones, if any), rotation and language."""
    for size in sizes or SIZES_MM:
        for rotation in rotations:
            for language in WORDS:
                yield _Draughtsman(
                    size, rotation, language, random.Random(f"{seed} {size} {rotation} {language}")
                ).draw()


class _Draughtsman:
    def __init__(self, size: str, rotation: int, language: str, chance: random.Random) -> None:
        self._size, self._rotation, self._language, self._chance = size, rotation, language, chance
        self._width, self._height = (side / 25.4 * 72 for side in SIZES_MM[size])
        self._font = pymupdf.Font(FONT)
        self._document = pymupdf.open()
        sides = (self._height, self._width) if rotation in (90, 270) else (self._width, self._height)
        self._page = self._document.new_page(width=sides[0], height=sides[1])
        self._page.set_rotation(rotation)
        self._page.insert_font(fontname=LETTERS, fontbuffer=self._font.buffer)
        self._items: list[Item] = []

    def draw(self) -> Sheet:
        """Paragraphs fill the left third, the table stands at the top right, labels on the rest."""
        top = 40.0
        while top < self._height - 90:
            top = self._paragraph(40, top, self._width / 3 - 60, self._chance.choice((9, 10, 12, 14))) + 14
        self._table(self._width / 3 + 20, 50, self._width * 2 / 3 - 60)
        self._labels()
        file = self._document.tobytes()
        self._document.close()
        return Sheet(
            file=file, items=tuple(self._items), size=self._size, rotation=self._rotation, language=self._language
        )

    def _paragraph(self, left: float, top: float, width: float, size: float) -> float:
        """The lower edge of a paragraph of 8 to 40 words, fewer at the foot of the page."""
        words = [self._word() for _ in range(self._chance.randint(8, 40))]
        written: list[Written] = []
        x, baseline, line = left, top + size, 0
        for word in words:
            length = self._font.text_length(word, size)
            if x + length > left + width and x > left:
                x, baseline, line = left, baseline + size * 1.35, line + 1
            if baseline > self._height - 40:
                break
            written.append(self._write(word, x, baseline, size, line))
            x += length + self._font.text_length(" ", size)
        self._items.append(Item(words=tuple(written), kind="paragraph"))
        return baseline

    def _table(self, left: float, top: float, width: float) -> None:
        columns, rows, size = 4, 7, 10.0
        cell, height = width / columns, 22.0
        for row in range(rows + 1):
            self._line(left, top + row * height, left + width, top + row * height)
        for column in range(columns + 1):
            self._line(left + column * cell, top, left + column * cell, top + rows * height)
        for row in range(rows):
            written: list[Written] = []
            for column in range(columns):
                x = left + column * cell + 4
                for word in (self._mark(),) if column == 0 else (self._number(), self._unit()):
                    if x + self._font.text_length(word, size) > left + (column + 1) * cell - 2:
                        break
                    written.append(self._write(word, x, top + row * height + 15, size, 0))
                    x += self._font.text_length(f"{word} ", size)
            self._items.append(Item(words=tuple(written), kind="row"))

    def _labels(self) -> None:
        """Labels in the fields of a grid, so that none lies on another; a quarter is written upwards."""
        left, top = self._width / 3 + 40, 250.0
        columns, rows = max(int((self._width - left) / 150), 1), max(int((self._height - top) / 130), 1)
        fields = [(column, row) for column in range(columns) for row in range(rows)]
        for column, row in self._chance.sample(fields, min(len(fields), 40)):
            size = self._chance.choice((5.0, 7.1, 10.0, 14.2))
            words = [self._mark(), self._number(), self._unit()]
            x, y = left + column * 150, top + row * 130 + 100
            is_upright = self._chance.random() > 0.25
            written: list[Written] = []
            for word in words:
                written.append(self._write(word, x, y, size, 0, is_upright=is_upright))
                length = self._font.text_length(f"{word} ", size)
                x, y = (x + length, y) if is_upright else (x, y - length)
            self._items.append(Item(words=tuple(written), kind="label" if is_upright else "label written upwards"))

    def _write(
        self, word: str, x: float, baseline: float, size: float, line: int, *, is_upright: bool = True
    ) -> Written:
        """At (x, baseline) of the page as seen, in points."""
        point = pymupdf.Point(x, baseline) * self._page.derotation_matrix
        turn = self._rotation if is_upright else (self._rotation + 90) % 360
        self._page.insert_text(point, word, fontsize=size, fontname=LETTERS, rotate=turn)
        length, above, below = self._font.text_length(word, size), ABOVE * size, BELOW * size
        box = (x, baseline - above, x + length, baseline + below)
        if not is_upright:
            box = (x - above, baseline - length, x + below, baseline)
        sides = (self._width, self._height, self._width, self._height)
        seen = tuple(edge / side for edge, side in zip(box, sides, strict=True))
        return Written(text=word, box=(seen[0], seen[1], seen[2], seen[3]), line=line)

    def _line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        ends = [pymupdf.Point(x, y) * self._page.derotation_matrix for x, y in ((x0, y0), (x1, y1))]
        self._page.draw_line(*ends)

    def _word(self) -> str:
        if self._chance.random() < 0.15:
            return self._chance.choice((self._number(), self._mark()))
        return self._chance.choice(WORDS[self._language].split())

    def _number(self) -> str:
        return self._chance.choice((f"{self._chance.randint(100, 9999)}", f"{self._chance.uniform(0, 99):.2f}"))

    def _unit(self) -> str:
        return self._chance.choice(UNITS[self._language])

    def _mark(self) -> str:
        return f"{self._chance.choice(MARKS[self._language])}{self._chance.randint(1, 99)}"
