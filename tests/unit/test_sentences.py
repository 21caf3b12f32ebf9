"""Where sentences end."""

import pytest

from domain.rules_sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Расход принят по табл. 5 и рис. 3.",
        "Помещение пом. 101 имеет площадь 12 м.",
        "Системы П1, В1 и т. д. Установлены в венткамере.",
        "See Fig. 3 and Sec. 4.",
        "Разработал А. С. Пушкин.",
    ],
)
def test_abbreviations_end_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_sentences_end_before_a_capital_or_a_number() -> None:
    text = "Расход 4200 м³/ч. Напор — 350 Па! «Далее» указано. 5.3.2 Требования."

    assert sentences(text) == ["Расход 4200 м³/ч.", "Напор — 350 Па!", "«Далее» указано.", "5.3.2 Требования."]


def test_line_breaks_end_no_sentence() -> None:
    assert sentences("Расход\nвоздуха. Напор") == ["Расход\nвоздуха.", "Напор"]
