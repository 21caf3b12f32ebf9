"""Guessing the language of a text."""

import pytest

from domain.rules_language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Какой расход воздуха?", "ru"),
        ("What is the air flow?", "en"),
        ("Что такое HX711 load cell amplifier?", "ru"),
        ("What is the flow of П1?", "en"),
        ("П1?", "ru"),
        ("", "ru"),
    ],
)
def test_the_language_of_a_question_is_guessed(text: str, language: str) -> None:
    assert language_of(text) == language
