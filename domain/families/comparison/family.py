"""The family `comparison`: what two revisions of a document differ in, page by page."""

from domain.families.comparison.compare import compare
from domain.families.comparison.conclude import conclude
from domain.families.comparison.pair import pair
from domain.families.comparison.types import ComparisonState, start
from domain.family import Family, Stage

FAMILY = Family(
    name="comparison",
    queue="background",
    state_type=ComparisonState,
    start=start,
    stages=(
        Stage(name="pair", run=pair, label_ru="Сопоставляю листы", label_en="Matching the sheets"),
        Stage(
            name="compare", run=compare, label_ru="Сравниваю листы", label_en="Comparing the sheets", timeout_s=240.0
        ),
        Stage(name="conclude", run=conclude, label_ru="Подвожу итог", label_en="Summing up"),
    ),
)
