"""Repair of text layers."""

import pytest

from workers.rendering.encoding import repair

MEANT = ["Этот", "механический", "эффект", "и", "был", "использован"]
MISTAKEN = [word.encode("cp1251").decode("latin-1") for word in MEANT]


def test_cyrillic_taken_for_latin_is_read_as_it_was_meant():
    words, changed = repair([*MISTAKEN, "ABB", "24V"])

    assert words == [*MEANT, "ABB", "24V"]
    assert changed


def test_a_single_mistaken_word_among_russian_ones_is_repaired():
    russian = ["Изм.", "Лист", "Подп.", "Дата", "Разраб.", "Пров.", "Лит.", "Листов", "Утв."]

    words, changed = repair([*russian, "120301.Ê21.063"])

    assert words[-1] == "120301.К21.063"
    assert changed


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["Les", "élèves", "français", "étudient", "à", "l'école", "été", "où", "ça"], id="french"),
        pytest.param(["Диаметр", "отверстия", "Ø40", "мм", "×2", "по", "чертежу", "детали", "вала"], id="signs"),
        pytest.param(["Диаметр", "Ç346,41", "вала", "по", "чертежу", "узла", "насоса"], id="sign of a CAD font"),
        pytest.param([], id="nothing"),
    ],
)
def test_sound_text_is_left_as_it_is(words: list[str]):
    assert repair(words) == (words, False)


def test_letters_of_the_symbol_font_are_greek():
    words, _ = repair(["\uf06dA", "\uf0b15", "\uf057"])

    assert words == ["μA", "±5", "Ω"]
