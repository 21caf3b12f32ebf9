"""Outlines around places of a picture, in a colour that the picture does not use. Runs in render children only."""

from PIL import Image, ImageDraw

from domain.documents import Box

COLOURS = ((230, 0, 126), (255, 110, 0), (0, 150, 220), (60, 170, 0))
"""Magenta is rare on drawings; another one is taken where it is not."""

WIDTH_SHARE = 1 / 350
WIDTH_MIN_PX = 2
"""A guess: seen at a glance at any size, thinner than most letters."""


def outline(picture: Image.Image, boxes: list[Box]) -> None:
    """Outlines around the boxes (pixels), outside of what they enclose."""
    width_px = max(WIDTH_MIN_PX, round(min(picture.size) * WIDTH_SHARE))
    colour = free_colour(picture)
    pen = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes:
        gap = width_px + 1
        pen.rectangle((x0 - gap, y0 - gap, x1 + gap, y1 + gap), outline=colour, width=width_px)


def free_colour(picture: Image.Image) -> tuple[int, int, int]:
    """The colour of outlines that the picture itself uses least."""
    small = picture.resize((128, 128), Image.Resampling.NEAREST)
    pixels = small.getcolors(128 * 128) or []

    def use(colour: tuple[int, int, int]) -> int:
        return sum(
            count
            for count, seen in pixels
            if isinstance(seen, tuple) and all(abs(a - b) < 70 for a, b in zip(colour, seen, strict=True))
        )

    return min(COLOURS, key=use)
