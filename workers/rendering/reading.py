"""Reads pages into blocks, words and facts. Runs in render children only."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import pymupdf

from domain.documents import Block, Box, Page, PageContent, PageFacts, Word
from domain.errors import DocumentDamaged
from domain.ids import derive_block_id
from workers.rendering.cells import TooManyLines, find_cells
from workers.rendering.facts import make_facts
from workers.rendering.figures import find_figures
from workers.rendering.geometry import Frame, unrotated_size
from workers.rendering.magnified import read_magnified
from workers.rendering.marks import Marks, make_marks
from workers.rendering.open_tables import find_open_tables
from workers.rendering.opening import load_page
from workers.rendering.ordering import reading_order
from workers.rendering.paragraphs import make_paragraphs
from workers.rendering.paths import with_segments
from workers.rendering.pieces import Piece, Rulings, TextLine
from workers.rendering.protocol import UNREAD, PageBegun, PageRead, ReadPages, ReadRecognised
from workers.rendering.recognised import facts_of, rotation_of, rulings_of, with_seen
from workers.rendering.recognising_types import SeenPage
from workers.rendering.rulings import read_rulings
from workers.rendering.tables import find_tables
from workers.rendering.text import PageText, read_text, reading_rotation


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


def read_recognised(document: pymupdf.Document, task: ReadRecognised) -> PageRead:
    """The page with what was recognised on its picture as its text. Raises PageNotLoadable."""
    content = _read_page(load_page(document, task.seen.page_no), task.page_cpu_s, task.seen)
    facts = facts_of(content.page, task.seen, task.read_by)
    return PageRead(msgspec.structs.replace(content, page=msgspec.structs.replace(content.page, facts=facts)))


def _read_page(page: pymupdf.Page, budget_s: float, seen: SeenPage | None = None) -> PageContent:
    deadline = time.process_time() + budget_s
    warnings: list[str] = []
    frame = Frame.of(page)
    letters, raw = read_magnified(page, frame)
    if not letters.is_whole:
        warnings.append("text_skipped")
    rotation = rotation_of(seen, frame) if seen and seen.lines else reading_rotation(frame, letters)
    frame = msgspec.structs.replace(frame, reading_rotation=rotation)
    marks = make_marks(raw, frame)
    text = read_text(page, frame, letters, marks.pictures.tolist())
    if seen:
        text = with_seen(text, seen, frame)
    rulings = Rulings()
    if text.lines:
        outlines = with_segments(page, frame, marks.vectors, text.lines)
        rulings = read_rulings(outlines.with_segments(rulings_of(seen, frame)) if seen else outlines)
    cells = _cells(rulings, deadline) if text.lines else []
    pieces, skipped = _pieces(frame, text, marks, rulings, cells, deadline)
    warnings.extend(skipped)
    return _content((page.number or 0) + 1, frame, pieces, make_facts(frame, text, marks, cells or (), warnings))


def _cells(rulings: Rulings, deadline: float) -> list[Box] | None:
    """What the lines enclose; null where there are too many of them, or no time is left."""
    if time.process_time() >= deadline:
        return None
    try:
        return find_cells(rulings)
    except TooManyLines:
        return None


def _pieces(
    frame: Frame, text: PageText, marks: Marks, rulings: Rulings, cells: list[Box] | None, deadline: float
) -> tuple[list[Piece], list[str]]:
    """All pieces in reading order."""
    page_box = frame.page_box
    lines: list[TextLine] = list(text.lines)
    tables: list[Piece] = []
    skipped: list[str] = []
    if cells is not None and time.process_time() < deadline:
        tables, lines = find_tables(text.lines, cells, page_box)
        open_tables, lines = find_open_tables(lines, rulings, marks.vectors, page_box)
        tables += open_tables
    elif lines:
        skipped.append("tables_skipped")
    pieces = [*tables, *make_paragraphs(lines, page_box)]
    if time.process_time() < deadline:
        pieces.extend(find_figures(marks, tables, text.lines, page_box))
    else:
        skipped.append("pictures_skipped")
    return [pieces[number] for number in reading_order([piece.box for piece in pieces])], skipped


def _content(page_no: int, frame: Frame, pieces: list[Piece], facts: PageFacts) -> PageContent:
    occurrences: Counter[tuple[str, str]] = Counter()
    blocks: list[Block] = []
    boxes = iter(frame.unrotated_all([piece.box for piece in pieces]))
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
                box=next(boxes),
                category=piece.category,
                heading=heading,
            )
        )
    page = Page(
        page_no=page_no, width_pt=frame.width_pt, height_pt=frame.height_pt, rotation=frame.rotation, facts=facts
    )
    return PageContent(page=page, blocks=tuple(blocks), words=_words(frame, pieces))


def _words(frame: Frame, pieces: Sequence[Piece]) -> tuple[Word, ...]:
    boxes = iter(frame.unrotated_all([word.box for piece in pieces for line in piece.lines for word in line]))
    return tuple(
        [
            Word(word.text, next(boxes), block_no, line_no)
            for block_no, piece in enumerate(pieces)
            for line_no, line in enumerate(piece.lines)
            for word in line
        ]
    )
