"""Overviews, thumbnails, tiles and the grid."""

import io
from collections.abc import Callable

import pymupdf
import pytest
from PIL import Image, ImageChops

from domain.documents import Page
from domain.errors import RegionOutsidePage
from domain.evidence import Drawing, RenderKind, RenderSpec, Tile
from domain.rules_pyramid import levels_of, tile_of
from tests.fakes.pdfs import pdf_of, turned
from workers.rendering.drawing import draw
from workers.rendering.geometry import unrotated_size
from workers.rendering.grid import border_px
from workers.rendering.opening import open_document
from workers.rendering.sheets import Sheets

DrawFile = Callable[[bytes, RenderSpec], Drawing]
SAME = 2
CUT = 32
"""Of 255: what the edges of lines may differ by when a page is drawn whole, and when it is drawn in parts."""


def _drawing(page: pymupdf.Page) -> None:
    """Lines and letters all over the page, some in colour."""
    for number in range(40):
        page.draw_line((15 * number, 0), (595 - 9 * number, 842), color=(number / 40, 0, 0), width=0.3)
        page.insert_text((20 + 13 * number, 20 + 20 * number), f"В{number}", fontsize=9)


def _black(page: pymupdf.Page) -> None:
    page.draw_rect(page.rect, fill=(0, 0, 0))


def _picture(drawing: Drawing) -> Image.Image:
    return Image.open(io.BytesIO(drawing.data)).convert("RGB")


def _spec(kind: RenderKind, **wish: object) -> RenderSpec:
    return RenderSpec(sha256="x", page_no=1, kind=kind, **wish)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("kind", "longest"), [(RenderKind.OVERVIEW, 1568), (RenderKind.THUMBNAIL, 320)], ids=["overview", "thumbnail"]
)
@pytest.mark.parametrize("grid", [False, True], ids=["plain", "grid"])
def test_small_pictures_of_a_large_page_have_their_longest_side(
    draw_file: DrawFile, kind: RenderKind, longest: int, grid: bool
):
    drawing = draw_file(pdf_of(_drawing, width=1684, height=2384), _spec(kind, grid=grid))

    assert longest - 3 <= max(drawing.width_px, drawing.height_px) <= longest
    assert drawing.width_px < drawing.height_px


def test_a_longest_side_is_kept_and_never_makes_a_picture_sharper_than_asked(draw_file: DrawFile):
    file = pdf_of(_drawing)

    small = draw_file(file, _spec(RenderKind.PAGE, longest_px=500))
    large = draw_file(file, _spec(RenderKind.PAGE, longest_px=4000, dpi=72))

    assert (small.height_px, large.height_px) == (pytest.approx(500, abs=3), 842)


def test_a_small_region_is_drawn_larger_unless_told_not_to(draw_file: DrawFile):
    file, region = pdf_of(_drawing), (0.5, 0.5, 0.6, 0.52)

    grown = draw_file(file, _spec(RenderKind.REGION, region=region, dpi=72))
    exact = draw_file(file, _spec(RenderKind.REGION, region=region, dpi=72, least_px=0))

    assert grown.width_px == pytest.approx(512, abs=2)
    assert exact.width_px == pytest.approx(60, abs=2)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_tiles_put_together_are_the_page(rotation: int):
    with open_document(memoryview(pdf_of(turned(_drawing, rotation, (20, 30, 560, 800))))) as document:
        sheets = Sheets(document)
        page = document[0]
        width_pt, height_pt = unrotated_size(page)
        size = Page(page_no=1, width_pt=width_pt, height_pt=height_pt, rotation=rotation)
        level = levels_of(size)[2]
        joined = Image.new("RGB", (level.width_px, level.height_px))
        for x in range(level.columns):
            for y in range(level.rows):
                tile = tile_of(size, 2, x, y)
                assert tile is not None
                picture = _picture(draw(sheets, _spec(RenderKind.TILE, tile=tile)))
                assert picture.size == (tile.width, tile.height)
                joined.paste(picture, (tile.left, tile.top))

        scale = pymupdf.Matrix(level.width_px / page.rect.width, level.height_px / page.rect.height)
        whole = page.get_pixmap(matrix=scale, alpha=False)

    assert (whole.width, whole.height) == joined.size
    wanted = Image.frombytes("RGB", joined.size, whole.samples)
    assert ImageChops.difference(joined, wanted).point(lambda value: 255 if value > SAME else 0).getbbox() is None


def test_blocks_of_tiles_meet_without_a_seam(draw_file: DrawFile):
    """A level that is drawn in parts, at the place where four of them meet."""
    file = pdf_of(_drawing, width=842, height=842)
    tile = Tile(level_width_px=4400, level_height_px=4400, left=0, top=0, width=512, height=512)

    with open_document(memoryview(file)) as document:
        sheets = Sheets(document)
        joined = Image.new("RGB", (1024, 1024))
        for left in (1536, 2048):
            for top in (1536, 2048):
                spec = _spec(RenderKind.TILE, tile=_moved(tile, left, top))
                joined.paste(_picture(draw(sheets, spec)), (left - 1536, top - 1536))
        scale = 4400 / 842
        clip = pymupdf.Rect(1536, 1536, 2560, 2560) / scale
        whole = document[0].get_pixmap(matrix=pymupdf.Matrix(scale, scale), clip=clip, alpha=False)

    wanted = Image.frombytes("RGB", (whole.width, whole.height), whole.samples)
    assert ImageChops.difference(joined, wanted).point(lambda value: 255 if value > CUT else 0).getbbox() is None


@pytest.mark.parametrize(
    "tile",
    [
        None,
        Tile(level_width_px=100, level_height_px=100, left=-1, top=0, width=10, height=10),
        Tile(level_width_px=100, level_height_px=100, left=0, top=95, width=10, height=10),
        Tile(level_width_px=100, level_height_px=100, left=0, top=0, width=0, height=10),
        Tile(level_width_px=9000, level_height_px=9000, left=1024, top=0, width=2048, height=10),
    ],
    ids=["none", "left of the page", "below the page", "empty", "over a block's edge"],
)
def test_a_tile_that_is_none_is_refused(draw_file: DrawFile, tile: Tile | None):
    with pytest.raises(RegionOutsidePage):
        draw_file(pdf_of(_drawing), _spec(RenderKind.TILE, tile=tile))


def _moved(tile: Tile, left: int, top: int) -> Tile:
    return Tile(
        level_width_px=tile.level_width_px,
        level_height_px=tile.level_height_px,
        left=left,
        top=top,
        width=tile.width,
        height=tile.height,
    )


@pytest.mark.parametrize("rotation", [0, 90])
def test_the_grid_adds_a_border_and_hides_nothing_of_the_page(draw_file: DrawFile, rotation: int):
    file = pdf_of(turned(_drawing, rotation))
    plain = _picture(draw_file(file, _spec(RenderKind.PAGE, dpi=72)))

    lined = _picture(draw_file(file, _spec(RenderKind.PAGE, dpi=72, grid=True)))

    border = border_px(max(plain.size))
    assert lined.size == (plain.width + 2 * border, plain.height + 2 * border)
    inner = lined.crop((border, border, border + plain.width, border + plain.height))
    assert ImageChops.darker(inner, plain).tobytes() == inner.tobytes(), "lines only darken paper"
    for ink, seen in zip(_dark_pixels(plain), _dark_pixels(inner), strict=True):
        assert seen >= ink
    changed = ImageChops.difference(inner, plain).convert("L").point(lambda value: 255 if value else 0)
    assert sum(changed.histogram()[255:]) < 0.02 * plain.width * plain.height


def _dark_pixels(picture: Image.Image) -> bytes:
    """One byte for each pixel: 1 where there is ink."""
    return picture.convert("L").point(lambda value: 1 if value < 60 else 0).tobytes()


def test_the_lines_of_the_grid_are_seen_on_a_dark_page_too(draw_file: DrawFile):
    lined = _picture(draw_file(pdf_of(_black), _spec(RenderKind.PAGE, dpi=72, grid=True)))

    border = border_px(842)
    inner = lined.crop((border, border, lined.width - border, lined.height - border))
    assert inner.getpixel((inner.width // 3, 100)) != (0, 0, 0)
    assert inner.getpixel((inner.width // 2, 100)) == (0, 0, 0)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_names_stand_on_the_border_beside_the_middle_of_their_sectors(draw_file: DrawFile, rotation: int):
    lined = _picture(draw_file(pdf_of(turned(lambda page: None, rotation)), _spec(RenderKind.PAGE, dpi=100, grid=True)))

    border = border_px(max(lined.size))
    top = lined.crop((0, 0, lined.width, border - 2)).convert("L")
    left = lined.crop((0, 0, border - 2, lined.height)).convert("L")
    for number in range(3):
        x = border + (lined.width - 2 * border) * (2 * number + 1) // 6
        y = border + (lined.height - 2 * border) * (2 * number + 1) // 6
        assert _has_ink(top.crop((x - border, 0, x + border, top.height)))
        assert _has_ink(left.crop((0, y - border, left.width, y + border)))
    assert not _has_ink(top.crop((0, 0, lined.width // 10, top.height)))


def _has_ink(picture: Image.Image) -> bool:
    darkest = picture.getextrema()[0]
    assert isinstance(darkest, (int, float))
    return darkest < 100
