"""Where a legend shows the symbol of a thing: left of the words that name it, below a legend's heading. Pure."""

import re
from collections.abc import Sequence

from domain.documents import Box, Page, Word, lines_of, union
from domain.families.analysis.rules_schedules import has_all
from domain.families.analysis.rules_spots import stems
from domain.revisions.types import from_seen, to_seen

HEADING = re.compile(
    r"условн\w*\s+(?:графическ\w+\s+)?(?:обозначени|изображени)|^\W*(?:\w+\s+){0,3}legend\b|^\W*symbols?\b",
    re.IGNORECASE,
)
MM = 72 / 25.4
REACH_MM = 45.0
"""How far left of its words a symbol may begin. A guess."""

GAP_MM = 0.5
TALL_MM = 9.0
"""Of a row, where no further rows tell its height. A guess."""

ASIDE = 0.35
"""Of the page's width: what stands further aside of the heading is no entry of its legend. A guess."""

MAX_WORDS = 9
"""Of an entry's line: longer ones are sentences. A guess."""


def legend_places(page: Page, words: Sequence[Word], noun: str) -> list[Box]:
    """Boxes of the unrotated page, each left of a line that names the thing; empty without a legend."""
    wanted = set(stems(noun))
    lines = [
        (" ".join(word.text for word in line), to_seen(page, union([w.box for w in line]))) for line in lines_of(words)
    ]
    headings = [box for text, box in lines if HEADING.search(text) and len(text.split()) <= MAX_WORDS]
    if not (wanted and headings):
        return []
    width = max(box[2] for _, box in lines)
    return [
        from_seen(page, _window(box, [other for _, other in lines]))
        for text, box in lines
        if len(text.split()) <= MAX_WORDS
        and has_all(wanted, stems(text))
        and any(box[1] > heading[1] and abs(box[0] - heading[0]) <= ASIDE * width for heading in headings)
        and not HEADING.search(text)
    ]


def _window(label: Box, lines: Sequence[Box]) -> Box:
    """From the words or the column left of them to the label, halfway to the rows above and below."""
    middle = (label[1] + label[3]) / 2
    others = [(box[1] + box[3]) / 2 for box in lines if box != label and box[0] < label[2] and box[2] > label[0]]
    above = max((y for y in others if y < middle - 1), default=middle - TALL_MM * MM)
    below = min((y for y in others if y > middle + 1), default=middle + TALL_MM * MM)
    half = min((middle - above) / 2, (below - middle) / 2, TALL_MM * MM / 2)
    beside = [box[2] for box in lines if box[2] < label[0] and box[1] < middle + half and box[3] > middle - half]
    left = max([label[0] - REACH_MM * MM, *(edge + GAP_MM * MM for edge in beside)])
    return (left, middle - half, label[0] - GAP_MM * MM, middle + half)
