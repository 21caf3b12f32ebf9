"""The analysis family: one chat message about documents, answered with its proof."""

from typing import Any

import msgspec

from domain.chats import Question
from domain.families.analysis.answer import PROMPT as ANSWER_PROMPT
from domain.families.analysis.answer import answer
from domain.families.analysis.classify import PROMPT as CLASSIFY_PROMPT
from domain.families.analysis.classify import classify
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.families.analysis.verify import verify
from domain.family import Family, Stage


def start(payload: dict[str, Any]) -> AnalysisState:
    """The first state, from the payload of a job: a `Question`."""
    return AnalysisState(question=msgspec.convert(payload, Question))


FAMILY = Family(
    name="analysis",
    queue="interactive",
    state_type=AnalysisState,
    start=start,
    stages=(
        Stage(
            name="classify",
            run=classify,
            label_ru="Понимаю вопрос",
            label_en="Understanding the question",
            prompts=(CLASSIFY_PROMPT,),
        ),
        Stage(name="search", run=search, label_ru="Ищу в документах", label_en="Searching the documents"),
        Stage(
            name="answer",
            run=answer,
            label_ru="Составляю ответ",
            label_en="Writing the answer",
            timeout_s=300.0,
            prompts=(ANSWER_PROMPT,),
        ),
        Stage(name="verify", run=verify, label_ru="Проверяю утверждения", label_en="Checking the statements"),
    ),
)
