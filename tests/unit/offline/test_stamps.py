"""The offline reader tells of title blocks: who, when, in what scale, of what."""

import pytest

from tests.unit.offline.conftest import Ask
from workers.offline.stamps import stamp_facts

STAMP = (
    "|  |  |  |  |  | СМ7.18.00.01 |  |  |  |\n|---|---|---|---|---|---|---|---|---|\n"
    "| Изм. | Лист | № докум. | Подп. | Дата | Плата печатная | Лит. | Масса | Масштаб |\n"
    "| Разраб. |  | Умрихин Н.Р. |  | 21.12.21 |  |  | 0,2 | 2:1 |\n"
    "| Пров. |  | Бошляков А.А. |  |  |  | Лист | Листов 3 |  |\n"
    "| Утв. |  |  |  |  | Стеклотекстолит FR-4 ГОСТ 26246.5-89 | ООО «Платы» |  |  |"
)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Кто разработал чертёж?", "**Разработал: Умрихин Н.Р., 21.12.21**"),
        ("Кто проверил?", "**Проверил: Бошляков А.А.**"),
        ("Какой масштаб чертежа?", "**Масштаб: 2:1**"),
        ("Какова масса изделия?", "**Масса: 0,2**"),
        ("Сколько всего листов?", "**Листов: 3**"),
        ("Какое обозначение документа?", "**Обозначение: СМ7.18.00.01**"),
        ("Из какого материала изготовлена деталь?", "**Материал: Стеклотекстолит FR-4 ГОСТ 26246.5-89**"),
        ("Who checked the drawing?", "**Проверил: Бошляков А.А.**"),
    ],
    ids=["author", "checker", "scale", "mass", "sheets", "code", "material", "in_english"],
)
def test_a_label_of_the_title_block_is_told_with_its_value(ask: Ask, question: str, told: str) -> None:
    assert told in ask(question, STAMP).answer_markdown


def test_a_role_that_nobody_signed_is_not_found(ask: Ask) -> None:
    assert not ask("Кто утвердил чертёж?", STAMP).citations


def test_words_of_the_title_alone_answer_nothing(ask: Ask) -> None:
    assert not ask("Какова потребляемая мощность печатной платы?", STAMP).citations


def test_the_quote_of_a_label_stands_in_one_row(ask: Ask) -> None:
    [citation] = ask("Кто разработал чертёж?", STAMP).citations

    assert citation.quote == "Разраб. | Умрихин Н.Р. | 21.12.21"


def test_a_register_of_changes_stays_a_table() -> None:
    register = (
        "| Изм. | Листов | № док. | Подп. | Дата |\n|---|---|---|---|---|\n"
        "| 1 | 4 | АБ.12-21 | Орлов | 21.12.21 |\n| 2 | 7 | АБ.15-22 | Орлов | 03.02.22 |"
    )

    assert stamp_facts(register.split("\n")) == []
