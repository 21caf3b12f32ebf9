"""The claims ledger: what is found, what is marked, and where in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import VERIFIED, Claim, Verdict
from domain.families.analysis.rules_claims import check_claims
from domain.grounding.rules_values import number_forms
from tests.fakes.sources import source_of

TABLE = (
    "| Система | Назначение | Расход, м³/ч | Напор, Па |\n|---|---|---|---|\n"
    "| П1 | Приточная, зал | 4200 | 350 |\n| П2 | Приточная, склад | 3100 | 300 |\n| В21 | Вытяжная | 2500 | 250 |"
)
PROSE = (
    "5.3 Приточная установка П1 обслуживает торговый зал. Расход воздуха установки составляет 4200 м³/ч\n"
    "при напоре 350 Па. Масса установки не более 120 кг. Отметка оси воздуховода +4,200.\n"
    "Допускается замена по ГОСТ 6465-2023 до 12.03.2024."
)
ENGLISH = (
    "IC.2.2 Any portion of the air intake that is less than 350 mm above the ground must be shielded.\n"
    "Total revenue was $17,606 million in fiscal 2022, and the cash was 4.2 million."
)


def claims_of(text: str, content: str = TABLE) -> list[Claim]:
    return check_claims(text, {1: source_of(content)})


def marked(text: str, content: str = TABLE) -> list[str]:
    """The texts of the claims that are shown as unverified."""
    return [claim.text.strip() for claim in claims_of(text, content) if claim.verdict not in VERIFIED]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Расход воздуха П1 — 4200 м³/ч [1].", TABLE),
        ("Расход воздуха П1 — 4 200 м3/ч, напор 350 Па [1].", TABLE),
        ("Расход П1 равен 4200 м³/ч, а П2 — 3100 м³/ч [1].", TABLE),
        ("| Система | Напор |\n|---|---|\n| П1 | 350 Па [1] |\n| П2 | 300 Па [1] |", TABLE),
        ("Установка П1:\n\n- расход **4200** м³/ч [1]\n- напор 350 Па [1]", TABLE),
        ("Система В21 — вытяжная, напор 250 Па [1].", TABLE),
        ("Установка П1 расходует 4200 м³/ч при напоре 350 Па [1].", PROSE),
        ("Масса установки — не более 120 кг [1].", PROSE),
        ("Ось воздуховода на отметке +4,200 [1].", PROSE),
        ("Замена допускается до 12 марта 2024 г. по ГОСТ 6465-2023 [1].", PROSE),
        ("В документе сказано: «Масса установки не более 120 кг» [1].", PROSE),
        ("См. «ОВ.pdf», лист 5 (стр. 7) [1].", PROSE),
        ("Rule IC.2.2 shields any intake less than 350 mm above the ground [1].", ENGLISH),
        ("In fiscal 2022 the total revenue was $17,606 million [1].", ENGLISH),
        ("Выручка за 2022 год — 17 606 млн $ [1].", ENGLISH),
        ("1. Первое [1]\n2. Второе [1]", PROSE),
    ],
)
def test_true_statements_are_found(text: str, content: str) -> None:
    assert marked(text, content) == []


@pytest.mark.parametrize(
    ("text", "wrong", "content"),
    [
        ("Расход воздуха П1 — 4300 м³/ч [1].", "4300 м³/ч", TABLE),
        ("Расход воздуха П1 — 4200 м³/с [1].", "4200 м³/с", TABLE),
        ("Расход воздуха П1 — 3100 м³/ч [1].", "3100 м³/ч", TABLE),
        ("Напор П1 — 4200 Па [1].", "4200 Па", TABLE),
        ("Расход воздуха П3 — 4200 м³/ч [1].", "П3", TABLE),
        ("Расход воздуха П2 — 4200 м³/ч [1].", "П2", TABLE),
        ("Система В2 — вытяжная [1].", "В2", TABLE),
        ("Масса установки — не более 120 г [1].", "120 г", PROSE),
        ("Масса установки — не более 12 кг [1].", "12 кг", PROSE),
        ("Ось воздуховода на отметке -4,200 [1].", "-4,200", PROSE),
        ("Замена по ГОСТ 6465-76 [1].", "ГОСТ 6465-76", PROSE),
        ("Замена до 13 марта 2024 г. [1].", "13 марта 2024", PROSE),
        ("Сказано: «Масса установки не более 130 кг» [1].", "Масса установки не более 130 кг", PROSE),
        ("The revenue in fiscal 2022 was $17,606 billion [1].", "17,606 billion", ENGLISH),
        ("Rule IC.2.3 shields any intake [1].", "IC.2.3", ENGLISH),
    ],
)
def test_altered_statements_are_marked(text: str, wrong: str, content: str) -> None:
    assert wrong in marked(text, content)


def test_a_value_of_another_row_is_a_conflict_not_a_find() -> None:
    [designation, value] = claims_of("Расход воздуха П1 — 3100 м³/ч [1].")

    assert value.verdict is Verdict.CONFLICTING
    assert designation.text == "П1"


def test_a_value_with_another_unit_is_a_conflict() -> None:
    assert claims_of("Масса — 120 г [1].", PROSE)[0].verdict is Verdict.CONFLICTING


def test_a_small_number_without_any_label_is_ambiguous() -> None:
    assert claims_of("Их 2 [1].", "Поз. 1 и 2\nПоз. 2 и 3")[0].verdict is Verdict.AMBIGUOUS


def test_a_number_said_twice_must_stand_twice() -> None:
    text = "Контакты с задержкой: 8 и 8 [1]."

    assert marked(text, "Контакты с задержкой: 8 и 5") == ["8", "8"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Вместе: 4200 + 3100 = 7300 м³/ч [1].", Verdict.COMPUTED),
        ("Вместе: 4200 + 3100 = 7400 м³/ч [1].", Verdict.CONFLICTING),
        ("Вместе: 4200 + 3200 = 7400 м³/ч [1].", Verdict.NOT_FOUND),
        ("Разница: 4200 − 3100 = 1100 м³/ч [1].", Verdict.COMPUTED),
    ],
    ids=["right_sum", "wrong_sum", "invented_operand", "difference"],
)
def test_a_result_is_computed_from_found_operands(text: str, verdict: Verdict) -> None:
    assert claims_of(text)[-1].verdict is verdict


def test_a_mark_that_leads_nowhere_is_marked_itself() -> None:
    [mark] = claims_of("Установка работает [4].")

    assert (mark.kind, mark.text, mark.verdict) == ("citation", "[4]", Verdict.NOT_FOUND)


def test_an_answer_without_citations_proves_nothing() -> None:
    assert [claim.verdict for claim in check_claims("Расход — 4200 м³/ч.", {})] == [Verdict.NOT_FOUND]


@pytest.mark.parametrize(
    "text",
    ["Расход для КПУ-9 в документах не найден.", "The power of P7 is not stated in these documents."],
    ids=["ru", "en"],
)
def test_saying_that_something_was_not_found_claims_nothing(text: str) -> None:
    assert claims_of(text) == []


def test_values_inside_a_found_quotation_are_not_claimed_again() -> None:
    text = "Сказано: «Расход воздуха установки составляет 4200 м³/ч при напоре 350 Па.» [1]"

    assert [claim.kind for claim in claims_of(text, PROSE)] == ["quotation"]


def test_only_the_cited_block_is_looked_at() -> None:
    cited = {1: source_of(TABLE), 2: source_of("Мощность двигателя 2,2 кВт")}

    wrong = [c.text for c in check_claims("Мощность двигателя 2,2 кВт [1].", cited) if c.verdict not in VERIFIED]
    right = [c.text for c in check_claims("Мощность двигателя 2,2 кВт [2].", cited) if c.verdict not in VERIFIED]

    assert (wrong, right) == (["2,2 кВт"], [])


def test_a_sentence_without_a_mark_looks_where_its_paragraph_cites() -> None:
    cited = {1: source_of(TABLE), 2: source_of("Мощность двигателя 2,2 кВт")}
    text = "Расход П1 — 4200 м³/ч. Так указано в таблице [1].\n\nМощность двигателя 2,2 кВт [2]."

    assert all(claim.verdict in VERIFIED for claim in check_claims(text, cited))


def test_a_found_claim_knows_its_citation_its_label_and_its_box() -> None:
    source = source_of(TABLE)

    claims = check_claims("Расход воздуха П1 — 4200 м³/ч [1].", {1: source})

    value = claims[-1]
    [box] = [word.box for word in source.words if word.text == "4200"]
    assert (value.citation_number, value.label, value.unit, value.boxes) == (1, "воздуха", "m3/h", (box,))


def test_claims_are_numbered_in_the_order_of_the_text() -> None:
    claims = claims_of("П1 — 4200 м³/ч [1], «выдумка о зале» [1], П2 — 300 Па [1].")

    assert [claim.claim_id for claim in claims] == list(range(1, len(claims) + 1))
    assert [claim.start for claim in claims] == sorted(claim.start for claim in claims)


@given(st.text("Расход П1В21 4200 3100м³/ч «»[]12.,;:|-\n()*=+", max_size=120))
def test_offsets_are_code_points_of_the_text(text: str) -> None:
    for claim in check_claims(text, {1: source_of(TABLE)}):
        assert 0 <= claim.start < claim.end <= len(text)
        if claim.kind != "quotation":
            assert text[claim.start : claim.end] == claim.text


@given(place=st.integers(0, 3), digit=st.sampled_from("0123456789"))
def test_no_altered_digit_of_a_value_passes(place: int, digit: str) -> None:
    altered = "4200"[:place] + digit + "4200"[place + 1 :]

    caught = marked(f"Расход воздуха установки П1 — {altered} м³/ч [1].")

    assert bool(caught) == (number_forms(altered) != number_forms("4200"))
