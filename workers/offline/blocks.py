"""The blocks of the material as the offline reader takes them: passages, and the words around them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.passages import Passage, cut
from workers.offline.words import terms_of

RUNNING_TIMES = 3
MAX_RUNNING_CHARS = 160
"""What stands so often with nothing but other numbers is a running title («Page 3 of 9»). Guesses."""

_NUMBER = re.compile(r"\d+")


class ReadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its passages and the terms of each; `heading` and `document` are those of their names, `all` the
    block's, `page` the page's."""

    block_id: str
    place: int
    passages: Sequence[Passage]
    terms: Sequence[frozenset[str]]
    heading: frozenset[str]
    document: frozenset[str]
    all: frozenset[str]
    page: frozenset[str]
    page_no: int


def read_blocks(materials: Sequence[Mapping[str, Any]]) -> list[ReadBlock]:
    passages = [cut(str(material["content"])) for material in materials]
    terms = [[_own_terms(passage) for passage in own] for own in passages]
    pages: dict[tuple[str, str], set[str]] = {}
    for material, own in zip(materials, terms, strict=True):
        pages.setdefault(_page(material), set()).update(*own)
    return [
        ReadBlock(
            block_id=str(material["block_id"]),
            place=place,
            passages=passages[place],
            terms=terms[place],
            heading=terms_of(str(material.get("heading") or "")),
            document=terms_of(str(material.get("document") or "")),
            all=frozenset().union(*terms[place]),
            page=frozenset(pages[_page(material)]),
            page_no=page_of(material),
        )
        for place, material in enumerate(materials)
    ]


def page_of(material: Mapping[str, Any]) -> int:
    """The number of the page, the last of «лист 5 (стр. 7)»; 0 when the place tells none."""
    numbers = _NUMBER.findall(str(material.get("place") or ""))
    return int(numbers[-1]) if numbers else 0


def running_titles(blocks: Sequence[ReadBlock]) -> frozenset[str]:
    """The texts that differ from others in their numbers alone."""
    alike: dict[str, set[str]] = {}
    for block in blocks:
        for passage in block.passages:
            if not passage.cells and len(passage.text) <= MAX_RUNNING_CHARS and _NUMBER.search(passage.text):
                alike.setdefault(_NUMBER.sub("0", passage.text), set()).add(passage.text)
    return frozenset().union(*(texts for texts in alike.values() if len(texts) >= RUNNING_TIMES))


def _own_terms(passage: Passage) -> frozenset[str]:
    """Without the number a clause begins with: «3.3 Сборка» does not tell of 3.3 volts."""
    return terms_of(passage.text.removeprefix(passage.clause) if passage.clause else passage.text)


def _page(material: Mapping[str, Any]) -> tuple[str, str]:
    return str(material.get("document")), str(material.get("place"))
