"""The offline reader tells of tables: the cell that is asked for, with its row."""

import pytest

from tests.unit.offline.conftest import Ask

AIR = (
    "| Система | Назначение | Расход, м³/ч | Напор, Па |\n|---|---|---|---|\n"
    "| П1 | Приточная, торговый зал | 4200 | 350 |\n| П2 | Приточная, склад | 3100 | 300 |"
)
NOISE = (
    "Уровни звуковой мощности, дБ\n\n| Типоразмер | 125 Гц | 250 Гц | 500 Гц |\n|---|---|---|---|\n"
    "| ВР-4 | 71 | 74 | 69 |\n| ВР-5 | 75 | 78 | 73 |"
)
DATA = "| Номинальное напряжение | 220 В |\n|---|---|\n| Масса, кг | 12 |\n| Степень защиты | IP54 |"
DOORS = (
    "Спецификация дверей\n\n| Поз. | Наименование | Ширина |\n|---|---|---|\n"
    "| 1 | Дверь ДГ 21-9 | 900 |\n| 2 | Окно ОК-1 | 1500 |\n| 3 | Дверь ДО 21-9 | 900 |"
)
BITS = f"| 8 | STATUS | Слово состояния{''.join(f' Бит {n} – событие рода {n * 7}' for n in range(16))} | R |"


def test_a_row_is_found_by_its_label_and_told_under_its_headers(ask: Ask) -> None:
    reply = ask("Какой расход у системы П2?", "Общие сведения.", AIR)

    assert "**Расход, м³/ч: 3100** — Система: П2" in reply.answer_markdown
    assert "4200" not in reply.answer_markdown
    assert [(c.block_id, c.quote) for c in reply.citations] == [("AAAA-AAAA-AA1", "П2 | Приточная, склад | 3100 | 300")]


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("Какой уровень звуковой мощности ВР-5 на частоте 250 Гц?", "**250 Гц: 78**"),
        ("Уровень звуковой мощности ВР-4 на 500 Гц", "**500 Гц: 69**"),
    ],
    ids=["second_row", "first_row"],
)
def test_a_cell_is_found_by_its_row_and_its_column(ask: Ask, question: str, cell: str) -> None:
    assert cell in ask(question, NOISE).answer_markdown


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Какое номинальное напряжение?", "**Номинальное напряжение: 220 В**"),
        ("Какая масса изделия?", "**Масса, кг: 12**"),
    ],
    ids=["first_row", "later_row"],
)
def test_names_and_values_without_headers_are_told_as_pairs(ask: Ask, question: str, value: str) -> None:
    assert value in ask(question, DATA).answer_markdown


def test_a_long_cell_is_shown_around_what_was_asked(ask: Ask) -> None:
    reply = ask("Что означает бит 13 регистра STATUS?", BITS)

    assert "Бит 13 – событие рода 91" in reply.answer_markdown
    assert "Бит 5" not in reply.answer_markdown


def test_rows_are_counted_where_no_column_tells_how_many(ask: Ask) -> None:
    reply = ask("Сколько дверей в спецификации?", DOORS)

    assert "Насчитано: 2 дверей" in reply.answer_markdown
    assert len(reply.citations) == 2


def test_documents_that_disagree_are_named_with_their_values(ask: Ask) -> None:
    reply = ask("Какой расход у П1?", AIR, AIR.replace("4200", "4400"), documents=["ОВ.pdf", "Паспорт.pdf"])

    assert "расходятся" in reply.answer_markdown
    assert "ОВ.pdf: **Расход, м³/ч: 4200**" in reply.answer_markdown
    assert "Паспорт.pdf: **Расход, м³/ч: 4400**" in reply.answer_markdown


def test_both_compared_things_are_told(ask: Ask) -> None:
    told = ask("Сравни напор П1 и П2", AIR).answer_markdown

    assert "350" in told
    assert "300" in told
