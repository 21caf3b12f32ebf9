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


GROUPED = (
    "| Parameter | Notes | TYP | UNIT |\n|---|---|---|---|\n| Settling time | RATE = 0 | 400 | ms |\n"
    "|  | RATE = DVDD | 50 |  |\n| Reference voltage |  | 1.25 | V |"
)


def test_a_merged_cell_counts_for_the_rows_below_it(ask: Ask) -> None:
    told = ask("What is the settling time with RATE = DVDD?", GROUPED).answer_markdown

    assert "Parameter: Settling time; Notes: RATE = DVDD; TYP: 50; UNIT: ms" in told
    assert "400" not in told


LISTED = (
    "| Поз. | Наименование | Кол. | Масса, кг |\n|---|---|---|---|\n| R40-R59 | Резистор 1 кОм | 20 |  |\n"
    "| VD1 | Диод 1N4148 | 1 | 0,1 |\n| ШУ1 | Шкаф управления | 1 |  |"
)


def test_a_range_of_marks_tells_of_those_inside_it(ask: Ask) -> None:
    assert "Резистор 1 кОм" in ask("Что за резистор R45?", LISTED).answer_markdown
    assert not ask("Что за резистор R60?", LISTED).citations


def test_an_empty_cell_is_no_answer(ask: Ask) -> None:
    assert not ask("Какова масса шкафа ШУ1?", LISTED).citations


def test_a_quantity_that_the_row_does_not_tell_is_not_found(ask: Ask) -> None:
    assert "1 кОм" in ask("Какое сопротивление у R45?", LISTED).answer_markdown
    assert not ask("Какая мощность у R45?", LISTED).citations


def test_a_mark_is_not_taken_for_a_longer_one(ask: Ask) -> None:
    table = "| Марка | Поток, лм |\n|---|---|\n| WKP3-7040 | 3137 |\n| WKP3 | 3192 |"

    told = ask("Какой поток у WKP3?", table).answer_markdown

    assert "3192" in told
    assert "3137" not in told


def test_a_table_that_goes_on_has_the_headers_of_the_page_before(ask: Ask) -> None:
    further = "| 3 | Насос НЦ-5 | 4 |\n|---|---|---|\n| 4 | Бак Б-2 | 1 |"
    first = "| 1 | Вентиль В-1 | 2 |\n| 2 | Клапан К-7 | 6 |"

    told = ask("Какое количество насосов НЦ-5?", f"| Поз. | Наименование | Кол. |\n|---|---|---|\n{first}", further)

    assert "**Кол: 4**" in told.answer_markdown


def test_a_number_is_a_row_under_the_header_that_the_question_names(ask: Ask) -> None:
    gauges = "| Gage number | Diameter, mils |\n|---|---|\n| 6 | 162 |\n| 20 | 32 |\n| 32 | 8 |"

    told = ask("What is the diameter of gage 20?", gauges).answer_markdown

    assert "**Diameter, mils: 32**" in told
    assert "162" not in told


@pytest.mark.parametrize("cell", ["а" * 100_000, "а" + " " * 100_000 + "б"], ids=["letters", "spaces"])
def test_a_cell_of_any_length_is_read_at_once(ask: Ask, cell: str) -> None:
    table = f"| Группа | Насос | Расход |\n|---|---|---|\n| Сеть {cell} | Насос К-1 | 12 |\n|  | Насос К-2 | 14 |"

    assert "14" in ask("Какой расход у насоса К-2?", table).answer_markdown


def test_rows_that_do_not_name_what_is_counted_are_not_counted(ask: Ask) -> None:
    table = (
        "| Part | Prefix | Package |\n|---|---|---|\n| 8052AH | N | PLCC |\n| 8752BH | N | DIP |\n| 8032AH | P | DIP |"
    )

    told = ask("How many parts has the prefix N?", table).answer_markdown

    assert "8052AH" in told
    assert "Counted" not in told
