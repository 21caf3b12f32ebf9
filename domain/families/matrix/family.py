"""The family `matrix`: requirements of a norm or assignment, each checked against a set of drawings."""

from domain.families.matrix.conclude import conclude
from domain.families.matrix.extract import PROMPT as REQUIREMENTS_PROMPT
from domain.families.matrix.extract import extract
from domain.families.matrix.judge import judge
from domain.families.matrix.prepare import prepare
from domain.families.matrix.questions import JUDGE_PROMPT
from domain.families.matrix.types import MatrixState, start
from domain.family import Family, Stage

FAMILY = Family(
    name="matrix",
    queue="background",
    state_type=MatrixState,
    start=start,
    stages=(
        Stage(name="prepare", run=prepare, label_ru="Проверяю документы", label_en="Checking the documents"),
        Stage(
            name="extract",
            run=extract,
            label_ru="Извлекаю требования",
            label_en="Extracting the requirements",
            timeout_s=240.0,
            prompts=(REQUIREMENTS_PROMPT,),
        ),
        Stage(
            name="judge",
            run=judge,
            label_ru="Проверяю требования",
            label_en="Checking the requirements",
            timeout_s=300.0,
            prompts=(JUDGE_PROMPT,),
        ),
        Stage(name="conclude", run=conclude, label_ru="Собираю матрицу", label_en="Putting the matrix together"),
    ),
)
