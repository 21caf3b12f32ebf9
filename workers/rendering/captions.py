"""What is written about a figure: its caption beside or inside of it, and its labels. Pure."""

import re
from collections.abc import Sequence

from domain.documents import Box
from workers.rendering.pieces import TextLine, centre, is_within

CAPTION = re.compile(
    r"^(?:рис(?:\.|унок)|фиг\.|черт(?:\.|[её]ж)\s|схема|диаграмма|график|план|разрез|сечение|вид\s|фасад|узел|развертка|"
    r"fig(?:\.|ure)|diagram|drawing\s|chart|graph|plan\b|section|detail|elevation|view\s|scheme|schematic|"
    r".{3,40}\s(?:plan|elevation|section|detail|diagram)s?$|"
    r"[А-ЯA-Z]\s?[-–]\s?[А-ЯA-Z](?:\s|$|\())",
    re.IGNORECASE,
)
"""How captions and the titles of views begin or end; «А-А» names a section."""

FAR = 4.0
FAR_SHARE = 0.04
"""Times the size of the type, or of the page's height: the furthest a caption stands from its figure. Titles of views
stand further off on large sheets. A guess, checked on the sample manuals and sheets."""

CAPTION_CHARACTERS = 200
CAPTIONS = 2
LABELS_CHARACTERS = 200
LABEL_LETTERS = 3
LINE_CHARACTERS = 100
"""A longer line is text, no caption."""


def caption_of(box: Box, lines: Sequence[TextLine], page_box: Box) -> str:
    """The lines that name the figure: below it, else above, else inside; the nearest first. Empty if there is none."""
    named = [line for line in lines if len(line.text) <= LINE_CHARACTERS and CAPTION.match(line.text)]
    near = [line for line in named if _is_over(line, box)]
    share = FAR_SHARE * (page_box[3] - page_box[1])
    below = [line for line in near if -1 <= line.box[1] - box[3] <= max(FAR * line.size_pt, share)]
    above = [line for line in near if -1 <= box[1] - line.box[3] <= FAR * line.size_pt]
    inside = [line for line in named if is_within(centre(line.box), box)]
    for found in (below, above, inside):
        if found:
            largest = sorted(found, key=lambda line: (-round(line.size_pt), line.box[1], line.box[0]))
            return "; ".join(line.text for line in largest[:CAPTIONS])[:CAPTION_CHARACTERS]
    return ""


def labels_in(box: Box, lines: Sequence[TextLine]) -> str:
    """Texts inside of the figure with at least one word, each once, cut to a length that search can use."""
    said: dict[str, None] = {}
    for line in lines:
        text = line.text
        if is_within(centre(line.box), box) and sum(map(str.isalpha, text)) >= LABEL_LETTERS:
            said.setdefault(text)
    labels = ", ".join(text for text in said if not CAPTION.match(text))
    return labels if len(labels) <= LABELS_CHARACTERS else labels[:LABELS_CHARACTERS].rsplit(", ", 1)[0]


def _is_over(line: TextLine, box: Box) -> bool:
    """Whether the line stands above or below the figure, not beside it."""
    return min(line.box[2], box[2]) - max(line.box[0], box[0]) > 0.5 * min(line.box[2] - line.box[0], box[2] - box[0])
