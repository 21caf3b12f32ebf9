"""Makes text blocks of the lines outside of tables: paragraphs, with their headings. Pure."""

from collections import defaultdict
from statistics import median

import msgspec

from domain.documents import BlockKind, Box
from workers.rendering.ordering import reading_order
from workers.rendering.pieces import Piece, TextLine, area, around, centre

BLOCK_CHARACTERS = 900
"""Paragraphs of one column are gathered up to this length: a block is what search ranks and a prompt quotes."""

HEADING_SIZE = 1.15
"""Times the size of the body text."""

HEADING_CHARACTERS = 160
MARGIN_SHARE = 0.055
"""Of the page's height, above and below: 16 mm of A4."""

COLUMN_LINES = 3
COLUMN_CHARACTERS = 20
"""Per line, on average: cells of the tables in the sample files have 3 to 15."""

SCATTERED_PIECES = 100
"""A sheet with more blocks than this has its short labels gathered by sector."""

LABEL_CHARACTERS = 60
SECTORS = 8
"""Along each side of the sheet."""


def make_paragraphs(lines: list[TextLine], page_box: Box) -> list[Piece]:
    """Text blocks in no particular order; each holds lines that belong together."""
    body_pt = _body_size(lines)
    by_paragraph: dict[tuple[int, bool], list[TextLine]] = defaultdict(list)
    for line in lines:
        by_paragraph[line.paragraph, line.is_level].append(line)
    columns = [column for part in by_paragraph.values() for column in _columns(part)]
    paragraphs = [_without_running_heading(_Paragraph.of(column, body_pt), page_box) for column in columns]
    ordered = [paragraphs[number] for number in reading_order([paragraph.box for paragraph in paragraphs])]
    gathered = _gathered(ordered)
    if len(gathered) > SCATTERED_PIECES:
        gathered = _by_sector(gathered, page_box)
    return [paragraph.piece() for paragraph in gathered]


class _Paragraph(msgspec.Struct, frozen=True, kw_only=True):
    lines: tuple[TextLine, ...]
    box: Box
    size_pt: float
    is_heading: bool

    @classmethod
    def of(cls, lines: list[TextLine], body_pt: float) -> "_Paragraph":
        merged = _side_by_side(lines)
        size_pt = max(line.size_pt for line in merged)
        text = " ".join(line.text for line in merged)
        is_heading = (
            len(text) <= HEADING_CHARACTERS
            and len(merged) <= 3
            and merged[0].is_level
            and (size_pt >= HEADING_SIZE * body_pt or all(line.is_bold for line in merged))
            and sum(map(str.isalpha, text)) > 3
        )
        return cls(lines=tuple(merged), box=around(line.box for line in merged), size_pt=size_pt, is_heading=is_heading)

    @property
    def characters(self) -> int:
        return sum(len(line.text) + 1 for line in self.lines)

    def joined(self, other: "_Paragraph") -> "_Paragraph":
        return _Paragraph(
            lines=self.lines + other.lines,
            box=around((self.box, other.box)),
            size_pt=other.size_pt,
            is_heading=self.is_heading,
        )

    def piece(self) -> Piece:
        text = "\n".join(line.text for line in self.lines)
        return Piece(
            kind=BlockKind.TEXT,
            box=self.box,
            content=text,
            lines=tuple(line.words for line in self.lines),
            is_heading=self.is_heading,
        )


def _without_running_heading(paragraph: _Paragraph, page_box: Box) -> _Paragraph:
    """What is printed in the margin of every page names none of them."""
    margin = MARGIN_SHARE * (page_box[3] - page_box[1])
    in_margin = paragraph.box[3] < page_box[1] + margin or paragraph.box[1] > page_box[3] - margin
    return msgspec.structs.replace(paragraph, is_heading=False) if in_margin else paragraph


def _columns(lines: list[TextLine]) -> list[list[TextLine]]:
    """Text set in columns, whose lines PyMuPDF takes for one paragraph when they were written row by row.

    Short pieces side by side are a table's cells instead and must stay in their row.
    """
    columns: list[list[TextLine]] = []
    end = float("-inf")
    for line in sorted(lines, key=lambda line: line.box[0]):
        if line.box[0] > end + line.size_pt:
            columns.append([])
        columns[-1].append(line)
        end = max(end, line.box[2])
    are_text = all(
        len(column) >= COLUMN_LINES and sum(len(line.text) for line in column) >= COLUMN_CHARACTERS * len(column)
        for column in columns
    )
    return columns if are_text and lines[0].is_level else [lines]


def _body_size(lines: list[TextLine]) -> float:
    """The size that half of the letters do not exceed."""
    sizes = [line.size_pt for line in lines for _ in range(1 + len(line.text) // 10)]
    return median(sizes) if sizes else 0.0


def _side_by_side(lines: list[TextLine]) -> list[TextLine]:
    """Lines of one height made one, from left to right; upright lines stay as they are."""
    if not lines[0].is_level:
        return lines
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: centre(line.box)[1]):
        if rows and _is_beside(rows[-1], line):
            rows[-1].append(line)
            continue
        rows.append([line])
    return [_merged(row) for row in rows]


def _is_beside(row: list[TextLine], line: TextLine) -> bool:
    height = min(line.box[3] - line.box[1], row[0].box[3] - row[0].box[1])
    level = abs(centre(line.box)[1] - centre(row[0].box)[1]) < height / 2
    return level and all(line.box[0] >= other.box[2] - 1 or line.box[2] <= other.box[0] + 1 for other in row)


def _merged(row: list[TextLine]) -> TextLine:
    if len(row) == 1:
        return row[0]
    row = sorted(row, key=lambda line: line.box[0])
    return msgspec.structs.replace(
        row[0],
        words=tuple(word for line in row for word in line.words),
        box=around(line.box for line in row),
        size_pt=max(line.size_pt for line in row),
        is_bold=all(line.is_bold for line in row),
    )


def _gathered(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Neighbours in reading order joined while they are near and not too long; a heading begins anew."""
    result: list[_Paragraph] = []
    for paragraph in paragraphs:
        last = result[-1] if result else None
        if (
            last
            and not paragraph.is_heading
            and last.characters + paragraph.characters <= BLOCK_CHARACTERS
            and _is_near(last, paragraph)
        ):
            result[-1] = last.joined(paragraph)
            continue
        result.append(paragraph)
    return result


def _is_near(upper: _Paragraph, lower: _Paragraph) -> bool:
    """Within a line and a half below in the same column, or within a letter and a half beside."""
    size_pt = min(upper.lines[-1].size_pt, lower.size_pt)
    across = max(lower.box[0] - upper.box[2], upper.box[0] - lower.box[2])
    down = max(lower.box[1] - upper.box[3], upper.box[1] - lower.box[3])
    same_direction = upper.lines[-1].is_level == lower.lines[0].is_level
    below = across < 0 and down <= 1.5 * size_pt
    beside = down < 0 and across <= 1.5 * size_pt
    return same_direction and (below or beside)


def _by_sector(paragraphs: list[_Paragraph], page_box: Box) -> list[_Paragraph]:
    """The short labels of one sector of the sheet as one block: words keep their boxes."""
    result: list[_Paragraph] = []
    sectors: dict[tuple[int, int], _Paragraph] = {}
    for paragraph in paragraphs:
        if paragraph.characters > LABEL_CHARACTERS or area(page_box) == 0:
            result.append(paragraph)
            continue
        x, y = centre(paragraph.box)
        sector = (
            int((x - page_box[0]) / (page_box[2] - page_box[0]) * SECTORS),
            int((y - page_box[1]) / (page_box[3] - page_box[1]) * SECTORS),
        )
        label = msgspec.structs.replace(paragraph, is_heading=False)
        sectors[sector] = sectors[sector].joined(label) if sector in sectors else label
    return result + list(sectors.values())
