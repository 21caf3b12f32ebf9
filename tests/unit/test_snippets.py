"""Where the words of a hit stand."""

from domain.documents import Word
from storage.snippets import boxes_of
from storage.terms import word_terms

WORDS = (Word("фильтр", (0.1, 0.1, 0.2, 0.12), 0, 0), Word("фильтр", (0.7, 0.7, 0.8, 0.72), 1, 0))
TERMS = word_terms("фильтр")


def test_the_boxes_are_those_of_the_blocks_own_words():
    assert boxes_of(WORDS, 1, (0.0, 0.0, 1.0, 1.0), TERMS) == (WORDS[1].box,)


def test_a_picture_has_the_words_that_stand_on_it():
    assert boxes_of(WORDS, 2, (0.0, 0.0, 0.5, 0.5), TERMS) == (WORDS[0].box,)


def test_a_block_without_a_place_has_no_boxes():
    assert boxes_of(WORDS, 2, None, TERMS) == ()
