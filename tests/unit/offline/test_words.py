"""The offline reader finds what is said in other words, and refuses what is not there."""

import pytest

from tests.unit.offline.conftest import Ask
from workers.offline.glossary import translated

TABLE = "| Система | Расход, м³/ч | Напор, Па |\n|---|---|---|\n| П1 | 4200 | 350 |\n| П2 | 3100 | 300 |"
FIRE = "Предел огнестойкости шахты лифта принимают равным EI 60."


@pytest.mark.parametrize(
    "question",
    ["Какова теплопроводность утеплителя фасада?", "Какой расход у системы П9?", "Who won the football match?"],
    ids=["nothing_about_it", "another_designation", "english"],
)
def test_what_is_not_there_is_said_to_be_not_found(ask: Ask, question: str) -> None:
    reply = ask(question, TABLE, FIRE)

    assert "not found in these documents" in reply.answer_markdown or "не найден" in reply.answer_markdown
    assert (reply.citations, reply.needs_more_evidence) == ((), True)


def test_a_page_that_is_not_there_holds_no_answer(ask: Ask) -> None:
    assert not ask("Какой расход П1 указан на странице 400?", TABLE).citations


def test_inflected_words_are_found(ask: Ask) -> None:
    assert ask("Чем заменяют фильтр и как часто?", "Фильтры заменяются новыми каждый год.").citations


def test_synonyms_are_found(ask: Ask) -> None:
    reply = ask(
        "Где размещают примечание к таблице?", "Примечание к таблице помещают в её конце.", "Примечание печатают."
    )

    assert reply.citations[0].quote == "Примечание к таблице помещают в её конце."


def test_an_english_question_is_answered_from_a_russian_table(ask: Ask) -> None:
    reply = ask("What is the flow of П2?", TABLE)

    assert reply.answer_markdown.startswith("Found in the documents:")
    assert "Расход, м³/ч: 3100" in reply.answer_markdown


def test_an_abbreviation_that_the_document_explains_stands_for_its_words(ask: Ask) -> None:
    explained = "Источник бесперебойного питания (ИБП) состоит из двух блоков."

    reply = ask("Какая мощность источника бесперебойного питания?", explained, "Мощность ИБП 500 Вт.")

    assert reply.citations[0].quote == "Мощность ИБП 500 Вт."


def test_the_query_in_the_other_language_keeps_designations() -> None:
    assert translated("What is the air flow of П2?").split()[-1] == "п2"


def test_a_question_of_unknown_words_is_not_asked_in_the_other_language() -> None:
    assert translated("Who won the match?") == ""


def test_equal_questions_get_equal_answers(ask: Ask) -> None:
    assert ask("Какой напор у П1?", TABLE, FIRE) == ask("Какой напор у П1?", TABLE, FIRE)


def test_each_part_of_a_question_is_answered_and_what_is_missing_is_said(ask: Ask) -> None:
    reply = ask("Какой напор у П1 и какая влажность в бассейне?", TABLE)

    assert "350" in reply.answer_markdown
    assert "Ответ на часть вопроса не найден" in reply.answer_markdown
    assert reply.needs_more_evidence


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Сколько задвижек на вводе?", "На вводе стоит одна задвижка."),
        ("Какое сопротивление изоляции?", "Сопротивл. изоляции не менее 100 МОм."),
        ("Из каких структурных частей состоит отчёт?", "Структура отчёта: введение и заключение."),
    ],
    ids=["genitive_plural", "cut_short", "adjective"],
)
def test_other_forms_of_a_word_are_found(ask: Ask, question: str, text: str) -> None:
    assert ask(question, text).citations
