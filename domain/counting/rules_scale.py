"""The scale that a sheet states, for a place on it: in the title block, or beside the title of the view. Pure.

Refused rather than guessed: no scale, «без масштаба», several views whose titles are equally near, a title block that
contradicts the only view. Ratios are real length to length on paper: 100 for 1:100.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

import msgspec

from domain.documents import Box, Page, Word, lines_of, union


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """`text` as it stands on the sheet; `box` in the unrotated page, null for the title block's field. `is_calibrated`:
    not stated, but got from the dimensions."""

    ratio: float
    text: str
    box: Box | None = None
    is_calibrated: bool = False


class Refusal(StrEnum):
    NO_SCALE = "no_scale"
    NOT_TO_SCALE = "not_to_scale"
    CONFLICT = "conflict"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Either the scale or why there is none; `others` are further scales that the sheet states."""

    scale: Scale | None = None
    refusal: Refusal | None = None
    others: tuple[str, ...] = ()


_METRIC = re.compile(
    r"(?P<lead>\b(?:масштаб|scale|м|m)\s*[:=.]?\s*|\(\s*|^\s*|(?<=\s))(?P<a>\d{1,3}(?:[.,]\d)?)\s*:\s*(?P<b>\d{1,6}(?:[.,]\d)?)(?![\d:])",
    re.IGNORECASE,
)
_IMPERIAL = re.compile(
    r"(?P<whole>\d{1,2}\s+|\d{1,2}-)?(?P<inches>\d{1,2}(?:/\d{1,3})?)\s*[\"”″]\s*=\s*(?P<feet>\d{1,4})\s*['’′](?:\s*-?\s*0\s*[\"”″]?)?"
)
_NO_SCALE = re.compile(
    r"\bn\.?\s?t\.?\s?s\b\.?|not\s+to\s+scale|no\s+scale|без\s+масштаба|не\s+в\s+масштабе|\bб/м\b", re.IGNORECASE
)
_VIEW = re.compile(
    r"^\W*(?:план|разрез|сечение|фасад|вид|узел|схема|фрагмент|plan|section|elevation|detail|view|layout|\w+\s+plan)\b",
    re.IGNORECASE,
)
"""Titles of views, behind which a scale stands without a word of its own."""

_SLOPE = re.compile(r"уклон|откос|slope|pitch|раствор|mix|ratio|цемент", re.IGNORECASE)
MAX_SCALES = 200
"""Of one page, the first. A guess."""

SAME = 0.005
"""Ratios that differ by less are one."""

NEARER = 0.6
"""A view's title must be so much nearer than the next one's, of the distance, to be the place's own. A guess."""

MM_PER_PT = 25.4 / 72
FORMATS_MM = (
    (210.0, 297.0),
    (297.0, 420.0),
    (420.0, 594.0),
    (594.0, 841.0),
    (841.0, 1189.0),
    (215.9, 279.4),
    (279.4, 431.8),
    (431.8, 558.8),
    (558.8, 863.6),
    (863.6, 1117.6),
    (228.6, 304.8),
    (304.8, 457.2),
    (457.2, 609.6),
    (609.6, 914.4),
    (914.4, 1219.2),
    (762.0, 1066.8),
)
"""A4–A0 (GOST 2.301, ISO 216), ANSI A–E and ARCH A–E1. Multiples of A formats (A3×3) keep one side of these."""

FORMAT_TOLERANCE_MM = 3.0


def scales_on(words: Sequence[Word]) -> tuple[list[Scale], bool]:
    """The scales that the words of a page state, and whether it says that something is not to scale."""
    found: list[Scale] = []
    is_unscaled = False
    for line in lines_of(words):
        text = " ".join(word.text for word in line)
        is_unscaled |= _NO_SCALE.search(text) is not None
        if _SLOPE.search(text):
            continue
        for place, ratio in islice(_ratios(text), MAX_SCALES - len(found)):
            found.append(
                Scale(ratio=ratio, text=place.group().strip(" ()"), box=_box_at(line, place.start(), place.end()))
            )
    return found, is_unscaled


def stamp_scale(stamp: Mapping[str, str]) -> Scale | None:
    """The title block's own, if it has one."""
    text = stamp.get("scale", "")
    place = next(iter(_ratios(text)), None)
    return Scale(ratio=place[1], text=text) if place else None


def choose_scale(stamp: Scale | None, found: Sequence[Scale], place: Box, *, is_unscaled: bool) -> Chosen:
    """The scale of a place (a box of the unrotated page)."""
    texts = tuple(dict.fromkeys(scale.text for scale in found))
    known = _distinct(found)
    if not known:
        if stamp is None:
            return Chosen(refusal=Refusal.NOT_TO_SCALE if is_unscaled else Refusal.NO_SCALE)
        return Chosen(scale=stamp)
    if len(known) == 1:
        if stamp is not None and not is_same(stamp.ratio, known[0].ratio):
            return Chosen(refusal=Refusal.CONFLICT, others=(stamp.text, *texts))
        return Chosen(scale=known[0] if stamp is None else stamp)
    ranked = sorted((scale for scale in found if scale.box is not None), key=lambda scale: _distance(scale.box, place))
    if not ranked:
        return Chosen(refusal=Refusal.CONFLICT, others=texts)
    nearest = ranked[0]
    other = next((scale for scale in ranked if not is_same(scale.ratio, nearest.ratio)), None)
    if other is not None and _distance(nearest.box, place) > NEARER * _distance(other.box, place):
        return Chosen(refusal=Refusal.CONFLICT, others=texts)
    return Chosen(scale=nearest, others=tuple(text for text in texts if text != nearest.text))


def is_same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(one, other)


def is_format(page: Page) -> bool:
    """Whether the page has a side of a known paper size: else it may have been scaled when it was printed to PDF."""
    sides = (page.width_pt * MM_PER_PT, page.height_pt * MM_PER_PT)
    known = {side for sizes in FORMATS_MM for side in sizes}
    return all(any(abs(side - one) <= FORMAT_TOLERANCE_MM for one in known) for side in sides) or any(
        abs(min(sides) - one) <= FORMAT_TOLERANCE_MM and _is_multiple(max(sides)) for one in known
    )


def _is_multiple(side: float) -> bool:
    """Of the short side of an A format: A4×3 is 297 × 630."""
    shorts = [short for short, _ in FORMATS_MM[:5]]
    return any(abs(side - count * short) <= FORMAT_TOLERANCE_MM + count for short in shorts for count in range(2, 10))


def _ratios(text: str) -> Iterator[tuple[re.Match[str], float]]:
    for place in _IMPERIAL.finditer(text):
        inches = _fraction(place["inches"]) + (float(place["whole"].strip(" -")) if place["whole"] else 0.0)
        if inches > 0 and int(place["feet"]) > 0:
            yield place, int(place["feet"]) * 12 / inches
    for place in _METRIC.finditer(text):
        a, b = (float(place[name].replace(",", ".")) for name in ("a", "b"))
        is_alone = place.start() == 0 and place.end() == len(text.rstrip())
        is_titled = place.end() == len(text.rstrip()) and _VIEW.search(text) is not None
        is_named = bool(place["lead"].strip()) or is_titled
        if a > 0 and b > 0 and (is_named or is_alone) and (a == 1 or b == 1):
            yield place, b / a


def _fraction(text: str) -> float:
    upper, _, lower = text.partition("/")
    return float(upper) / float(lower) if lower and float(lower) else float(upper)


def _distinct(found: Sequence[Scale]) -> list[Scale]:
    kept: list[Scale] = []
    for scale in found:
        if not any(is_same(scale.ratio, other.ratio) for other in kept):
            kept.append(scale)
    return kept


def _distance(box: Box | None, place: Box) -> float:
    """Between the nearest edges, 0–1; 0 where they meet."""
    if box is None:
        return math.inf
    across = max(place[0] - box[2], box[0] - place[2], 0.0)
    down = max(place[1] - box[3], box[1] - place[3], 0.0)
    return math.hypot(across, down)


def _box_at(line: Sequence[Word], start: int, end: int) -> Box:
    at = 0
    boxes: list[Box] = []
    for word in line:
        if at < end and at + len(word.text) > start:
            boxes.append(word.box)
        at += len(word.text) + 1
    return union(boxes or [word.box for word in line])
