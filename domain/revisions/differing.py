"""One pair of pages: what is compared, by which layers, and in what order it is told."""

import asyncio
from collections.abc import Sequence

from domain.documents import BlockKind, Box, Document, Page
from domain.errors import DocumentRejected, Unavailable
from domain.evidence import RenderKind, RenderSpec
from domain.ports import UnitOfWork
from domain.revisions.rules_drawing import compare_strokes, severity_of_boxes
from domain.revisions.rules_transform import register
from domain.revisions.rules_words import compare_words
from domain.revisions.types import (
    Change,
    ChangeClass,
    Layer,
    PageDifference,
    PageDrawing,
    PagePair,
    PageText,
    PictureDifference,
    Severity,
    from_seen,
    seen_size,
)
from domain.stage import StageContext

MAX_CHANGES = 300
"""Told of one page. More than that is another sheet, not a revision. A guess."""

SCAN_COVERAGE = 0.3
"""Of the page: more picture than this is looked at as pixels too. A guess."""

OVERLAY_DPI = 110
RASTER_DPI = 200
"""A digit of 2.5 mm lettering is 20 px tall; at 150 dpi a third of changed digits of scans was missed, at 200 dpi an
eighth (measured on the sample sheets, 2026-11)."""

_ORDER = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


ALL_LAYERS = frozenset(Layer)


async def compare_pages(
    ctx: StageContext, earlier: Document, later: Document, pair: PagePair, layers_wanted: frozenset[Layer] = ALL_LAYERS
) -> PageDifference:
    """What differs in the layers that are wanted and that the pages have; no overlay without pixels.

    Raises only what may pass (`Unavailable`); what a page cannot be compared by is a warning.
    """
    if pair.page_a is None or pair.page_b is None:
        return PageDifference(page_a=pair.page_a, page_b=pair.page_b, similarity=pair.similarity)
    async with ctx.uow() as uow:
        a, b = await _text(uow, earlier, pair.page_a), await _text(uow, later, pair.page_b)
    warnings: list[str] = []
    drawing_a = drawing_b = None
    if Layer.VECTOR in layers_wanted:
        drawing_a = await _drawing(ctx, earlier, a.page, warnings)
        drawing_b = await _drawing(ctx, later, b.page, warnings)
    by_words = Layer.TEXT in layers_wanted
    layers, changes = await asyncio.to_thread(_compare, a, b, drawing_a, drawing_b, by_words=by_words)
    overlay: str | None = None
    is_scan = Layer.VECTOR not in layers or max(_coverage(a), _coverage(b)) >= SCAN_COVERAGE
    if Layer.RASTER in layers_wanted and earlier.sha256 and later.sha256 and (is_scan or changes):
        difference = await _look(ctx, earlier, later, a.page, b.page, RASTER_DPI if is_scan else OVERLAY_DPI, warnings)
        if difference is not None:
            overlay = difference.overlay_digest
            if is_scan:
                layers.append(Layer.RASTER)
                changes += _seen_changes(difference, a.page, b.page, changes)
    changes.sort(key=lambda change: _ORDER[change.severity])
    return PageDifference(
        page_a=pair.page_a,
        page_b=pair.page_b,
        similarity=pair.similarity,
        layers=tuple(layers),
        changes=tuple(changes[:MAX_CHANGES]),
        changes_total=len(changes),
        overlay=overlay,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _compare(
    a: PageText, b: PageText, drawing_a: PageDrawing | None, drawing_b: PageDrawing | None, *, by_words: bool
) -> tuple[list[Layer], list[Change]]:
    layers: list[Layer] = []
    changes: list[Change] = []
    transform = register(a, b)
    if by_words and (a.words or b.words):
        layers.append(Layer.TEXT)
        changes += compare_words(a, b, transform)
    if drawing_a is not None and drawing_b is not None and (drawing_a.strokes or drawing_b.strokes):
        layers.append(Layer.VECTOR)
        changes += compare_strokes(a.page, drawing_a.strokes, b.page, drawing_b.strokes, transform)
    return layers, changes


async def _text(uow: UnitOfWork, document: Document, page_no: int) -> PageText:
    page = (await uow.documents.pages(document.id, [page_no]))[0]
    blocks = await uow.documents.blocks(document.id, page_no=page_no)
    return PageText(
        page=page,
        words=await uow.documents.words(document.id, page_no),
        tables=frozenset(block.block_no for block in blocks if block.kind is BlockKind.TABLE),
    )


async def _drawing(ctx: StageContext, document: Document, page: Page, warnings: list[str]) -> PageDrawing | None:
    if document.sha256 is None:
        return None
    try:
        return await ctx.reader.read_drawing(document.sha256, page.page_no)
    except DocumentRejected as error:
        warnings.append(error.code)
        return None


async def _look(
    ctx: StageContext, earlier: Document, later: Document, a: Page, b: Page, dpi: int, warnings: list[str]
) -> PictureDifference | None:
    """The pictures of both pages compared; null when one cannot be drawn."""
    try:
        drawn = [
            await ctx.renderer.render(RenderSpec(sha256=sha256, page_no=page.page_no, kind=RenderKind.PAGE, dpi=dpi))
            for sha256, page in ((earlier.sha256 or "", a), (later.sha256 or "", b))
        ]
        return await ctx.comparer.compare(drawn[0].digest, drawn[1].digest, drawn[1].dpi / 25.4)
    except Unavailable:
        raise
    except DocumentRejected as error:
        warnings.append(error.code)
        return None


def _seen_changes(difference: PictureDifference, a: Page, b: Page, known: Sequence[Change]) -> list[Change]:
    """Changed places of the pictures that no other layer has told."""
    told_a = [box for change in known for box in change.boxes_a]
    told_b = [box for change in known for box in change.boxes_b]
    found: list[Change] = []
    for region in difference.regions:
        boxes_a = (_on_page(a, region.box_a),) if region.box_a else ()
        boxes_b = (_on_page(b, region.box_b),) if region.box_b else ()
        if any(_meets(box, told_a) for box in boxes_a) or any(_meets(box, told_b) for box in boxes_b):
            continue
        found.append(
            Change(
                kind=region.kind,
                layer=Layer.RASTER,
                boxes_a=boxes_a,
                boxes_b=boxes_b,
                change_class=ChangeClass.GEOMETRY,
                severity=severity_of_boxes((*boxes_a, *boxes_b), b),
            )
        )
    return found


def _on_page(page: Page, box: Box) -> Box:
    """A box 0–1 of the picture, which shows the page as seen, on the unrotated page."""
    width, height = seen_size(page)
    return from_seen(page, (box[0] * width, box[1] * height, box[2] * width, box[3] * height))


def _meets(box: Box, others: Sequence[Box]) -> bool:
    return any(
        min(box[2], other[2]) > max(box[0], other[0]) and min(box[3], other[3]) > max(box[1], other[1])
        for other in others
    )


def _coverage(text: PageText) -> float:
    return text.page.facts.picture_coverage
