"""The register of drawings that a collector is shown: entries of the block index, candidates, never evidence. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from domain.drawings import Drawing

MAX_ENTRIES = 40
"""Of one document, the best by shared words; about 6,000 characters of a prompt. A guess."""

_WORD = re.compile(r"[^\W_]{2,}")


def listed_entries(entries: Sequence[Drawing], question: str, focus: Iterable[str]) -> list[Drawing]:
    """Those that share most words with the question, in the order of pages; with few entries all of them.

    Words are compared by their first five letters, as in `rules_materials.excerpt`.
    """
    if len(entries) <= MAX_ENTRIES:
        return list(entries)
    asked = _words(" ".join((question, *focus)))
    order = sorted(range(len(entries)), key=lambda n: (-len(asked & _words(_text_of(entries[n]))), n))
    return [entries[number] for number in sorted(order[:MAX_ENTRIES])]


def shown_entry(ref: str, place: str, entry: Drawing) -> dict[str, Any]:
    """An entry as the prompt tells of it; what is empty is left out."""
    told = {
        "block_id": ref,
        "place": place,
        "is_sheet": entry.is_sheet,
        "title": entry.title,
        "discipline": entry.discipline,
        "drawn": entry.drawn,
        "floor_or_section": entry.floor_or_section,
        "scale": entry.scale,
        "system_codes": [code.code for code in entry.system_codes],
    }
    return {name: value for name, value in told.items() if value}


def _text_of(entry: Drawing) -> str:
    codes = (code.code for code in entry.system_codes)
    return " ".join((entry.title, entry.drawn, entry.floor_or_section, *entry.keywords, *codes))


def _words(text: str) -> set[str]:
    return {word[:5] for word in _WORD.findall(text.lower())}
