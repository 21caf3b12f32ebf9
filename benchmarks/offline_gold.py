"""The questions of the open sets as the offline reader is asked them, and when a text holds the gold answer's value."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchmarks.search_sets import FOLDER, Place, QuestionSet
from storage.terms import count_terms

LANGUAGES = {
    "financebench": "en",
    "mmlongbench": "en",
    "designqa": "en",
    "ru_tech": "ru",
    "aizoomdoc_ar4": "ru",
    "ntd_text": "ru",
}
LOOKUPS = 40
"""Of the 654 questions of DesignQA, most of which ask for a rule by its number."""

HELD_SHARE = 2 / 3
"""Of the value's terms that the answer must hold: «8,215 кг» is all there, a rule of ten lines nearly. A guess."""

_PARENTHESES = re.compile(r"\([^)]*\)")
_YES_NO = re.compile(r"\s*(yes|no|да|нет)\b[\s,.]*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One question of one of the halves `dev` and `held`. `documents` are asked, `gold` are the right pages (none:
    the documents do not hold the answer), `value` is the gold answer, empty when the set gives none."""

    set_name: str
    half: str
    text: str
    documents: tuple[str, ...]
    gold: frozenset[Place] = frozenset()
    value: str = ""
    is_misdirected: bool = False


def questions(sets: Sequence[QuestionSet]) -> list[Asking]:
    """Those with an answer, those without, and each of the first put to a document of another set."""
    documents = {one.name: tuple(one.sources) for one in sets}
    rows = [json.loads(line) for line in (FOLDER / "gold_open.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = _thinned([row for row in rows if row["set"] in documents])
    asked = [_asking(row, documents[row["set"]]) for row in rows]
    return asked + [_misdirected(row, documents) for row in rows if row["gold"]]


def holds_value(text: str, value: str) -> bool:
    """Whether a text holds the numbers and designations of a gold answer, or else its words, but for a third."""
    wanted = _value_terms(value)
    found = wanted & count_terms(text).keys()
    return len(found) >= HELD_SHARE * len(wanted)


def _value_terms(value: str) -> frozenset[str]:
    plain = _YES_NO.sub("", _PARENTHESES.sub(" ", value)).strip() or value
    terms = frozenset(count_terms(plain))
    return frozenset(term for term in terms if _DIGIT.search(term)) or terms


def _thinned(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows but most of DesignQA's lookups, and none that needs a picture beside the rules."""
    lookups = sorted((row for row in rows if row.get("kind") == "rule_lookup"), key=lambda row: _digest(row["id"]))
    left_out = {row["id"] for row in lookups[LOOKUPS:]}
    return [row for row in rows if row["id"] not in left_out and row.get("kind") != "rule_functional_image"]


def _asking(row: dict[str, Any], documents: tuple[str, ...]) -> Asking:
    gold = frozenset((place["doc"], page) for place in row["gold"] for page in place["pages"])
    named = tuple(dict.fromkeys(place["doc"] for place in row["gold"])) or (row.get("doc_asked") or documents[0],)
    return Asking(
        set_name=row["set"],
        half=_half(row["id"]),
        text=row["question"],
        documents=named,
        gold=gold,
        value=str(row.get("answer") or "") if gold else "",
    )


def _misdirected(row: dict[str, Any], documents: Mapping[str, tuple[str, ...]]) -> Asking:
    """The same question to a document in its language that is of another set."""
    others = [
        key
        for name, keys in sorted(documents.items())
        if name != row["set"] and LANGUAGES[name] == LANGUAGES[row["set"]]
        for key in keys
    ]
    chosen = others[_digest(row["id"])[0] % len(others)]
    return Asking(
        set_name=row["set"], half=_half(row["id"]), text=row["question"], documents=(chosen,), is_misdirected=True
    )


def _half(question_id: str) -> str:
    return ("dev", "held")[_digest(question_id)[1] % 2]


def _digest(question_id: str) -> bytes:
    return hashlib.sha256(question_id.encode()).digest()
