"""Marks as they stand: where «WKP3» has a line of its own, «WKP3-7040» does not tell of it."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from workers.offline.blocks import ReadBlock
from workers.offline.words import sequence_of

_BETWEEN = re.compile(r"[,;()|«»“”\"]")


def with_whole_marks(designations: Iterable[str], blocks: Sequence[ReadBlock]) -> Sequence[ReadBlock]:
    """The blocks, where passages have lost the designations that stand whole in others and are in them only parts of
    longer ones. Plain numbers are left as they are."""
    marks = [mark for mark in designations if any(letter.isalpha() for letter in mark)]
    for mark in marks:
        pairs = [pair for block in blocks for pair in zip(block.passages, block.terms, strict=True)]
        holding = [passage for passage, terms in pairs if mark in terms]
        whole = {passage.text for passage in holding if mark in _wholes(passage.text)}
        if whole and len(whole) < len(holding):
            blocks = [_without(mark, whole, block) for block in blocks]
    return blocks


def _without(mark: str, whole: set[str], block: ReadBlock) -> ReadBlock:
    terms = [
        own if passage.text in whole else own - {mark} for passage, own in zip(block.passages, block.terms, strict=True)
    ]
    return msgspec.structs.replace(block, terms=terms)


def _wholes(text: str) -> frozenset[str]:
    return frozenset(sequence_of(_BETWEEN.sub(" ", text)))
