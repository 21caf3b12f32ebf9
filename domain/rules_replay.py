"""When a request is that of a recorded call, and what the first difference is where it is not.

The normal form of a request is what decides the reply: the model, the prompt's name, the system's text, the parts
(pictures by digest and label), the schema and the sampling. Left out are the room for output and the patience, which
depend on what the job has left.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

SCALARS = ("purpose", "model", "system", "schema", "temperature", "top_p", "thinking_budget", "media_resolution")
EXCERPT_CHARS = 60
"""Shown of either text, from a little before the first character that differs. A guess."""

LEAD_CHARS = 15
DIGEST_CHARS = 12

_NAMES_RU = {
    "purpose": "промпт",
    "model": "модель",
    "system": "системный текст",
    "schema": "схема ответа",
    "temperature": "температура",
    "top_p": "top_p",
    "thinking_budget": "бюджет размышлений",
    "media_resolution": "разрешение изображений",
    "text": "текст запроса",
    "picture": "изображение",
    "parts": "число частей запроса",
}
_NAMES_EN = {
    "purpose": "the prompt",
    "model": "the model",
    "system": "the system's text",
    "schema": "the reply's schema",
    "thinking_budget": "the thinking budget",
    "media_resolution": "the resolution of pictures",
    "text": "the request's text",
    "picture": "the picture",
    "parts": "the number of parts",
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`what` is a field of the normal form, `text`, `picture` or `parts`; `part_no` counts the parts from 1; `at` is
    the first character of a text that differs, from 0. `recorded` and `asked` are excerpts."""

    what: str
    part_no: int | None = None
    at: int | None = None
    recorded: str = ""
    asked: str = ""

    @property
    def ru(self) -> str:
        at = "" if self.at is None else f" с символа {self.at + 1}"
        return f"{_NAMES_RU[self.what]}{self._place}{at}: было «{self.recorded}», стало «{self.asked}»"

    @property
    def en(self) -> str:
        at = "" if self.at is None else f" from character {self.at + 1}"
        return f"{_NAMES_EN.get(self.what, self.what)}{self._place}{at}: was “{self.recorded}”, is “{self.asked}”"

    @property
    def _place(self) -> str:
        return "" if self.part_no is None else f" {self.part_no}"


def request_key(request: Mapping[str, Any]) -> str:
    """The digest of the normal form of a request as logged: equal for requests that a model cannot tell apart."""
    normal = [[request.get(name) for name in SCALARS], [_normal(part) for part in request.get("parts", ())]]
    return hashlib.sha256(msgspec.json.encode(normal)).hexdigest()


def first_difference(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Difference | None:
    """Of two requests as logged; null when their normal forms are equal."""
    for name in SCALARS:
        if recorded.get(name) != asked.get(name):
            old_value, new_value = str(recorded.get(name)), str(asked.get(name))
            if name == "schema":
                old_value, new_value = old_value[:DIGEST_CHARS], new_value[:DIGEST_CHARS]
            return _between(name, old_value, new_value)
    old, new = recorded.get("parts", ()), asked.get("parts", ())
    for number, (one, other) in enumerate(zip(old, new, strict=False), start=1):
        if (first := _normal(one)) != (second := _normal(other)):
            return _between_parts(number, first, second)
    if len(old) != len(new):
        return Difference(what="parts", recorded=str(len(old)), asked=str(len(new)))
    return None


def _normal(part: Mapping[str, Any]) -> list[Any]:
    return [part.get(name) for name in ("type", "text", "label", "mime_type", "digest")]


def _between_parts(number: int, old: list[Any], new: list[Any]) -> Difference:
    if old[0] == new[0] == "text":
        return _between("text", str(old[1]), str(new[1]), part_no=number)
    return Difference(what="picture", part_no=number, recorded=_named(old), asked=_named(new))


def _named(part: list[Any]) -> str:
    kind, text, label, _, digest = part
    return str(text)[:EXCERPT_CHARS] if kind == "text" else f"{label} {str(digest)[:DIGEST_CHARS]}"


def _between(what: str, old: str, new: str, *, part_no: int | None = None) -> Difference:
    if max(len(old), len(new)) <= EXCERPT_CHARS:
        return Difference(what=what, part_no=part_no, recorded=old, asked=new)
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(at - LEAD_CHARS, 0)
    excerpts = {"recorded": old[start : start + EXCERPT_CHARS], "asked": new[start : start + EXCERPT_CHARS]}
    return Difference(what=what, part_no=part_no, at=at, **excerpts)
