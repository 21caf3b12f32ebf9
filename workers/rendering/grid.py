"""The grid A1–C3 on a picture: thin lines that let everything through, and names on a border added around it. Runs in
render children only.

Columns are letters from the left, rows digits from the top (spec/aizoomdoc.md §1.7). There the names stood on opaque
boxes that hid the drawing in nine places.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat

from workers.rendering.outlines import free_colour

COLUMNS, ROWS = "ABC", "123"
BORDER_SHARE = 1 / 56
BORDER_MIN_PX = 16
"""28 px on an overview of 1,568 px: names of 20 px, read by every model (peers.md §5c: 15 px are needed). A guess."""

LINE_SHARE = 1 / 800
_PAPER, _INK = (255, 255, 255), (0, 0, 0)
_DARK = 100
"""Mean brightness, 0–255, below which a picture counts as light on dark. A guess."""


def border_px(longest_px: int) -> int:
    """Width of the border on each side, for the longest side of the whole picture with its border."""
    return max(BORDER_MIN_PX, round(longest_px * BORDER_SHARE))


def with_grid(picture: Image.Image, border: int) -> Image.Image:
    """The RGB picture with lines, within a border of that many pixels. Nothing of the picture is lost: a line darkens
    paper and leaves ink, or lightens dark ground and leaves what is light on it."""
    lined = _with_lines(picture)
    framed = Image.new("RGB", (picture.width + 2 * border, picture.height + 2 * border), _PAPER)
    framed.paste(lined, (border, border))
    pen = ImageDraw.Draw(framed)
    pen.rectangle((border - 1, border - 1, border + picture.width, border + picture.height), outline=_INK)
    font = ImageFont.load_default(size=max(round(border * 0.75), 10))
    for number in range(3):
        x = border + picture.width * (2 * number + 1) / 6
        y = border + picture.height * (2 * number + 1) / 6
        for edge in (border / 2, framed.height - border / 2):
            pen.text((x, edge), COLUMNS[number], fill=_INK, font=font, anchor="mm")
        for edge in (border / 2, framed.width - border / 2):
            pen.text((edge, y), ROWS[number], fill=_INK, font=font, anchor="mm")
    return framed


def _with_lines(picture: Image.Image) -> Image.Image:
    small = picture.resize((64, 64), Image.Resampling.BOX).convert("L")
    is_dark = ImageStat.Stat(small).mean[0] < _DARK
    lines = Image.new("RGB", picture.size, _INK if is_dark else _PAPER)
    pen = ImageDraw.Draw(lines)
    colour = free_colour(picture)
    width = max(1, round(max(picture.size) * LINE_SHARE))
    for third in (1, 2):
        x, y = picture.width * third // 3, picture.height * third // 3
        pen.line((x, 0, x, picture.height), fill=colour, width=width)
        pen.line((0, y, picture.width, y), fill=colour, width=width)
    return (ImageChops.lighter if is_dark else ImageChops.darker)(picture, lines)
