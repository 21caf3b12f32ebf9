"""The rules beside the ledger: limits, negations, names, columns, counts, conversions, results."""

import time

import pytest

from domain.answers import VERIFIED, Verdict
from domain.families.analysis.rules_claims import check_claims
from domain.families.analysis.rules_mending import marks_of, mend
from domain.grounding.rules_bounds import bound_of, contradicts
from tests.fakes.sources import source_of

TABLE = (
    "| Система | Назначение | Расход, м³/ч | Напор, Па | Кол-во |\n|---|---|---|---|---|\n"
    "| П1 | Приточная, зал | 4200 | 350 | 1 |\n| П2 | Приточная, склад | 3100 | 300 | 2 |\n"
    "| В21 | Вытяжная | 2500 | 250 | 1 |"
)
LIMITS = (
    "Масса установки не более 120 кг. Зазор между трубами должен быть не менее 50 мм.\n"
    "Допускается применение фанеры в помещениях площадью до 36 м². Мощность двигателя 4200 Вт, длина кабеля 1,5 м."
)


def verdicts(text: str, content: str) -> dict[str, Verdict]:
    return {claim.text.strip(): claim.verdict for claim in check_claims(text, {1: source_of(content)})}


def marked(text: str, content: str) -> list[str]:
    return [text for text, verdict in verdicts(text, content).items() if verdict not in VERIFIED]


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("масса не более 120 кг", "120 кг", "highest"),
        ("не менее 5 мм", "5 мм", "lowest"),
        ("не должен превышать 5 мм", "5 мм", "highest"),
        ("must not be less than 25 mm", "25 mm", "lowest"),
        ("ток 3 А и более", "3 А", "lowest"),
        ("250 mm minimum", "250 mm", "lowest"),
        ("up to 20 °C", "20 °C", "highest"),
        ("напор 350 Па", "350 Па", None),
        ("более 5 м, расход 4200", "4200", None),
    ],
    ids=["at_most", "at_least", "not_exceed", "not_less", "or_more", "minimum_behind", "up_to", "none", "another"],
)
def test_a_value_may_be_told_as_the_least_or_the_greatest(text: str, value: str, bound: str | None) -> None:
    start = text.index(value)

    assert bound_of(text, start, start + len(value)) == bound


@pytest.mark.parametrize(
    ("said", "shown", "is_contrary"),
    [
        ("Вход не допускается", "Вход допускается", True),
        ("Применение запрещено", "Применение допускается", True),
        ("must not be less than 5 mm", "must be at least 5 mm", False),
        ("The tax rate decreased to 24 %", "The tax rate increased to 24 %", True),
        ("Вход допускается", "Вход через дверь", False),
    ],
    ids=["negated", "forbidden", "limit", "turned", "unsaid"],
)
def test_a_sentence_may_say_the_contrary(said: str, shown: str, is_contrary: bool) -> None:
    assert contradicts(said, shown) is is_contrary


@pytest.mark.parametrize(
    ("true", "false", "wrong"),
    [
        ("Масса установки — не более 120 кг [1].", "Масса установки — не менее 120 кг [1].", "120 кг"),
        ("Зазор не менее 50 мм [1].", "Зазор не должен превышать 50 мм [1].", "50 мм"),
        (
            "Применение фанеры допускается при площади до 36 м² [1].",
            "Применение фанеры не допускается при площади до 36 м² [1].",
            "36 м²",
        ),
    ],
    ids=["turned", "reworded", "negated"],
)
def test_the_other_limit_and_the_negation_are_conflicts(true: str, false: str, wrong: str) -> None:
    assert marked(true, LIMITS) == []
    assert verdicts(false, LIMITS)[wrong] is Verdict.CONFLICTING


def test_the_value_of_another_column_is_a_conflict() -> None:
    text = "П1: количество — 350 [1]."

    assert verdicts(text, TABLE)["350"] is Verdict.CONFLICTING


def test_a_value_told_of_several_names_is_found_with_each() -> None:
    text = "Расход П1 и П2 — 4200 и 3100 м³/ч соответственно [1]."

    assert marked(text, TABLE) == []


def test_a_name_far_from_its_value_still_rules_it() -> None:
    text = "Система П2 стоит в самом дальнем углу склада, и как сказано выше, имеет напор ровно 350 Па [1]."

    assert "350 Па" in marked(text, TABLE)


@pytest.mark.parametrize(
    ("text", "number", "verdict"),
    [
        ("Здесь 2 приточные системы: П1 и П2 [1].", "2", Verdict.COUNTED),
        ("Всего в таблице 3 строки [1].", "3", Verdict.COUNTED),
        ("Всего в таблице 8 строк [1].", "8", Verdict.NOT_FOUND),
        ("Здесь 4 вытяжные системы [1].", "4", Verdict.NOT_FOUND),
    ],
    ids=["listed", "rows", "wrong_rows", "wrong_noun"],
)
def test_things_of_the_cited_block_are_counted(text: str, number: str, verdict: Verdict) -> None:
    content = TABLE.replace("| Кол-во |", "|").replace("|---|---|---|---|---|", "|---|---|---|---|")
    content = content.replace(" 350 | 1 |", " 350 |").replace(" 300 | 2 |", " 300 |").replace(" 250 | 1 |", " 250 |")

    assert verdicts(text, content)[number] is verdict


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("Мощность двигателя — 4,2 кВт [1].", "4,2 кВт", Verdict.COMPUTED),
        ("Длина кабеля — 1500 мм [1].", "1500 мм", Verdict.COMPUTED),
        ("Мощность двигателя — 4,3 кВт [1].", "4,3 кВт", Verdict.NOT_FOUND),
        ("Длина кабеля — 150 мм [1].", "150 мм", Verdict.NOT_FOUND),
    ],
    ids=["kilowatts", "millimetres", "wrong", "wrong_by_ten"],
)
def test_a_value_in_another_unit_is_computed(text: str, value: str, verdict: Verdict) -> None:
    assert verdicts(text, LIMITS)[value] is verdict


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("П1 — 4200 м³/ч, П2 — 3100 м³/ч, вместе 7300 м³/ч [1].", "7300 м³/ч", Verdict.COMPUTED),
        ("П1 — 4200 м³/ч, П2 — 3100 м³/ч, вместе 7400 м³/ч [1].", "7400 м³/ч", Verdict.NOT_FOUND),
        ("П1 — 4200 м³/ч, П2 — 3100 м³/ч, разница 1100 м³/ч [1].", "1100 м³/ч", Verdict.COMPUTED),
        ("П1 — 4200 м³/ч, П2 — 3100 м³/ч, то есть меньше на 26 % [1].", "26 %", Verdict.COMPUTED),
        ("П1 — 4200 м³/ч, П2 — 3100 м³/ч, то есть меньше на 62 % [1].", "62 %", Verdict.NOT_FOUND),
    ],
    ids=["sum", "wrong_sum", "difference", "change", "wrong_change"],
)
def test_a_result_without_its_calculation_is_computed(text: str, value: str, verdict: Verdict) -> None:
    assert verdicts(text, TABLE)[value] is verdict


def test_numbers_of_places_that_the_block_does_not_number_are_no_claims() -> None:
    assert verdicts("Согласно разделу 9 и рис. 3, масса не более 120 кг [1].", LIMITS) == {"120 кг": Verdict.FOUND}


def test_a_wrong_page_is_marked() -> None:
    assert marked("См. стр. 8 [1].", LIMITS) == ["8"]
    assert marked("См. лист 5, стр. 7 [1].", LIMITS) == []


def test_text_cut_by_its_layout_is_read_whole() -> None:
    assert mend("контрол- лер BATTERY_ CAPACITY, двух- и трёхкомнатные") == (
        "контроллер BATTERY_CAPACITY, двух- и трёхкомнатные"
    )
    assert marked("Ёмкость BATTERY_CAPACITY — 32 А·ч [1].", "| BATTERY_ CAPACITY | Ёмкость 1.2 – 32А*ч |") == []


def test_english_text_groups_thousands_by_commas() -> None:
    assert not marks_of("The fee was $1,900.").comma_is_decimal
    assert marks_of("Отметка +4,200").comma_is_decimal
    assert marked("The fee was $1,90 [1].", "The fee was $1,900.") != []


def test_a_table_goes_on_with_the_header_of_the_one_before() -> None:
    content = "| № | Имя | Площадь, м2 |\n|---|---|---|\n| 1 | Зал | 20,5 |\nТехнические\n| 2 | Щитовая | 6,8 |"

    assert marked("Площадь щитовой — 6,8 м² [1].", content) == []


def test_a_line_over_a_table_belongs_to_its_rows() -> None:
    content = "Проёмы на отм. +53,800\n\n| Поз. | Ширина, мм |\n|---|---|\n| 10 | 900 |"

    assert marked("Ширина проёма на отм. +53,800 — 900 мм [1].", content) == []


def test_a_quotation_over_the_items_of_a_list_is_found() -> None:
    content = "Длина коридора должна составлять:\n- не более 45 м при прямой форме;"

    assert marked("Сказано: «Длина коридора должна составлять: не более 45 м» [1].", content) == []


HOSTILE = {
    "numbers": "1 ",
    "names": "П1 ",
    "quotes": "«",
    "marks": "[1] ",
    "sums": "1+",
    "abbreviations": "т. ",
    "cells": "| 1 ",
    "sentences": "Аб 1. ",
    "spaces": " ",
}


@pytest.mark.parametrize("kind", HOSTILE, ids=str)
def test_hostile_text_takes_no_quadratic_time(kind: str) -> None:
    source = source_of(TABLE)
    times: list[float] = []

    for length in (800, 4_000):
        started = time.process_time()
        claims = check_claims(f"--{HOSTILE[kind]}" + HOSTILE[kind] * (length // len(HOSTILE[kind])) + "x", {1: source})
        times.append(time.process_time() - started)

    assert times[1] < 10 + 20 * times[0]
    assert all(0 <= claim.start < claim.end <= length + 20 for claim in claims)
