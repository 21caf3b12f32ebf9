"""Reads pages without text by Tesseract, in tiles: implements `domain.ports.Recogniser`.

Quirk: Tesseract takes the lines of tables and frames for letters, cannot read slanted lettering of drawings, and reads
in one direction only: see `recognising_tile`.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from domain.documents import Box, Page, PageContent
from domain.errors import RecognitionFailed
from domain.evidence import RenderSpec
from domain.recognition import RecognitionChoice, seen_size, tiles_of, to_unrotated, within
from workers.rendering.pool import RenderPool
from workers.rendering.recognising_ink import DPI
from workers.rendering.recognising_merge import merge_tiles
from workers.rendering.recognising_tesseract import Tesseract
from workers.rendering.recognising_tile import TileReader, moved
from workers.rendering.recognising_types import SeenLine, SeenPage, mean_confidence

TILE_PX = 2500
"""Of a sheet at 300 dpi: 212 mm."""

PAGE_PX = 3600
"""A page of text is seen whole: A4 is 3508 px high, and columns and tables are not cut."""

READ_BY = "tesseract"

PARAGRAPHS = 1_000_000
"""More than one tile has."""

PAGE_S = 500.0
"""Parts of a page that are not begun by then are left out: the stage has 900 s. A guess; a sheet of 1.3 m takes two
minutes on two cores."""

LEAST_DPI = 36
"""What the renderer draws at least."""

TEXT_PAGE_PT = PAGE_PX * 72 / DPI

Size = tuple[float, float]


class TesseractRecogniser:
    """See `domain.ports.Recogniser`. Runs as many programs at a time as half of the cores."""

    def __init__(self, pool: RenderPool, tesseract: Tesseract, choice: RecognitionChoice) -> None:
        self.choice = choice
        self._pool = pool
        self._tesseract = tesseract
        self._free = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))

    async def is_installed(self) -> bool:
        return bool(await self._tesseract.languages())

    async def recognise(self, sha256: str, page: Page) -> PageContent:
        size_pt = seen_size(page.width_pt, page.height_pt, page.rotation)
        is_text = max(size_pt) <= TEXT_PAGE_PT
        parts = tiles_of(size_pt, DPI, PAGE_PX if is_text else TILE_PX)
        until = time.monotonic() + PAGE_S
        readings = [asyncio.create_task(self._read_part(sha256, page, part, until, is_text=is_text)) for part in parts]
        try:
            tiles = await asyncio.gather(*readings)
        finally:
            for reading in readings:
                reading.cancel()
        failures = [tile.failure for tile in tiles if tile.failure]
        if len(failures) == len(tiles):
            raise failures[0]
        return await self._pool.read_recognised(sha256, _page_of(page, size_pt, tiles), READ_BY)

    async def _read_part(self, sha256: str, page: Page, part: Box, until: float, *, is_text: bool) -> "_Tile":
        size_pt = seen_size(page.width_pt, page.height_pt, page.rotation)
        place = within(part, (0.0, 0.0, *size_pt))
        side_px = PAGE_PX if is_text else TILE_PX
        dpi = min(DPI, round(side_px * 72 / max(place[2] - place[0], place[3] - place[1])))
        region = to_unrotated(part, page.rotation)
        spec = RenderSpec(sha256=sha256, page_no=page.page_no, region=region, dpi=max(dpi, LEAST_DPI), least_px=0)
        async with self._free:
            if time.monotonic() > until:
                return _Tile(place, failure=RecognitionFailed(f"not begun after {PAGE_S:.0f} s"))
            drawing = await self._pool.draw(spec)
            reader = await asyncio.to_thread(TileReader, self._tesseract, drawing.data, drawing.dpi)
            try:
                lines = await reader.read(is_text=is_text)
            except RecognitionFailed as failure:
                return _Tile(place, failure=failure)
        width_px, height_px = reader.size_px

        def in_points(box: Box) -> Box:
            x0, y0, x1, y1 = box
            return within((x0 / width_px, y0 / height_px, x1 / width_px, y1 / height_px), place)

        scale = (place[2] - place[0]) / width_px
        return _Tile(
            place,
            lines=[moved(line, in_points, scale=scale) for line in lines],
            rulings=[in_points(box) for box in reader.rulings],
        )


class _Tile(NamedTuple):
    """What was read on one part of the page: everything in points of the page as seen."""

    place: Box
    lines: Sequence[SeenLine] = ()
    rulings: Sequence[Box] = ()
    failure: RecognitionFailed | None = None


def _page_of(page: Page, size_pt: Size, tiles: Sequence[_Tile]) -> SeenPage:
    found = [(tile.place, _numbered(number, tile.lines)) for number, tile in enumerate(tiles)]
    lines = merge_tiles(found, (0.0, 0.0, *size_pt))

    def unrotated(box: Box) -> Box:
        x0, y0, x1, y1 = box
        return to_unrotated((x0 / size_pt[0], y0 / size_pt[1], x1 / size_pt[0], y1 / size_pt[1]), page.rotation)

    return SeenPage(
        page_no=page.page_no,
        lines=tuple(moved(line, unrotated) for line in lines),
        rulings=tuple(unrotated(box) for tile in tiles for box in tile.rulings),
        confidence=round(mean_confidence(lines) / 100, 3) if lines else None,
        is_whole=not any(tile.failure for tile in tiles),
    )


def _numbered(tile_no: int, lines: Sequence[SeenLine]) -> list[SeenLine]:
    """With paragraphs that are those of no other tile."""
    return [msgspec.structs.replace(line, paragraph=line.paragraph + tile_no * PARAGRAPHS) for line in lines]
