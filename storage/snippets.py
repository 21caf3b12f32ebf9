"""What a hit shows of its block: the lines that answer best, and where their words stand. Pure."""

from collections.abc import Sequence, Set

from domain.documents import Box, Word
from storage.terms import word_terms

SNIPPET_CHARACTERS = 240
BOXES_LIMIT = 40


def snippet_of(content: str, terms: Set[str]) -> str:
    """The lines of the content around the one with most of the terms, up to 240 characters."""
    lines = [line for line in content.split("\n") if line.strip()]
    if not lines:
        return ""
    best = max(range(len(lines)), key=lambda number: (len(_found(lines[number], terms)), -number))
    first = last = best
    while True:
        length = sum(len(line) + 1 for line in lines[first : last + 1])
        if last + 1 < len(lines) and length + len(lines[last + 1]) < SNIPPET_CHARACTERS:
            last += 1
        elif first > 0 and length + len(lines[first - 1]) < SNIPPET_CHARACTERS:
            first -= 1
        else:
            break
    snippet = "\n".join(lines[first : last + 1])
    return snippet if len(snippet) <= 2 * SNIPPET_CHARACTERS else _middle(snippet, terms)


def boxes_of(
    words: tuple[Word, ...], block_no: int, block_box: Sequence[float] | None, terms: Set[str]
) -> tuple[Box, ...]:
    """Of the words of the block that have one of the terms, at most 40. A picture has no words of its own: what is
    written on it are the words inside its box. A page read by a model has no words: then the block as a whole."""
    if not words and block_box is not None:
        x0, y0, x1, y1 = block_box
        return ((x0, y0, x1, y1),)
    own = [word for word in words if word.block_no == block_no]
    if not own and block_box is not None:
        own = [word for word in words if _is_inside(word.box, block_box)]
    found = (word.box for word in own if word_terms(word.text) & terms)
    return tuple(box for box, _ in zip(found, range(BOXES_LIMIT), strict=False))


def _is_inside(box: Box, around: Sequence[float]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return around[0] <= x <= around[2] and around[1] <= y <= around[3]


def _found(line: str, terms: Set[str]) -> set[str]:
    """Word by word, which is cached, unlike the whole line."""
    return {term for word in line.split() for term in word_terms(word) if term in terms}


def _middle(line: str, terms: Set[str]) -> str:
    """The part of a long line from a little before its first term on."""
    pieces = line.split(" ")
    start = next((number for number, piece in enumerate(pieces) if word_terms(piece) & terms), 0)
    offset = len(" ".join(pieces[: max(start - 5, 0)]))
    return line[offset : offset + SNIPPET_CHARACTERS].strip()
