"""What a document is about, as far as its first words and its headings tell."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from domain.answers import AnswerReply, ReplyCitation
from workers.offline.passage import Passage
from workers.offline.passages import cut

MAX_DOCUMENTS = 3
MAX_PLACES = 8
"""Quoted of one document: its beginning and its first headings. Guesses."""

MAX_CHARS = 240
LEAST_WORDS = 2
"""A heading of one word is a label on a drawing more often than not. A guess."""

_WORDS = re.compile(r"[^\W\d_]{3,}")


def summarise(materials: Sequence[Mapping[str, Any]], is_english: bool) -> AnswerReply:
    """The beginnings and headings of the documents whose blocks are given, quoted."""
    lines: list[str] = []
    citations: list[ReplyCitation] = []
    opening, closing = ("“", "”") if is_english else ("«", "»")
    groups = [list(blocks) for _, blocks in groupby(materials, key=lambda material: material.get("document"))]
    for blocks in groups[:MAX_DOCUMENTS]:
        if len(groups) > 1:
            lines.append(f"{blocks[0]['document']}:")
        for block_id, text in _telling(blocks):
            citations.append(ReplyCitation(block_id=block_id, quote=text))
            lines.append(f"- {opening}{text}{closing} [{len(citations)}]")
    if not citations:
        text = "The documents hold no text to tell of." if is_english else "В документах нет текста, о котором сказать."
        return AnswerReply(needs_more_evidence=True, answer_markdown=text)
    first = "The documents begin and are divided so:" if is_english else "Начало и заголовки документов:"
    return AnswerReply(citations=tuple(citations), answer_markdown="\n".join([first, "", *lines]))


def _telling(blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Block id and words of the document's first passage and its headings, in reading order."""
    cuts = [(str(block["block_id"]), passage) for block in blocks for passage in cut(str(block["content"]))]
    passages = [found for found in cuts if len(_WORDS.findall(found[1].text)) >= LEAST_WORDS]
    kept = passages[:1] + [found for found in passages[1:] if _is_heading(found[1])]
    if len(kept) < MAX_PLACES:
        kept += [found for found in passages if found not in kept and not found[1].cells]
    told = {passage.text: (block_id, passage) for block_id, passage in kept if len(passage.text) <= MAX_CHARS}
    return [(block_id, passage.text) for block_id, passage in list(told.values())[:MAX_PLACES]]


def _is_heading(passage: Passage) -> bool:
    return passage.is_label and not passage.cells and not passage.text.endswith(":")
