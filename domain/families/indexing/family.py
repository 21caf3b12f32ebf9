"""The family `indexing`: what each drawing of a document is, so that questions find the right sheet."""

from domain.drawings import FAMILY as NAME
from domain.families.indexing.conclude import conclude
from domain.families.indexing.describe import describe
from domain.families.indexing.plan import PROMPT, plan
from domain.families.indexing.types import IndexState, start
from domain.family import Family, Stage

FAMILY = Family(
    name=NAME,
    queue="background",
    state_type=IndexState,
    start=start,
    stages=(
        Stage(name="plan", run=plan, label_ru="Ищу чертежи", label_en="Looking for drawings"),
        Stage(
            name="describe",
            run=describe,
            label_ru="Описываю чертежи",
            label_en="Describing the drawings",
            timeout_s=300.0,
            prompts=(PROMPT,),
        ),
        Stage(name="conclude", run=conclude, label_ru="Подвожу итог", label_en="Summing up"),
    ),
)
