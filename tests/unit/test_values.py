"""Values as they are found in answers and in documents."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.grounding.rules_values import Kind, find_values, number_forms


def found(text: str) -> list[tuple[str, str, str]]:
    """Kind, canonical form and unit of each value; the smaller of two forms."""
    return [(v.kind.value, min(v.forms), "·".join(sorted(v.units))) for v in find_values(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("расход 4 200 м³/ч", [("value", "4200", "m3/h")]),
        ("расход 4200 м3/ч.", [("value", "4200", "m3/h")]),
        ("мощность 2,2 кВт", [("value", "2.2", "kW")]),
        ("напор 350 Па (до 400 Па)", [("value", "350", "Pa"), ("value", "400", "Pa")]),
        ("масса 24кг", [("value", "24", "kg")]),
        ("площадь 12 кв. м", [("value", "12", "m2")]),
        ("объём 4.2 куб. м", [("value", "4.2", "m3")]),
        ("сопротивление 0,61 м2·°С/Вт", [("value", "0.61", "m2K/W")]),
        ("емкость 32 А·ч", [("value", "32", "Ah")]),
        ("диапазон 28–30 В", [("value", "28", "V"), ("value", "30", "V")]),
        ("от 10 до 20 °C", [("value", "10", "degC"), ("value", "20", "degC")]),
        ("3 шт.", [("value", "3", "pcs")]),
        ("speed 5 m in the pipe", [("value", "5", "m")]),
        ("$13.2 billion", [("value", "13.2", "billion·usd")]),
        ("36.8% in FY2022", [("value", "36.8", "%"), ("value", "2022", "")]),
        ("отметка 4,200 с расходом", [("value", "4.2", "")]),
        ("45 с после пуска", [("value", "45", "s")]),
        ("в 2022 г. принято", [("value", "2022", "")]),
        ("на 14-м этаже", [("value", "14", "")]),
        ("этажи 5,6,8", [("value", "5", ""), ("value", "6", ""), ("value", "8", "")]),
        ("1,234,567.5 USD", [("value", "1234567.5", "usd")]),
    ],
)
def test_numbers_have_their_units(text: str, values: list[tuple[str, str, str]]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("установка П1", "п1"),
        ("система В21", "b21"),
        ("щит КПУ-1", "kпy-1"),
        ("ось П/1", "п/1"),
        ("люк Ол-16.1", "oл-16.1"),
        ("rule V.1.4.2", "v.1.4.2"),
        ("пункт 5.3.2", "5.3.2"),
        ("по ГОСТ 6465-2023", "гoct6465-2023"),
        ("СП 7.13130.2013", "cп7.13130.2013"),
        ("предел REI 150", "rei150"),
        ("масштаб 1 : 100", "1:100"),
        ("регистр 0x7FFF", "0x7fff"),
        ("CONTROL_I_BATTERY", "controlibattery"),
    ],
)
def test_designations_are_taken_whole(text: str, form: str) -> None:
    assert found(text) == [("designation", form, "")]


@pytest.mark.parametrize(
    "text", ["12.03.2024", "2024-03-12", "12 марта 2024 г.", "March 12, 2024", "12th of March 2024"]
)
def test_dates_are_compared_by_what_they_mean(text: str) -> None:
    assert found(text)[0][:2] == ("date", "2024-3-12")


@pytest.mark.parametrize(
    ("text", "form", "unit"),
    [("900х1150 мм", "900x1150", "mm"), ("500 × 300", "500x300", ""), ("600x200x250", "600x200x250", "")],
)
def test_a_dimension_is_one_value(text: str, form: str, unit: str) -> None:
    assert found(text) == [("value", form, unit)]


@pytest.mark.parametrize(
    ("text", "sign"),
    [("−0,150", "-"), ("-5 °C", "-"), ("минус 5 °C", "-"), ("+4,200", ""), ("±0,000", "±"), ("10-20", "")],
)
def test_the_sign_of_a_number_is_kept(text: str, sign: str) -> None:
    assert find_values(text)[-1].sign == sign


@pytest.mark.parametrize("text", ["Вода и воздух", "т.е. также", "[ ]", "", "№", "м³/ч", "кВт"])
def test_text_without_values_has_none(text: str) -> None:
    assert find_values(text) == []


def test_a_comma_before_three_digits_may_be_of_thousands_or_decimal() -> None:
    assert number_forms("4,200") == {"4.2", "4200"}
    assert number_forms("4,20") == {"4.2"}
    assert number_forms("0,200") == {"0.2"}


def test_evidence_gives_every_reading_of_a_place() -> None:
    def forms(text: str) -> set[str]:
        return {form for v in find_values(text, is_evidence=True) for form in v.forms}

    assert {"900x1150", "900", "1150"} <= forms("900х1150 мм")
    assert {"п1", "п4"} <= forms("П1-П4")
    assert {"350", "125"} <= forms("350 125")
    assert {"dn50", "50"} <= forms("DN50")


@given(st.text("0123456789.,-–+×хxмПВ²³/ч °%№«»()[] \n1аbКПУ", max_size=40), st.booleans())
def test_values_lie_within_the_text_in_order(text: str, is_evidence: bool) -> None:
    values = find_values(text, is_evidence=is_evidence)

    assert all(0 <= value.start < value.end <= len(text) for value in values)
    assert all(value.forms for value in values)
    if not is_evidence:
        assert [v.start for v in values] == sorted(v.start for v in values)
        assert all(one.end <= two.start for one, two in pairwise(values))


@given(st.decimals(min_value=0, max_value=10**9, places=3))
def test_a_number_is_the_same_with_comma_or_point(number: object) -> None:
    text = str(number)

    assert number_forms(text) & number_forms(text.replace(".", ","))


@given(st.integers(1000, 10**9))
def test_groups_of_thousands_change_nothing(number: int) -> None:
    grouped = f"{number:,}".replace(",", " ")

    [value] = find_values(grouped)
    assert (value.kind, value.forms) == (Kind.NUMBER, number_forms(str(number)))
