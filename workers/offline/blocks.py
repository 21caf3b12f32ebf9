"""The blocks of the material as the offline reader takes them: passages, and the words around them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from workers.offline.passage import Passage
from workers.offline.passages import cut
from workers.offline.quantities import is_quantity, quantities_in
from workers.offline.ranges import marks_between
from workers.offline.words import terms_of

RUNNING_TIMES = 3
MAX_RUNNING_CHARS = 160
"""What stands so often with nothing but other numbers is a running title («Page 3 of 9»). Guesses."""

_STAMPED = terms_of("чертеж схема лист документ деталь изделие основная надпись штамп drawing sheet part title block")
"""What every line of a title block is about."""

_SHEET = re.compile(r"(?:лист|sheet)\s+((?=\S*\d)(?=\S*[^\W\d_])\S+)\s*\(", re.IGNORECASE)
_SHEET_NUMBER = terms_of("номер лист number sheet")

LEAST_COLUMNS = 3
"""Tables of two columns are names and values, and alike everywhere."""

_NUMBER = re.compile(r"\d+")


class ReadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its passages and the terms of each; `heading` and `document` are those of their names, `all` the
    block's, `page` the page's; `label_before` those of the block before it on the page, if that is nothing but a label:
    on drawings «НОВОЕ ЗДАНИЕ» and its area are often two blocks."""

    block_id: str
    place: int
    passages: Sequence[Passage]
    terms: Sequence[frozenset[str]]
    heading: frozenset[str]
    document: frozenset[str]
    all: frozenset[str]
    page: frozenset[str]
    page_no: int
    label_before: frozenset[str] = frozenset()


def read_blocks(materials: Sequence[Mapping[str, Any]]) -> list[ReadBlock]:
    passages = with_headers_before(materials, [cut(str(material["content"])) for material in materials])
    sheets = [_sheet_of(material) for material in materials]
    terms = [[_own_terms(passage, sheet) for passage in own] for own, sheet in zip(passages, sheets, strict=True)]
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
            all=_words_of(frozenset().union(*terms[place])),
            page=_words_of(pages[_page(material)]),
            page_no=page_of(material),
            label_before=_label_before(place, materials, passages),
        )
        for place, material in enumerate(materials)
    ]


def with_headers_before(
    materials: Sequence[Mapping[str, Any]], passages: Sequence[Sequence[Passage]]
) -> list[list[Passage]]:
    """The passages of each block; the rows of a table without headers get those of the table of as many columns that
    the page before or the same one has: it goes on there."""
    found: list[list[Passage]] = []
    headers: tuple[str, ...] = ()
    last = ("", 0)
    for material, own in zip(materials, passages, strict=True):
        place = (str(material.get("document")), page_of(material))
        is_near = last[0] == place[0] and 0 <= place[1] - last[1] <= 1
        headed = [_headed(passage, headers) if is_near else passage for passage in own]
        found.append(headed)
        for passage in headed:
            if len(passage.headers) >= LEAST_COLUMNS and any(passage.headers):
                headers, last = passage.headers, place
    return found


def _headed(passage: Passage, headers: tuple[str, ...]) -> Passage:
    is_bare = bool(passage.headers) and not any(passage.headers) and len(passage.headers) == len(headers)
    return msgspec.structs.replace(passage, headers=headers) if is_bare else passage


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


def _label_before(
    place: int, materials: Sequence[Mapping[str, Any]], passages: Sequence[Sequence[Passage]]
) -> frozenset[str]:
    if place == 0 or _page(materials[place - 1]) != _page(materials[place]):
        return frozenset()
    before = passages[place - 1]
    is_label = len(before) == 1 and before[0].is_label and not before[0].cells
    return terms_of(before[0].text) if is_label else frozenset()


def _sheet_of(material: Mapping[str, Any]) -> str:
    """The number of the sheet in «лист АР-5 (стр. 7)»; empty when it is a plain number, which stands everywhere."""
    found = _SHEET.match(str(material.get("place") or ""))
    return found.group(1) if found else ""


def _own_terms(passage: Passage, sheet: str) -> frozenset[str]:
    """Without the number a clause begins with: «3.3 Сборка» does not tell of 3.3 volts. With what it stands for: the
    quantities of its units, the marks of its ranges."""
    text = passage.text.removeprefix(passage.clause) if passage.clause else passage.text
    is_sheet = bool(sheet) and sheet in passage.text.split() and len(passage.text) <= MAX_RUNNING_CHARS
    about = _STAMPED if passage.is_stamp else _SHEET_NUMBER if is_sheet else frozenset[str]()
    return terms_of(f"{text} {passage.means}") | quantities_in(text) | marks_between(text) | about


def _words_of(terms: Iterable[str]) -> frozenset[str]:
    """Without quantities: units stand on every page."""
    return frozenset(term for term in terms if not is_quantity(term))


def _page(material: Mapping[str, Any]) -> tuple[str, str]:
    return str(material.get("document")), str(material.get("place"))
