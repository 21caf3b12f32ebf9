"""Which page of the later revision shows the sheet of which page of the earlier one."""

from collections.abc import Sequence

import msgspec

from domain.documents import PageFacts
from domain.revisions.types import PagePair

BAND_PAGES = 40
"""A sheet is looked for this many pages around where it would stand. A guess."""

SAME_SHEET = 0.35
SAME_TITLE = 0.25
LEAST_SIMILARITY = 0.2
"""What equal sheet numbers and titles add to the share of common words, and from where pages are the same. Guesses,
flat between 0.1 and 0.35 on revisions of the sample set."""


REVISED = 0.62
"""Of the words of the page with fewer, what two revisions of one sheet share at least. Different sheets share up to
0.59 (sample sets, 2026-11: sheets of one specification)."""


class PageCard(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it is paired: its number from 1, its facts and its distinct words, folded."""

    page_no: int
    facts: PageFacts
    words: frozenset[str]


def pair_pages(a: Sequence[PageCard], b: Sequence[PageCard]) -> list[PagePair]:
    """Pages in order, each at most once; those without a partner stand where they belong.

    The alignment has the greatest sum of similarities (as of two texts: sheets keep their order). A document of one
    page on either side is always paired.
    """
    if len(a) == 1 == len(b):
        return [PagePair(page_a=a[0].page_no, page_b=b[0].page_no, similarity=_similarity(a[0], b[0]))]
    alike = {
        (i, j): similarity
        for i, one in enumerate(a)
        for j in range(max(0, _beside(i, a, b) - BAND_PAGES), min(len(b), _beside(i, a, b) + BAND_PAGES + 1))
        if (similarity := _similarity(one, b[j])) >= LEAST_SIMILARITY
    }
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + alike.get((i, j), 0.0))
    return _walk(a, b, alike, best)


def is_revision(one: PageCard, other: PageCard) -> bool:
    """Whether two pages can be the same sheet at all. Pages are paired by what is most alike, however little that is:
    a plan and a specification are no revisions of one another. A page without words may be a scan of anything; one with
    the title and number of the other is that sheet, however much of it was changed."""
    if not one.words or not other.words:
        return True
    if one.facts.title and (one.facts.title, one.facts.sheet) == (other.facts.title, other.facts.sheet):
        return True
    return len(one.words & other.words) >= REVISED * min(len(one.words), len(other.words))


def _walk(
    a: Sequence[PageCard],
    b: Sequence[PageCard],
    alike: dict[tuple[int, int], float],
    best: list[list[float]],
) -> list[PagePair]:
    pairs: list[PagePair] = []
    i = j = 0
    while i < len(a) and j < len(b):
        similarity = alike.get((i, j), 0.0)
        if similarity and best[i][j] == best[i + 1][j + 1] + similarity:
            pairs.append(PagePair(page_a=a[i].page_no, page_b=b[j].page_no, similarity=round(similarity, 3)))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            pairs.append(PagePair(page_a=a[i].page_no, page_b=None))
            i += 1
        else:
            pairs.append(PagePair(page_a=None, page_b=b[j].page_no))
            j += 1
    pairs += [PagePair(page_a=one.page_no, page_b=None) for one in a[i:]]
    pairs += [PagePair(page_a=None, page_b=other.page_no) for other in b[j:]]
    return pairs


def _beside(place: int, a: Sequence[PageCard], b: Sequence[PageCard]) -> int:
    return round(place * (len(b) - 1) / max(len(a) - 1, 1))


def _similarity(one: PageCard, other: PageCard) -> float:
    """0–1. Pages without words are alike when they stand at the same place."""
    if not one.words and not other.words:
        common = 1.0 if one.page_no == other.page_no else LEAST_SIMILARITY
    else:
        common = len(one.words & other.words) / max(len(one.words | other.words), 1)
    similarity = common
    if one.facts.sheet and one.facts.sheet == other.facts.sheet:
        similarity += SAME_SHEET
    if one.facts.title and one.facts.title == other.facts.title:
        similarity += SAME_TITLE
    return min(similarity, 1.0)
