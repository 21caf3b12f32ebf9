"""Turns the JSON fences of older prepared documents into readable text. Pure.

An image block there is a ```json fence with `content_summary`, `detailed_description`, `clean_ocr_text`,
`key_entities`, `location.zone_name` (spec/aizoomdoc.md §1.8), at the top or under `ocr_json` or `analysis`.
"""

import re
from typing import Any

import msgspec

_FENCE = re.compile(r"^```json\s*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
_TEXTS = (
    ("content_summary", "Краткое описание"),
    ("detailed_description", "Описание"),
    ("clean_ocr_text", "Текст на чертеже"),
)


def unfold_fences(text: str) -> str:
    """Each fence with known fields as labelled lines; any other fence is left as it is."""
    return _FENCE.sub(lambda fence: _as_text(fence.group(1)) or fence.group(0), text)


def _as_text(source: str) -> str:
    try:
        described = msgspec.json.decode(source)
    except msgspec.DecodeError:
        return ""
    if not isinstance(described, dict):
        return ""
    for wrapper in ("ocr_json", "analysis"):
        if isinstance(described.get(wrapper), dict):
            described = described[wrapper]
    return "\n".join(_lines(described))


def _lines(described: dict[str, Any]) -> list[str]:
    lines = [f"**{label}:** {described[key]}" for key, label in _TEXTS if described.get(key)]
    entities = described.get("key_entities")
    if isinstance(entities, list) and entities:
        lines.append("**Сущности:** " + ", ".join(str(entity) for entity in entities))
    location = described.get("location")
    if isinstance(location, dict) and location.get("zone_name"):
        lines.append(f"**Зона:** {location['zone_name']}")
    return lines
