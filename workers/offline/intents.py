"""The offline reader's classification of a question, by cue words, with a query in the other language."""

import re
from collections.abc import Mapping
from typing import Any

from domain.answers import Intent
from domain.rules_language import language_of
from workers.offline.forms import other_forms
from workers.offline.glossary import translated

_COMPARE = re.compile(r"\b(сравни|отлича|разниц|изменил|compare|differ|versus|vs)", re.IGNORECASE)
_COUNT = re.compile(
    r"\b(сколько\s+(штук|двер|окон|помещен|элемент|лист)|посчита|подсчита|count\b"
    r"|how many (doors|windows|rooms|symbols))",
    re.IGNORECASE,
)
_DRAWING = re.compile(
    r"\b(на (чертеж|план|схем|разрез|фасад|узл)|чертеже|отметк|ось|оси|осях|выноск"
    r"|on the (drawing|plan|diagram|section)|elevation|callout|axis|axes)",
    re.IGNORECASE,
)


def read_intent(variables: Mapping[str, Any]) -> Intent:
    question = str(variables["question"])
    kind = "general_analysis"
    if _COMPARE.search(question):
        kind = "comparison"
    elif _COUNT.search(question):
        kind = "element_count"
    queries = (translated(question), _in_other_forms(question))
    return Intent(
        intent_type=kind,
        requires_visual_detail=bool(_DRAWING.search(question)),
        confidence=0.5,
        rationale="read offline by cue words",
        language=language_of(question),
        search_queries=tuple(filter(None, queries)),
    )


def _in_other_forms(question: str) -> str:
    """The question with «гайка» for «гаек», which the search holds for another word; empty when there is none."""
    forms = other_forms(question)
    return " ".join([question, *sorted(frozenset().union(*forms.values()))]) if forms else ""
