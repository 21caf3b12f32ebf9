"""Symbols of the ventilation drawings at 1:100, after ГОСТ 21.205: terminals, fire dampers, risers."""

import math

from ductwork import FireDamper
from plan_view import draw_arrow
from sheet import BLACK, THIN, WHITE, Colour, Pen, Point, Sheet

SUPPLY_COLOUR: Colour = (0.0, 0.22, 0.62)
EXHAUST_COLOUR: Colour = (0.62, 0.1, 0.08)


def system_colour(system: str) -> Colour:
    return SUPPLY_COLOUR if system.startswith("П") else EXHAUST_COLOUR


def draw_terminal(sheet: Sheet, centre: Point, kind: str, colour: Colour, *, arrows: bool = True) -> None:
    """The symbol of a diffuser ДП, a grille РВ or РП or an exhaust valve АД, at 1:100."""
    x, y = centre
    pen = Pen(0.3, colour)
    if kind.startswith("ДП"):
        side = int(kind.split("-")[1]) / 100
        sheet.rect(x - side / 2, y - side / 2, side, side, pen, WHITE)
        sheet.line((x - side / 2, y - side / 2), (x + side / 2, y + side / 2), pen)
        sheet.line((x - side / 2, y + side / 2), (x + side / 2, y - side / 2), pen)
    elif kind.startswith("Р"):
        width, depth = (int(value) / 100 for value in kind.split(" ")[1].split("×"))
        sheet.rect(x - width / 2, y - depth / 2, width, depth, pen, WHITE)
        for step in range(1, round(width * 1.6)):
            louvre = x - width / 2 + step * width / round(width * 1.6)
            sheet.line((louvre, y - depth / 2), (louvre, y + depth / 2), THIN.tinted(colour))
    else:
        sheet.circle(centre, 1.5, pen, WHITE)
        sheet.circle(centre, 0.7, pen)
    if arrows and not kind.startswith("АД"):
        _draw_air_arrows(sheet, centre, kind, pen)


def draw_fire_damper(sheet: Sheet, centre: Point, damper: FireDamper) -> None:
    """A box over the duct with one half filled: the normally open damper КПУ-1."""
    half = max(damper.size.width_mm / 200, 1.2) + 0.4
    along, across = (1.8, half) if damper.is_horizontal else (half, 1.8)
    x, y = centre
    sheet.rect(x - along, y - across, 2 * along, 2 * across, Pen(0.35), WHITE)
    corners = [(x - along, y - across), (x + along, y + across), (x - along, y + across)]
    sheet.polygon(corners, Pen(0.18), BLACK)


def draw_riser(sheet: Sheet, centre: Point) -> None:
    """A duct that goes up: a circle with a cross."""
    pen = Pen(0.3, EXHAUST_COLOUR)
    sheet.circle(centre, 1.6, pen, WHITE)
    reach = 1.6 * math.sqrt(0.5)
    for side in (-1, 1):
        sheet.line((centre[0] - reach, centre[1] - side * reach), (centre[0] + reach, centre[1] + side * reach), pen)


def _draw_air_arrows(sheet: Sheet, centre: Point, kind: str, pen: Pen) -> None:
    x, y = centre
    if kind.startswith("ДП"):
        reach = int(kind.split("-")[1]) / 200
        for side in (-1, 1):
            draw_arrow(sheet, (x + side * (reach + 0.3), y), (x + side * (reach + 2.8), y), pen, 1.3)
        return
    reach = int(kind.split(" ")[1].split("×", maxsplit=1)[0]) / 200
    near, far = (0.3, 2.8) if kind.startswith("РП") else (2.8, 0.3)
    for side in (-1, 1):
        draw_arrow(sheet, (x + side * (reach + near), y), (x + side * (reach + far), y), pen, 1.3)
