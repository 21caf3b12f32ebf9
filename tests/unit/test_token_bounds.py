"""How many tokens a text is reserved as: at least as many as tokenizers make of it."""

import pytest

from domain.rules_tokens import tokens_in


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("4200 350 1,5", 9),
        ("0123456789" * 100, 1000),
        ("Расход воздуха установки", 6),
        ("漢字かな交じり文", 8),
        ("😀" * 10, 30),
        ("\udcff", 1),
        ("", 0),
    ],
    ids=["row", "digits", "words", "signs", "pictures", "broken", "nothing"],
)
def test_a_text_is_never_reserved_as_less_than_it_may_be(text: str, least: int) -> None:
    assert tokens_in(text) >= least


def test_plain_text_is_not_reserved_as_several_times_too_much() -> None:
    text = "Расход воздуха установки П1 составляет 4200 м³/ч; the fan section is mounted on the roof. " * 100

    assert tokens_in(text) < len(text) * 0.6
