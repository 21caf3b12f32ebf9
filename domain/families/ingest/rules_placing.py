"""Finds the boxes of prepared blocks on the page of their source PDF, by matching text. Pure.

A prepared block says what stands on the page, in the words of another program; the words of the PDF say where. The
place of a block is the run of words that shares most pairs of neighbouring words with it; a block that reads otherwise
than the page (a table by columns) may have some such runs. A block that matches badly keeps no box: a wrong box is
worse than none.
"""

import re
from collections import Counter, deque
from collections.abc import Sequence
from itertools import pairwise

from msgspec import structs

from domain.documents import Block, BlockKind, Box, PageContent, Word, union

PAIR, SINGLE, OTHER = 1.0, 0.25, -0.6
"""What a word of the page is worth to a block: it follows the same word as in the block, stands in it at all, does not.
Guesses; measured 2026-11-20 on the sample drawings (docs/real-runs.md)."""

LEAST_COVERAGE = 0.6
"""Of the words of a block, to be found in its runs."""

ENOUGH_COVERAGE = 0.9
RUNS_LIMIT = 6
LEAST_RUN = 1.5
COST_LIMIT = 20_000_000
"""Blocks times words of a page: seconds of work. A guess."""

_TOKEN = re.compile(r"\w+")
_DRAWN = re.compile(
    r"\*\*(?:Текст на чертеже|Распознанный OCR текст на чертеже):\*\*(.*?)(?=\n\*\*[^*\n]+:\*\*|\Z)", re.DOTALL
)
_LOOK_ALIKES = str.maketrans("abekmhopctxyё", "авекмнорстхуе")

Run = tuple[int, int]


def place_blocks(prepared: PageContent, read: PageContent) -> PageContent:
    """The prepared page with the size, rotation and measured facts of the read one, and boxes where they are found.

    Boxes that the prepared blocks bring are of the page as it is seen; they are kept, turned to the unrotated page.
    """
    page = structs.replace(
        read.page,
        facts=structs.replace(
            prepared.page.facts,
            picture_coverage=read.page.facts.picture_coverage,
            smallest_glyph_pt=read.page.facts.smallest_glyph_pt,
            sheet=prepared.page.facts.sheet or read.page.facts.sheet,
            title=prepared.page.facts.title or read.page.facts.title,
            stamp=read.page.facts.stamp | prepared.page.facts.stamp,
        ),
    )
    finder = _Finder(read.words)
    blocks = list(prepared.blocks)
    words: list[Word] = []
    tokens = [_said_tokens(block) for block in blocks]
    costs = len(blocks) * finder.size
    for number in sorted(range(len(blocks)), key=lambda number: -len(tokens[number])):
        given = blocks[number].box
        found = finder.find(tokens[number]) if costs <= COST_LIMIT else []
        words.extend(structs.replace(word, block_no=number) for word in found)
        box = _unrotated(given, page.rotation) if given else _box_of(blocks[number], found, read)
        blocks[number] = structs.replace(blocks[number], box=box)
    return PageContent(page=page, blocks=tuple(blocks), words=tuple(sorted(words, key=lambda word: word.block_no)))


def _box_of(block: Block, found: list[Word], read: PageContent) -> Box | None:
    """Around the words; of a picture, the region of the page that holds them, if there is one."""
    if not found:
        return None
    around = union([word.box for word in found])
    if block.kind is BlockKind.IMAGE:
        holding = [other.box for other in read.blocks if other.kind is BlockKind.IMAGE and _holds(other.box, around)]
        return min((box for box in holding if box), key=_area, default=around)
    return around


def _said_tokens(block: Block) -> list[str]:
    """What the page itself says of a block: of a picture, not its description."""
    text = "\n".join(_DRAWN.findall(block.content)) if block.kind is BlockKind.IMAGE else block.content
    return _tokens(text)


def _tokens(text: str) -> list[str]:
    return [token.translate(_LOOK_ALIKES) for token in _TOKEN.findall(text.lower())]


class _Finder:
    """The words of a page as tokens; what one block has taken is no other's."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        flat = [(token, number) for number, word in enumerate(words) for token in _tokens(word.text)]
        self._tokens = [token for token, _ in flat]
        self._owners = [number for _, number in flat]
        self._taken = [False] * len(flat)
        self.size = len(flat)

    def find(self, tokens: list[str]) -> list[Word]:
        """The words of the block, in the page's order; empty when too little of it is found."""
        if not tokens or not self._tokens:
            return []
        wanted = Counter(tokens)
        runs: list[Run] = []
        found = 0
        left = Counter(wanted)
        while len(runs) < RUNS_LIMIT and found < ENOUGH_COVERAGE * len(tokens):
            run = self._best_run(tokens, left, runs)
            if run is None:
                break
            runs.append(run)
            for place in range(*run):
                if left[self._tokens[place]] > 0:
                    left[self._tokens[place]] -= 1
                    found += 1
        if found < LEAST_COVERAGE * len(tokens):
            return []
        return self._take(runs, wanted)

    def _best_run(self, tokens: list[str], left: Counter[str], runs: list[Run]) -> Run | None:
        """The run of greatest worth that no earlier one overlaps; null when none is worth it.

        Kadane's algorithm, over a window that holds no word more often than the block has it.
        """
        pairs = set(pairwise(tokens))
        used = {place for run in runs for place in range(*run)}
        best, best_run = 0.0, None
        window = _Window(self._tokens)
        for place, token in enumerate(self._tokens):
            if self._taken[place] or place in used:
                window.restart(place + 1)
                continue
            window.add(place, self._gain(place, left, pairs), left[token])
            if window.worth > best:
                best, best_run = window.worth, (window.start, place + 1)
        return best_run if best >= min(LEAST_RUN, SINGLE + PAIR * (len(tokens) - 1)) else None

    def _gain(self, place: int, left: Counter[str], pairs: set[tuple[str, str]]) -> float:
        token = self._tokens[place]
        if left[token] <= 0:
            return OTHER
        return PAIR if place and (self._tokens[place - 1], token) in pairs else SINGLE

    def _take(self, runs: list[Run], wanted: Counter[str]) -> list[Word]:
        numbers: list[int] = []
        for place in (place for run in sorted(runs) for place in range(*run)):
            if wanted[self._tokens[place]] > 0:
                wanted[self._tokens[place]] -= 1
                self._taken[place] = True
                numbers.append(self._owners[place])
        return [self._words[number] for number in dict.fromkeys(numbers)]


class _Window:
    """Words that follow one another, with what they are worth together."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._have: Counter[str] = Counter()
        self._gains: deque[float] = deque()
        self.start = 0
        self.worth = 0.0

    def restart(self, place: int) -> None:
        self._have.clear()
        self._gains.clear()
        self.start, self.worth = place, 0.0

    def add(self, place: int, gain: float, most: int) -> None:
        """The word at `place`; words are left behind until it is there at most `most` times."""
        token = self._tokens[place]
        while most > 0 and self._have[token] >= most:
            self._drop()
        while self._gains and self._gains[0] < 0:
            self._drop()
        if self.worth <= 0:
            self.restart(place)
        self._have[token] += 1
        self._gains.append(gain if self._gains else min(gain, SINGLE))
        self.worth += self._gains[-1]

    def _drop(self) -> None:
        self._have[self._tokens[self.start]] -= 1
        self.worth -= self._gains.popleft()
        self.start += 1
        if self._gains and self._gains[0] > SINGLE:
            # The first word follows none of the run.
            self.worth -= self._gains[0] - SINGLE
            self._gains[0] = SINGLE


def _unrotated(box: Box, rotation: int) -> Box:
    """From the page as it is seen, turned clockwise by `rotation`."""
    x0, y0, x1, y1 = box
    turned = {90: (y0, 1 - x1, y1, 1 - x0), 180: (1 - x1, 1 - y1, 1 - x0, 1 - y0), 270: (1 - y1, x0, 1 - y0, x1)}
    return turned.get(rotation, box)


def _holds(box: Box | None, inner: Box) -> bool:
    """Whether most of the inner box lies in the other one."""
    if box is None:
        return False
    width = min(box[2], inner[2]) - max(box[0], inner[0])
    height = min(box[3], inner[3]) - max(box[1], inner[1])
    return width > 0 and height > 0 and width * height >= 0.8 * _area(inner)


def _area(box: Box) -> float:
    return max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
