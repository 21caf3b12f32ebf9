"""A drawing sheet in millimetres: pens, lines, arcs and lettering over one PyMuPDF page.

Origin top left, x right, y down, everything in millimetres of paper. Knows nothing of buildings, stamps or tables.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pymupdf

Point = tuple[float, float]
Colour = tuple[float, float, float]

POINTS_PER_MM = 72 / 25.4
BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Pen:
    """A line style; `dash` is a PDF dash pattern in points, e.g. `[4 2] 0`, empty for a solid line."""

    width_mm: float
    colour: Colour = BLACK
    dash: str = ""

    def tinted(self, colour: Colour) -> "Pen":
        return replace(self, colour=colour)


# Line weights of ГОСТ 2.303: main line s = 0.7 mm, thin lines s/3 to s/2, dash patterns in points.
MAIN = Pen(0.7)
MEDIUM = Pen(0.35)
THIN = Pen(0.18)
HIDDEN = Pen(0.18, dash="[4 2] 0")
AXIS = Pen(0.18, dash="[22 4 3 4] 0")
NO_LINE = Pen(0.0)


@dataclass(frozen=True)
class Lettering:
    """A text style: the font, its narrowing and its slope (tangent of the angle from the vertical).

    `cap_height` is the height of a capital letter over the font size.
    """

    name: str
    font: pymupdf.Font
    cap_height: float
    narrowing: float
    slope: float

    def width_mm(self, text: str, height_mm: float) -> float:
        """Width of one line of `text` whose capitals are `height_mm` tall."""
        return self.font.text_length(text, fontsize=1) * height_mm / self.cap_height * self.narrowing


class Sheet:
    """One page being drawn; nothing is on the page before `finish`."""

    def __init__(self, document: pymupdf.Document, size_mm: tuple[float, float], lettering: Lettering) -> None:
        self.width_mm, self.height_mm = size_mm
        self.lettering = lettering
        self._page = document.new_page(width=self.width_mm * POINTS_PER_MM, height=self.height_mm * POINTS_PER_MM)
        self._shape = self._page.new_shape()
        self._style: tuple[Pen, Colour | None] | None = None
        self._fonts: set[str] = set()

    def finish(self) -> None:
        """Write everything drawn so far to the page; text lies above all lines."""
        self._close_path()
        self._shape.commit()

    def line(self, start: Point, end: Point, pen: Pen) -> None:
        self._use(pen, None)
        self._shape.draw_line(_points(start), _points(end))

    def polyline(self, corners: Sequence[Point], pen: Pen) -> None:
        self._use(pen, None)
        self._shape.draw_polyline([_points(corner) for corner in corners])

    def polygon(self, corners: Sequence[Point], pen: Pen, fill: Colour | None = None) -> None:
        self._use(pen, fill)
        self._shape.draw_polyline([_points(corner) for corner in (*corners, corners[0])])

    def rect(self, x: float, y: float, width: float, height: float, pen: Pen, fill: Colour | None = None) -> None:
        self._use(pen, fill)
        self._shape.draw_rect(pymupdf.Rect(*_points((x, y)), *_points((x + width, y + height))))

    def circle(self, centre: Point, radius: float, pen: Pen, fill: Colour | None = None) -> None:
        self._use(pen, fill)
        self._shape.draw_circle(_points(centre), radius * POINTS_PER_MM)

    def arc(self, centre: Point, radius: float, start_deg: float, end_deg: float, pen: Pen) -> None:
        """An arc from one angle to another, counted counter-clockwise from the x axis as the eye sees it."""
        self.polyline(arc_points(centre, radius, start_deg, end_deg), pen)

    def text(
        self,
        at: Point,
        text: str,
        height: float = 2.5,
        *,
        align: str = "left",
        turn_deg: float = 0,
        fit_mm: float | None = None,
        colour: Colour = BLACK,
        halo: bool = False,
        lettering: Lettering | None = None,
    ) -> float:
        """Write one line with its baseline at `at`; returns its width in mm.

        `align` is left, centre or right; `turn_deg` turns counter-clockwise; `fit_mm` narrows the letters further
        until the line fits; `halo` clears the paper behind an unturned line. A `~` is a space that `wrap` keeps.
        """
        text = text.replace("~", " ")
        style = lettering or self.lettering
        width = style.width_mm(text, height)
        narrowing = style.narrowing * (min(1.0, fit_mm / width) if fit_mm and width else 1.0)
        width = min(width, fit_mm) if fit_mm else width
        shift = {"left": 0.0, "centre": -width / 2, "right": -width}[align]
        turn = math.radians(turn_deg)
        start = (at[0] + shift * math.cos(turn), at[1] - shift * math.sin(turn))
        if halo:
            self.rect(start[0] - 0.4, start[1] - height - 0.5, width + 0.8, height + 1.0, NO_LINE, WHITE)
        self._write(start, text, height, style, narrowing, turn_deg, colour)
        return width

    def _write(
        self,
        start: Point,
        text: str,
        height: float,
        style: Lettering,
        narrowing: float,
        turn_deg: float,
        colour: Colour,
    ) -> None:
        if style.name not in self._fonts:
            self._page.insert_font(fontname=style.name, fontbuffer=style.font.buffer)
            self._fonts.add(style.name)
        # Matrices of PyMuPDF's `morph` act in PDF space, where y points up.
        turned = pymupdf.Matrix(narrowing, 0, style.slope, 1, 0, 0) * pymupdf.Matrix(turn_deg)
        self._shape.insert_text(
            _points(start),
            text,
            fontname=style.name,
            fontsize=height / style.cap_height * POINTS_PER_MM,
            color=colour,
            morph=(_points(start), turned),
        )

    def _use(self, pen: Pen, fill: Colour | None) -> None:
        """Go on with the current path while the style stays the same: pages stay small, `get_drawings` short."""
        if self._style != (pen, fill):
            self._close_path()
            self._style = (pen, fill)

    def _close_path(self) -> None:
        if self._style is None:
            return
        pen, fill = self._style
        self._shape.finish(
            width=pen.width_mm * POINTS_PER_MM,
            color=pen.colour if pen.width_mm else None,
            fill=fill,
            dashes=pen.dash or None,
            lineCap=0 if pen.dash else 1,
            lineJoin=1,
            closePath=False,
        )
        self._style = None


def arc_points(centre: Point, radius: float, start_deg: float, end_deg: float, steps: int = 12) -> list[Point]:
    """Points of an arc, counter-clockwise from the x axis as the eye sees it."""
    angles = [math.radians(start_deg + (end_deg - start_deg) * step / steps) for step in range(steps + 1)]
    return [(centre[0] + radius * math.cos(a), centre[1] - radius * math.sin(a)) for a in angles]


def wrap(text: str, width_mm: float, height_mm: float, lettering: Lettering) -> list[str]:
    """Lines of `text` no wider than `width_mm`; breaks at spaces and at line feeds, not at `~`, not inside a word."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and lettering.width_mm(longer, height_mm) > width_mm:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def _points(at: Point) -> pymupdf.Point:
    return pymupdf.Point(round(at[0] * POINTS_PER_MM, 3), round(at[1] * POINTS_PER_MM, 3))
