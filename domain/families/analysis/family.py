"""The analysis family: one chat message about documents, answered with its proof."""

from typing import Any

import msgspec

from domain.chats import Question
from domain.families.analysis.answer import COMPARE_PROMPT, answer
from domain.families.analysis.answer import PROMPT as ANSWER_PROMPT
from domain.families.analysis.classify import PROMPT as CLASSIFY_PROMPT
from domain.families.analysis.classify import classify
from domain.families.analysis.collect import PROMPT as COLLECT_PROMPT
from domain.families.analysis.collect import collect
from domain.families.analysis.count import count
from domain.families.analysis.counting_tiles import PROMPT as COUNT_PROMPT
from domain.families.analysis.cover import cover
from domain.families.analysis.crop import crop
from domain.families.analysis.differ import differ
from domain.families.analysis.extract import PROMPT as EXTRACT_PROMPT
from domain.families.analysis.extract import extract
from domain.families.analysis.follow_up import follow_up
from domain.families.analysis.rerank import RERANK_PROMPT
from domain.families.analysis.reread import PROMPT as REREAD_PROMPT
from domain.families.analysis.reread import reread
from domain.families.analysis.search import search
from domain.families.analysis.seek import PROMPT as SEEK_PROMPT
from domain.families.analysis.seek import seek
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
        Stage(
            name="search",
            run=search,
            label_ru="Ищу в документах",
            label_en="Searching the documents",
            prompts=(RERANK_PROMPT,),
        ),
        Stage(
            name="differ",
            run=differ,
            label_ru="Сравниваю листы",
            label_en="Comparing the sheets",
            timeout_s=240.0,
        ),
        Stage(
            name="collect",
            run=collect,
            label_ru="Отбираю материалы",
            label_en="Choosing the materials",
            prompts=(COLLECT_PROMPT,),
        ),
        Stage(name="cover", run=cover, label_ru="Дополняю материалы", label_en="Completing the materials"),
        Stage(name="crop", run=crop, label_ru="Готовлю изображения", label_en="Preparing the pictures"),
        Stage(
            name="count",
            run=count,
            label_ru="Считаю",
            label_en="Counting",
            timeout_s=300.0,
            prompts=(COUNT_PROMPT,),
        ),
        Stage(
            name="extract",
            run=extract,
            label_ru="Читаю изображения",
            label_en="Reading the pictures",
            prompts=(EXTRACT_PROMPT,),
        ),
        Stage(
            name="answer",
            run=answer,
            label_ru="Составляю ответ",
            label_en="Writing the answer",
            timeout_s=300.0,
            prompts=(ANSWER_PROMPT, COMPARE_PROMPT),
        ),
        Stage(name="follow_up", run=follow_up, label_ru="Рассматриваю ближе", label_en="Taking a closer look"),
        Stage(
            name="seek",
            run=seek,
            label_ru="Ищу место на листах",
            label_en="Searching the sheets for the place",
            prompts=(SEEK_PROMPT,),
        ),
        Stage(
            name="reread",
            run=reread,
            label_ru="Перечитываю значения",
            label_en="Reading the values again",
            timeout_s=240.0,
            prompts=(REREAD_PROMPT,),
        ),
        Stage(name="verify", run=verify, label_ru="Проверяю утверждения", label_en="Checking the statements"),
    ),
)
