"""How many known edits the comparison of two revisions finds, and how much it tells that nobody edited."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pymupdf

from benchmarks.revision_edits import Edit, Editor
from domain.documents import BlockKind, Box, PageContent
from domain.revisions.rules_drawing import compare_strokes
from domain.revisions.rules_transform import register
from domain.revisions.rules_words import compare_words
from domain.revisions.types import Change, ChangeClass, ChangeKind, PageText, to_seen
from workers.rendering.comparing import compare_pictures
from workers.rendering.protocol import PageRead, ReadPages
from workers.rendering.reading import read_pages
from workers.rendering.strokes import read_strokes

TREE = Path(__file__).parents[1]
REAL = TREE.parent / "shared/data/A_engineering"
REAL_FILES = (
    "ru/Intelligent-BMS__Э3.pdf",
    "ru/SlabGeometryControl__Спецификация.pdf",
    "ru/asutp__Структурная схема.pdf",
    "ru/nixie_clock__Руководство по эксплуатации.pdf",
    "ru/bldc_driver__Плата печатная _ СМ7.18.00.01.pdf",
    "ru/Delta-robot-design__Габаритный_чертеж.pdf",
    "en/HX711-Load-Cell-Amplifier__hx711F_EN.pdf",
    "en/Energy-efficient-water-control__P&ID.pdf",
    "en/Voron-0__Hotend_Mount_Dimensions.PDF",
)
ROUNDS = 3
TEXT = (
    ChangeClass.DIMENSION,
    ChangeClass.DIMENSION,
    ChangeClass.DESIGNATION,
    ChangeClass.DESIGNATION,
    ChangeClass.NOTE,
    ChangeClass.NOTE,
    ChangeClass.TABLE_CELL,
    ChangeClass.TABLE_CELL,
)
PLACED = (ChangeKind.ADDED, ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.REMOVED, ChangeKind.MOVED)
DRAWN = (ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.CHANGED, ChangeKind.MOVED)
SCAN_DPI = 200
TURN_DEGREES, STRETCH, SHIFT_PX = 0.4, 1.004, (9, -7)
"""What scanning does to a sheet: a turn, a stretch and a shift; blur, grain and dust are added."""


class Score(msgspec.Struct, kw_only=True):
    """By class: edits put in, edits found, and changes told where nothing was edited."""

    put: Counter[str] = msgspec.field(default_factory=Counter)
    found: Counter[str] = msgspec.field(default_factory=Counter)
    told: Counter[str] = msgspec.field(default_factory=Counter)
    false: Counter[str] = msgspec.field(default_factory=Counter)


def section() -> str:
    """The report's part on revisions."""
    sheets = [*sorted((TREE / "samples").glob("*.pdf")), *(REAL / name for name in REAL_FILES if REAL.exists())]
    files, scans = Score(), Score()
    for sheet in sheets:
        for seed in range(ROUNDS):
            a, b, edits = _edited(sheet, seed)
            _score_files(a, b, edits, files)
            if sheet.parent.name == "samples":
                _score_scans(a, b, edits, scans)
    return "\n".join(
        [
            "## Differences of two revisions",
            "",
            f"{sum(files.put.values())} known edits put into copies of {len(sheets)} sheets (ours and real, Russian",
            f"and English, some rotated or larger than A2), {ROUNDS} drawings of edits each: words changed, put, taken",
            "away and put elsewhere; symbols put, taken away, changed and moved; lines across the drawing put, taken",
            "away, made longer and moved by 2 mm. Found: told at its place with class and kind. Precision: told",
            "changes that stand where something was edited. The scans are the sample sheets at 200 dpi, turned by",
            "0.4°, stretched by 0.4 %, shifted, blurred, with grain and dust; any change told there counts.",
            "",
            "| | edits | found | recall | told | precision |",
            "|---|---|---|---|---|---|",
            *_rows("vector PDF", files),
            *_rows("noisy scan", scans),
        ]
    )


def _rows(title: str, score: Score) -> Iterator[str]:
    for name, put in sorted(score.put.items()):
        told, found = score.told[name], score.found[name]
        precision = f"{1 - score.false[name] / told:.2f}" if told else "–"
        yield f"| {title}: {name} | {put} | {found} | {found / put:.2f} | {told} | {precision} |"


def _edited(sheet: Path, seed: int) -> tuple[pymupdf.Document, pymupdf.Document, list[Edit]]:
    file = sheet.read_bytes()
    a, b = pymupdf.open(stream=file, filetype="pdf"), pymupdf.open(stream=file, filetype="pdf")
    edits = Editor(a[0], b[0], _content(a), seed).edits(TEXT, PLACED, DRAWN)
    return (
        pymupdf.open(stream=a.tobytes(), filetype="pdf"),
        pymupdf.open(stream=b.tobytes(), filetype="pdf"),
        edits,
    )


def _content(document: pymupdf.Document) -> PageContent:
    return next(reply.content for reply in read_pages(document, ReadPages(1, 1)) if isinstance(reply, PageRead))


def _text(content: PageContent) -> PageText:
    tables = frozenset(block.block_no for block in content.blocks if block.kind is BlockKind.TABLE)
    return PageText(page=content.page, words=content.words, tables=tables)


def _score_files(a: pymupdf.Document, b: pymupdf.Document, edits: Sequence[Edit], score: Score) -> None:
    text_a, text_b = _text(_content(a)), _text(_content(b))
    transform = register(text_a, text_b)
    changes = compare_words(text_a, text_b, transform)
    changes += compare_strokes(text_a.page, read_strokes(a[0]), text_b.page, read_strokes(b[0]), transform)
    grave = [change for change in changes if change.change_class is not ChangeClass.COSMETIC]
    for edit in edits:
        name = str(edit.change_class)
        score.put[name] += 1
        score.found[name] += any(
            change.change_class is edit.change_class
            and change.kind is edit.kind
            and _is_at(change, edit, text_a, text_b)
            for change in grave
        )
    for change in grave:
        name = str(change.change_class)
        score.told[name] += 1
        score.false[name] += not any(_is_at(change, edit, text_a, text_b) for edit in edits)


def _is_at(change: Change, edit: Edit, a: PageText, b: PageText) -> bool:
    return any(_meet(to_seen(a.page, box), edit.box_a) for box in change.boxes_a) or any(
        _meet(to_seen(b.page, box), edit.box_b) for box in change.boxes_b
    )


def _meet(one: Box | None, other: Box | None, slack: float = 1.0) -> bool:
    if one is None or other is None:
        return False
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > -slack
        and min(one[3], other[3]) - max(one[1], other[1]) > -slack
    )


def _score_scans(a: pymupdf.Document, b: pymupdf.Document, edits: Sequence[Edit], score: Score) -> None:
    grain = np.random.default_rng(1)
    still = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    moved = cv2.getRotationMatrix2D((0, 0), TURN_DEGREES, STRETCH)
    moved[:, 2] += SHIFT_PX
    scan_a, scan_b = _scan(a[0], still, grain), _scan(b[0], moved, grain)
    compared = compare_pictures(scan_a, scan_b, SCAN_DPI / 25.4)
    size = a[0].rect
    told = [(_points(region.box_a, size), _points(region.box_b, size)) for region in compared.regions]
    placed = [(edit, edit.box_a, _carried(edit.box_b, moved)) for edit in edits]
    for edit, box_a, box_b in placed:
        name = "geometry" if edit.change_class is ChangeClass.GEOMETRY else "text"
        is_found = any(_meet(one, box_a, 2.0) or _meet(other, box_b, 2.0) for one, other in told)
        for row in (name, "all"):
            score.put[row] += 1
            score.found[row] += is_found
    for one, other in told:
        score.told["all"] += 1
        score.false["all"] += not any(_meet(one, a, 4.0) or _meet(other, b, 4.0) for _, a, b in placed)


def _points(box: Box | None, size: pymupdf.Rect) -> Box | None:
    if box is None:
        return None
    return (box[0] * size.width, box[1] * size.height, box[2] * size.width, box[3] * size.height)


def _carried(box: Box | None, matrix: np.ndarray) -> Box | None:
    if box is None:
        return None
    scale = SCAN_DPI / 72
    corners = np.array([[[x, y] for x in (box[0], box[2]) for y in (box[1], box[3])]], np.float32) * scale
    points = cv2.transform(corners, matrix)[0] / scale
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def _scan(page: pymupdf.Page, matrix: np.ndarray, grain: np.random.Generator) -> bytes:
    drawn = page.get_pixmap(dpi=SCAN_DPI, colorspace=pymupdf.csGRAY)
    picture = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.width)
    picture = cv2.warpAffine(picture, matrix, (drawn.width, drawn.height), borderValue=255)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.7).astype(np.float32) * 0.93 + grain.normal(0, 9, picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    dust = grain.integers(0, (drawn.width, drawn.height), (picture.size // 50_000, 2))
    for x, y in dust:
        cv2.circle(picture, (int(x), int(y)), 1, 60, -1)
    return cv2.imencode(".png", picture)[1].tobytes()
