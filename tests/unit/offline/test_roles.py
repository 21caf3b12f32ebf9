"""The offline reader answers for a role: the same answer first, then what the role looks for."""

import re

import pytest

from domain.answers import AnswerReply
from domain.roles import RolePrompt, as_variable
from workers.offline.answers import read_answer

AIR = (
    "| Система | Расход, м³/ч | Напор, Па | Марка | Климат | Этаж | Ось | Кол-во, шт | Масса, кг |\n"
    "|---|---|---|---|---|---|---|---|---|\n| П1 | 4200 | 350 | ВР-4 | У3 | 2 | Б | 1 | 96 |"
)
ORDER = (
    "| Поз. | Наименование | Ед. | Количество |\n|---|---|---|---|\n"
    "| 1 | Установка приточная П1 в комплекте | шт | 2 |\n| 2 | Клапан КПУ-1 | шт | 6 |"
)
DUTY = "Гарантийный срок на установку П1 — 24 месяца со дня подписания акта. Отвечает поставщик."
QUESTION = "Какой расход воздуха у системы П1?"

ECONOMIST = RolePrompt(id=2, version=1, name="Экономист", content="Считай.", focus=("количество", "кол-во", "масса"))
WARRANTY = RolePrompt(id=3, version=1, name="Инженер по гарантии", content="Гарантия.", focus=("гарантийный", "акт"))


def answer(role: RolePrompt | None, question: str = QUESTION, language: str = "ru") -> AnswerReply:
    materials = [
        {"block_id": f"AAAA-AAAA-AA{number}", "document": "ОВ.pdf", "place": f"стр. {number + 1}", "content": content}
        for number, content in enumerate((AIR, ORDER, DUTY))
    ]
    return read_answer({"question": question, "language": language, "materials": materials, "role": as_variable(role)})


def test_the_right_answer_comes_first_for_every_role() -> None:
    answers = [answer(role) for role in (None, ECONOMIST, WARRANTY)]

    assert {reply.citations[0].block_id for reply in answers} == {"AAAA-AAAA-AA0"}
    assert all("**Расход, м³/ч: 4200**" in reply.answer_markdown for reply in answers)


def test_each_role_is_told_what_it_looks_for_and_nothing_else() -> None:
    economist, warranty = answer(ECONOMIST), answer(WARRANTY)

    assert [citation.block_id[-1] for citation in economist.citations] == ["0", "1"]
    assert "Для роли «Экономист» также:" in economist.answer_markdown
    assert "Количество: 2; Наименование: Установка приточная П1" in economist.answer_markdown
    assert [citation.block_id[-1] for citation in warranty.citations] == ["0", "2"]
    assert "24 месяца" in warranty.answer_markdown


def test_of_a_wide_row_the_cells_that_the_role_looks_for_come_before_others() -> None:
    assert "Масса, кг: 96" in answer(ECONOMIST).answer_markdown
    assert "Масса, кг: 96" not in answer(None).answer_markdown


def test_without_a_role_nothing_is_added() -> None:
    assert answer(None) == read_answer(
        {
            "question": QUESTION,
            "language": "ru",
            "role": "",
            "materials": [
                {"block_id": f"AAAA-AAAA-AA{n}", "document": "ОВ.pdf", "place": f"стр. {n + 1}", "content": content}
                for n, content in enumerate((AIR, ORDER, DUTY))
            ],
        }
    )


def test_a_role_without_words_goes_by_its_wishes() -> None:
    role = RolePrompt(id=9, version=1, name="Своя", content="Меня занимает гарантийный срок и кто отвечает.")

    assert [citation.block_id[-1] for citation in answer(role).citations] == ["0", "2"]


def test_a_question_that_has_no_answer_has_none_for_a_role_either() -> None:
    assert answer(ECONOMIST, "Какой расход у системы П9?").citations == ()


def test_every_mark_has_its_citation() -> None:
    for role in (ECONOMIST, WARRANTY):
        reply = answer(role)

        marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", reply.answer_markdown)]

        assert marks == list(range(1, len(reply.citations) + 1))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_answer_for_a_role_is_told_in_the_language_of_the_question(language: str) -> None:
    told = answer(ECONOMIST, language=language).answer_markdown

    assert ("For the role “Экономист” also:" in told) == (language == "en")
