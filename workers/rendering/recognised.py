"""Takes what was recognised on a page's picture for its text: blocks, tables, stamp are found as in any page. Runs in
render children only.

A text layer of a few words is kept, with what was recognised beside it; an illegible one is replaced.
"""

from collections import Counter
from itertools import pairwise

import msgspec

from domain.documents import Box, Page, PageFacts
from workers.rendering.facts import ILLEGIBLE_SHARE
from workers.rendering.geometry import Frame
from workers.rendering.pieces import TextLine, TextWord, around, centre, is_within
from workers.rendering.recognising_types import SeenLine, SeenPage
from workers.rendering.stamp import Stamp
from workers.rendering.text import TURNED_SHARE, PageText

STAMP_CONFIDENCE = 80.0
"""Of every word of a value, 0–100. A guess."""

NOTHING = "nothing_recognised"
PARTLY = "partly_recognised"


def rotation_of(seen: SeenPage, frame: Frame) -> int:
    """The rotation by which most of what was seen is level."""
    letters: Counter[int] = Counter()
    for line in seen.lines:
        letters[line.turn] += line.letters
    turn, count = max(letters.items(), key=lambda item: item[1], default=(0, 0))
    return (frame.rotation + turn) % 360 if count > TURNED_SHARE * letters.total() else frame.rotation


def with_seen(text: PageText, seen: SeenPage, frame: Frame) -> PageText:
    """The lines of the page, in points of the page as read."""
    known = () if text.unknown_share > ILLEGIBLE_SHARE else text.lines
    places = [word.box for line in known for word in line.words]
    first = max((line.paragraph for line in known), default=0) + 1
    level_turn = (frame.reading_rotation - frame.rotation) % 360
    lines = [_line(line, frame, places, first, is_level=line.turn == level_turn) for line in seen.lines]
    found = [line for line in lines if line is not None]
    sizes = [line.size_pt for line in (*known, *found)]
    return msgspec.structs.replace(
        text,
        lines=(*known, *found),
        smallest_size_pt=min(sizes, default=None),
        is_recognised=False,
        is_repaired=False,
        unknown_share=0.0,
    )


def rulings_of(seen: SeenPage, frame: Frame) -> list[Box]:
    """Lines in points of the page as read."""
    return [_as_read(box, frame) for box in seen.rulings]


def facts_of(page: Page, seen: SeenPage, read_by: str) -> PageFacts:
    """The facts of the page once it is recognised; the warnings say why it was."""
    facts = page.facts
    stamp = _sure_stamp(page, seen)
    said = {NOTHING: not seen.lines, PARTLY: not seen.is_whole}
    warnings = (*facts.warnings, *(name for name, holds in said.items() if holds))
    return msgspec.structs.replace(
        facts,
        needs_ocr=False,
        read_by=read_by,
        sheet=stamp.get("sheet"),
        title=stamp.get("title"),
        stamp=stamp,
        confidence=seen.confidence,
        warnings=warnings,
    )


def _sure_stamp(page: Page, seen: SeenPage) -> Stamp:
    """Without values of which a word is unsure: a wrong designation or sheet number is worse than none. What the text
    layer says is sure; a designation right behind another word may be the end of one that came apart."""
    unsure = {word.text for line in seen.lines for word in line.words if word.confidence < STAMP_CONFIDENCE}
    broken = {
        word.text
        for line in seen.lines
        for before, word in pairwise(line.words)
        if _gap_pt(before.box, word.box, page) < line.size / 2
    }
    return {
        name: value
        for name, value in page.facts.stamp.items()
        if unsure.isdisjoint(value.split()) and not (name == "code" and value.split()[0] in broken)
    }


def _gap_pt(one: Box, other: Box, page: Page) -> float:
    """Between two words of a line, which may run along either side of the unrotated page."""
    across = max(one[0] - other[2], other[0] - one[2], 0.0) * page.width_pt
    down = max(one[1] - other[3], other[1] - one[3], 0.0) * page.height_pt
    return across + down


def _line(seen: SeenLine, frame: Frame, known: list[Box], first: int, *, is_level: bool) -> TextLine | None:
    """Null where the text layer says it all."""
    words = [TextWord(word.text, _as_read(word.box, frame)) for word in seen.words]
    words = [word for word in words if not any(is_within(centre(word.box), box) for box in known)]
    if not words:
        return None
    return TextLine(
        words=tuple(words),
        box=around(word.box for word in words),
        size_pt=round(seen.size, 1),
        paragraph=first + seen.paragraph,
        is_level=is_level,
    )


def _as_read(box: Box, frame: Frame) -> Box:
    """0–1 of the unrotated page as points of the page as read."""
    width, height = frame.width_pt, frame.height_pt
    return frame.seen((box[0] * width, box[1] * height, box[2] * width, box[3] * height))
