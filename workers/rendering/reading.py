"""Reads pages into blocks, words and facts. Runs in render children only."""

import time
from collections import Counter
from collections.abc import Iterator

import msgspec
import pymupdf

from domain.documents import Block, BlockKind, Box, Page, PageContent, PageFacts, Word
from domain.errors import DocumentDamaged
from domain.ids import derive_block_id
from workers.rendering.cells import TooManyLines
from workers.rendering.geometry import seen_boxes, unrotated_size
from workers.rendering.opening import load_page
from workers.rendering.ordering import reading_order
from workers.rendering.paragraphs import make_paragraphs
from workers.rendering.pictures import DRAWING_PATHS, Marks, clusters, coverage, read_marks, without_frames
from workers.rendering.pieces import Piece, Rulings, TextLine, area, centre, is_within
from workers.rendering.protocol import UNREAD, PageBegun, PageRead, ReadPages
from workers.rendering.rulings import read_rulings
from workers.rendering.stamp import read_stamp
from workers.rendering.tables import find_tables
from workers.rendering.text import PageText, read_text

TEXT_LIMIT_CHARACTERS = 2_000_000
"""Per page (reliability.md §5.1: 5 MB)."""

NEAR_TEXTLESS = 25
"""Characters: what a scanner stamps on a page is no text layer."""

ILLEGIBLE_SHARE = 0.1
"""Of letters. The sample P&ID whose font numbers its glyphs from 3 has 0.2; sound pages have 0."""


def read_pages(document: pymupdf.Document, task: ReadPages) -> Iterator[PageBegun | PageRead]:
    """Announces and reads each page. A page that cannot be loaded comes empty, with a warning."""
    for page_no in range(task.first, task.last + 1):
        try:
            page = load_page(document, page_no)
            width_pt, height_pt = unrotated_size(page)
            if min(width_pt, height_pt) <= 0:
                raise DocumentDamaged("a page without size")
        except DocumentDamaged as error:
            facts = PageFacts(read_by=UNREAD, warnings=(error.code,))
            yield PageRead(PageContent(page=Page(page_no=page_no, width_pt=595, height_pt=842, facts=facts)))
            continue
        yield PageBegun(page_no, width_pt, height_pt, page.rotation)
        yield PageRead(_read_page(page, task.page_cpu_s))


def _read_page(page: pymupdf.Page, budget_s: float) -> PageContent:
    deadline = time.process_time() + budget_s
    warnings: list[str] = []
    marks = read_marks(page)
    text = read_text(page, marks.pictures)
    if sum(len(line.text) for line in text.lines) > TEXT_LIMIT_CHARACTERS:
        text, warnings = msgspec.structs.replace(text, lines=()), ["text_skipped"]
    rulings = Rulings()
    if text.lines and time.process_time() < deadline:
        rulings = read_rulings(page, marks.paths)
    pieces, skipped = _pieces(page, text, rulings, marks, deadline)
    warnings.extend(skipped)
    return _content(page, pieces, text, marks, warnings)


def _pieces(
    page: pymupdf.Page, text: PageText, rulings: Rulings, marks: Marks, deadline: float
) -> tuple[list[Piece], list[str]]:
    """All pieces in reading order."""
    page_box: Box = tuple(page.rect)
    lines: list[TextLine] = list(text.lines)
    tables: list[Piece] = []
    skipped: list[str] = []
    if time.process_time() < deadline:
        try:
            tables, lines = find_tables(text.lines, rulings, page_box)
        except TooManyLines:
            skipped.append("tables_skipped")
    elif lines:
        skipped.append("tables_skipped")
    pieces = [*tables, *make_paragraphs(lines, page_box)]
    if time.process_time() < deadline:
        pieces.extend(_pictures(page, marks, tables))
    else:
        skipped.append("pictures_skipped")
    return [pieces[number] for number in reading_order([piece.box for piece in pieces])], skipped


def _pictures(page: pymupdf.Page, marks: Marks, tables: list[Piece]) -> list[Piece]:
    """Blocks without text: what they show is drawn, not written."""
    page_box: Box = tuple(page.rect)
    raster = seen_boxes(page, marks.pictures)
    paths = without_frames(seen_boxes(page, marks.paths), page_box)
    drawn = [box for box in paths if not any(is_within(centre(box), table.box) for table in tables)]
    pieces = [
        Piece(kind=BlockKind.IMAGE, box=box, content="", category="picture") for box in clusters(raster, page_box)
    ]
    covered = [piece.box for piece in pieces]
    drawings = [
        box
        for box in clusters(drawn, page_box, least_members=DRAWING_PATHS)
        if not any(is_within(centre(box), other) and area(other) > area(box) / 2 for other in covered)
    ]
    pieces.extend(Piece(kind=BlockKind.IMAGE, box=box, content="", category="drawing") for box in drawings)
    return pieces


def _content(page: pymupdf.Page, pieces: list[Piece], text: PageText, marks: Marks, warnings: list[str]) -> PageContent:
    page_no = (page.number or 0) + 1
    occurrences: Counter[tuple[str, str]] = Counter()
    blocks: list[Block] = []
    words: list[Word] = []
    heading: str | None = None
    for block_no, piece in enumerate(pieces):
        if piece.is_heading:
            heading = piece.content.split("\n", 1)[0]
        said = " ".join(piece.content.split()) or f"{piece.category} {[round(edge) for edge in piece.box]}"
        occurrence = occurrences[piece.kind, said]
        occurrences[piece.kind, said] += 1
        blocks.append(
            Block(
                id=derive_block_id(page_no, piece.kind, said, occurrence),
                page_no=page_no,
                block_no=block_no,
                kind=piece.kind,
                content=piece.content,
                box=_unrotated(page, piece.box),
                category=piece.category,
                heading=None if piece.is_heading else heading,
            )
        )
        words.extend(
            Word(word.text, _unrotated(page, word.box), block_no, line_no)
            for line_no, line in enumerate(piece.lines)
            for word in line
        )
    width_pt, height_pt = unrotated_size(page)
    facts = _facts(page, text, marks, warnings)
    page_ = Page(page_no=page_no, width_pt=width_pt, height_pt=height_pt, rotation=page.rotation, facts=facts)
    return PageContent(page=page_, blocks=tuple(blocks), words=tuple(words))


def _facts(page: pymupdf.Page, text: PageText, marks: Marks, warnings: list[str]) -> PageFacts:
    characters = sum(len(line.text) for line in text.lines)
    covered = coverage(seen_boxes(page, marks.pictures), tuple(page.rect))
    has_content = covered > 0 or len(marks.paths) > 0
    illegible = text.unknown_share > ILLEGIBLE_SHARE
    if text.hidden_words:
        warnings.append("hidden_text_left_out")
    if text.is_repaired:
        warnings.append("text_layer_repaired")
    if illegible:
        warnings.append("text_layer_illegible")
    stamp = read_stamp(text.lines, tuple(page.rect))
    return PageFacts(
        characters=characters,
        picture_coverage=covered,
        smallest_glyph_pt=text.smallest_size_pt,
        needs_ocr=illegible or (has_content and characters < NEAR_TEXTLESS),
        read_by="recognised_layer" if text.is_recognised or marks.covers_text else "text",
        sheet=stamp.get("sheet"),
        title=stamp.get("title"),
        stamp=stamp,
        warnings=tuple(warnings),
    )


def _unrotated(page: pymupdf.Page, box: Box) -> Box:
    """Points of the page as seen to 0–1 of the unrotated page."""
    width, height = unrotated_size(page)
    rect = pymupdf.Rect(box) * page.derotation_matrix
    edges = (rect.x0 / width, rect.y0 / height, rect.x1 / width, rect.y1 / height)
    x0, y0, x1, y1 = (round(min(max(edge, 0.0), 1.0), 5) for edge in edges)
    return (x0, y0, x1, y1)
