"""Joins words set with spaces between their letters: «О Б Щ И Е» is «ОБЩИЕ». Pure."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from workers.rendering.pieces import TextWord, around

LEAST_LETTERS = 4
"""Shorter runs of single letters are the names of axes, columns and variants."""

LETTER_GAP = 0.9
"""Times the size of the type: letters further apart are labels of their own."""

WORD_GAP = 1.6
"""Times the gap between the letters: from here on a new word begins."""

_VOWELS = frozenset("aeiouyаеёиоуыэюя")


def join_spaced(words: tuple[TextWord, ...], size_pt: float) -> tuple[TextWord, ...]:
    """The words of a level line, those that were set letter by letter made whole."""
    if len(words) < LEAST_LETTERS or sum(len(word.text) == 1 for word in words) < LEAST_LETTERS:
        return words
    result: list[TextWord] = []
    for run in _runs(words, size_pt):
        result.extend(_made_whole(run) if len(run) >= LEAST_LETTERS else run)
    return tuple(result)


def _runs(words: tuple[TextWord, ...], size_pt: float) -> Iterator[list[TextWord]]:
    """Single letters that follow one another closely; any other word is a run of its own."""
    run: list[TextWord] = []
    for word in words:
        is_letter = len(word.text) == 1 and word.text.isalpha()
        if (
            run
            and is_letter
            and _is_letter(run[-1])
            and 0 <= word.box[0] - run[-1].box[2] <= 2.5 * LETTER_GAP * size_pt
        ):
            run.append(word)
            continue
        if run:
            yield run
        run = [word]
    if run:
        yield run


def _is_letter(word: TextWord) -> bool:
    return len(word.text) == 1 and word.text.isalpha()


def _made_whole(letters: list[TextWord]) -> list[TextWord]:
    gaps = [after.box[0] - before.box[2] for before, after in pairwise(letters)]
    usual = median(gaps)
    height = letters[0].box[3] - letters[0].box[1]
    if usual > LETTER_GAP * height:
        return letters
    words: list[list[TextWord]] = [[letters[0]]]
    for gap, letter in zip(gaps, letters[1:], strict=True):
        if gap > WORD_GAP * usual:
            words.append([])
        words[-1].append(letter)
    texts = ["".join(letter.text for letter in word) for word in words]
    if not all(_is_word(text) for text in texts):
        return letters
    return [TextWord(text, around(letter.box for letter in word)) for text, word in zip(texts, words, strict=True)]


def _is_word(text: str) -> bool:
    """One with a vowel whose letters do not merely count up: «А Б В Г» are columns."""
    if len(text) == 1:
        return True
    counts_up = all(second > first for first, second in pairwise(text))
    return any(letter in _VOWELS for letter in text.lower()) and not counts_up
