"""The pictures and drawn figures of a page, with what is written in and about them. Pure."""

from collections.abc import Sequence

from domain.documents import BlockKind, Box
from workers.rendering.captions import caption_of, labels_in
from workers.rendering.marks import Marks
from workers.rendering.pictures import Boxes, clusters, coverage, overlap
from workers.rendering.pieces import Piece, TextLine, area, centred_in, is_within
from workers.rendering.sheet_frame import dividers, in_strips, inner_frame

PICTURE_SHARE = 0.01
"""Of the page: smaller pictures are signs and logos."""

DRAWING_SHARE = 0.012
DRAWING_PATHS = 30
"""Smaller drawings are symbols; fewer paths are underlines, boxes and rules. Guesses, checked on the sample sheets."""

FRAME_SHARE = 0.5
"""Of a side of the page: longer paths are frames and borders."""

PAGE_SHARE = 0.85
"""A picture of this share of the page is the page itself: a scan."""

SCAN_LETTERS = 25
FILLED_SHARE = 0.35
"""Of the area around pictures that hang together. Two strips that meet in a corner have 0.1. A guess."""

THIN = 12.0
"""Times its other side. A guess."""


def find_figures(marks: Marks, tables: Sequence[Piece], lines: Sequence[TextLine], page_box: Box) -> list[Piece]:
    """Image pieces; their content is their caption and some of their labels, it may be empty."""
    page_area = area(page_box)
    pictures = [box for box in _pictures(marks.pictures, page_box) if area(box) >= PICTURE_SHARE * page_area]
    if sum(len(line.text) for line in lines) >= SCAN_LETTERS:
        pictures = [box for box in pictures if area(box) < PAGE_SHARE * page_area and not _is_thin(box)]
    vectors = marks.vectors.boxes
    framed = vectors[centred_in(vectors, inner_frame(vectors, page_box))]
    drawn = _without_tables(_without_frames(framed, page_box), tables)
    drawings = [
        cluster.box
        for part in (in_strips(drawn, dividers(framed, page_box)) if len(drawn) >= DRAWING_PATHS else ())
        for cluster in clusters(part, page_box)
        if cluster.members >= DRAWING_PATHS
        and area(cluster.box) >= DRAWING_SHARE * page_area
        and not any(overlap(cluster.box, picture) > 0.5 for picture in pictures)
        and not _is_behind_text(cluster.box, lines)
    ]
    return [
        _piece(box, category, lines, page_box)
        for category, boxes in (("picture", pictures), ("drawing", drawings))
        for box in boxes
    ]


def _piece(box: Box, category: str, lines: Sequence[TextLine], page_box: Box) -> Piece:
    said = [text for text in (caption_of(box, lines, page_box), labels_in(box, lines)) if text]
    return Piece(kind=BlockKind.IMAGE, box=box, content="\n".join(said), category=category)


def _pictures(boxes: Boxes, page_box: Box) -> list[Box]:
    """The pictures, those that hang together as one where they fill the area of all of them: not a strip along the
    right and one along the lower edge of a sheet."""
    found: list[Box] = []
    for cluster in clusters(boxes, page_box):
        inside = boxes[centred_in(boxes, cluster.box)]
        filled = cluster.members == 1 or coverage(inside, cluster.box) >= FILLED_SHARE
        found += [cluster.box] if filled else inside.tolist()
    return found


def _is_thin(box: Box) -> bool:
    """Whether a picture is a rule, a shadow or a line of lettering."""
    width, height = box[2] - box[0], box[3] - box[1]
    return max(width, height) > THIN * min(width, height)


def _without_frames(boxes: Boxes, page_box: Box) -> Boxes:
    """The boxes of what spans less than half of the page either way, without frames, borders, backgrounds."""
    width, height = FRAME_SHARE * (page_box[2] - page_box[0]), FRAME_SHARE * (page_box[3] - page_box[1])
    return boxes[(boxes[:, 2] - boxes[:, 0] < width) & (boxes[:, 3] - boxes[:, 1] < height)]


def _without_tables(boxes: Boxes, tables: Sequence[Piece]) -> Boxes:
    for table in tables:
        boxes = boxes[~centred_in(boxes, table.box)]
    return boxes


TEXT_SHARE = 0.5
"""Of its area: a figure with as much lettering is a coloured or underlined text."""


def _is_behind_text(box: Box, lines: Sequence[TextLine]) -> bool:
    inside = (line.box for line in lines if is_within(((line.box[0] + line.box[2]) / 2, line.box[1]), box))
    return sum(area(line) for line in inside) > TEXT_SHARE * area(box)
