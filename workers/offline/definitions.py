"""Whether a passage says what a word means: «Автореферат диссертации — документ, …», "LVT | LUXURY VINYL TILE"."""

import re

from workers.offline.passage import Passage
from workers.offline.questions import AskedFor
from workers.offline.words import terms_of

_HEAD = re.compile(
    r"^(?:\W*\d[\d.]*\s+)?(.{1,80}?)(?:\s*[:=]\s*|\s+[—–-]\s+|,?\s+(?:это|означает|называется|is (?:a|an|the|defined)"
    r"|means|stands for|refers to)\s+)\S"
)
"""What is told of before the dash or the verb, behind a clause's number."""


def defines(asked: AskedFor, passage: Passage) -> bool:
    """Whether it begins with nothing but what the question asks, and goes on with what that is."""
    if passage.is_label:
        return False
    filled = [cell for cell in passage.cells if cell]
    if len(filled) > 1 and _is_asked(filled[0], asked):
        return True
    return any(says_meaning(text, asked) for text in filled or (passage.text,))


def says_meaning(text: str, asked: AskedFor) -> bool:
    """Whether a text begins with nothing but what the question asks, and a sign or a verb that its meaning follows."""
    head = _HEAD.match(text)
    return head is not None and _is_asked(head.group(1), asked)


def _is_asked(head: str, asked: AskedFor) -> bool:
    terms = terms_of(head)
    return bool(terms) and terms <= asked.weights.keys()
