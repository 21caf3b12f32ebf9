"""Words set letter by letter."""

import pytest

from workers.rendering.letter_spacing import join_spaced
from workers.rendering.pieces import TextWord


def _letters(text: str, *, gap: float = 3.0, size: float = 10.0) -> tuple[TextWord, ...]:
    """A word for each letter; a space in the text is a gap three times as wide."""
    words, x = [], 0.0
    for letter in text:
        if letter == " ":
            x += 2 * gap
            continue
        words.append(TextWord(letter, (x, 0.0, x + 6.0, size)))
        x += 6.0 + gap
    return tuple(words)


def test_letters_spaced_evenly_are_the_words_they_spell():
    words = join_spaced(_letters("ОБЩИЕ УКАЗАНИЯ"), 10.0)

    assert [word.text for word in words] == ["ОБЩИЕ", "УКАЗАНИЯ"]
    assert words[0].box == (0.0, 0.0, 42.0, 10.0)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(_letters("АБВГД"), id="names of columns count up"),
        pytest.param(_letters("NSKLV"), id="no vowel"),
        pytest.param(_letters("ОБЩИЕ", gap=40.0), id="labels far apart"),
        pytest.param(_letters("ДА"), id="too few"),
    ],
)
def test_single_letters_that_spell_nothing_stay_apart(words: tuple[TextWord, ...]):
    assert join_spaced(words, 10.0) == words
