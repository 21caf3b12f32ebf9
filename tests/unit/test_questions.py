"""What a question asks the index for."""

import pytest

from storage.questions import PAGES_LIMIT, read_question


def test_words_that_only_ask_are_no_terms():
    assert read_question("Сколько всего фильтров должно быть?").weights.keys() == {"фильтр"}


def test_a_question_of_asking_words_alone_keeps_them():
    assert read_question("Сколько всего?").weights


def test_a_sentence_that_tells_how_to_answer_is_left_out():
    said = read_question("What is the flow of pump P1? Answer in float format.").weights

    assert said.keys() == {"flow", "pump", "p1"}


def test_the_first_sentence_is_always_the_question():
    assert "ventil" in read_question("List the ventilators.").weights


@pytest.mark.parametrize(
    ("text", "page_nos", "sheets"),
    [
        pytest.param("What is on page 7?", {7}, set(), id="page"),
        pytest.param("figures in Pages 51-53", {51, 52, 53}, set(), id="range of pages"),
        pytest.param("см. стр. 4", {4}, set(), id="page in russian"),
        pytest.param("что показано на листе 5?", set(), {5}, id="sheet"),
        pytest.param("листы 3–4", set(), {3, 4}, id="range of sheets"),
        pytest.param("страница насоса 5", set(), set(), id="no number"),
        pytest.param("лист 5.1", set(), set(), id="another designation"),
    ],
)
def test_pages_and_sheets_are_named_by_their_number(text: str, page_nos: set[int], sheets: set[int]):
    question = read_question(text)

    assert (question.page_nos, question.sheets) == (page_nos, sheets)


def test_an_endless_range_is_cut():
    assert len(read_question("pages 1-9999").page_nos) == PAGES_LIMIT + 1
