"""The offline reader tells of running text: sentences, clauses, lists, pairs of a label and its value."""

import pytest

from tests.unit.offline.conftest import Ask
from workers.offline.answers import read_answer

RULES = (
    "5.3.1 Общие положения приведены ниже.\n"
    "5.3.2 Воздуховоды следует выполнять:\n- из стали;\n- толщиной не менее 0,8 мм.\n"
    "5.3.3 Фильтры меняют раз в год."
)
ENGLISH = "The maximum pressure of the pump is 16 bar. The pump weighs 24 kg. Use clean water only."
PAIRS = "Технические характеристики\nМасса, кг: 12\nНапряжение питания: 24 В\nWeight ..... 12 kg"
KIT = "В комплект поставки входят:\n- насос;\n- паспорт;\n- ключ.\n\nГарантия 2 года."


def test_a_sentence_is_quoted_verbatim_with_its_mark(ask: Ask) -> None:
    reply = ask("What is the maximum pressure of the pump?", ENGLISH)

    assert "“The maximum pressure of the pump is 16 bar.” [1]" in reply.answer_markdown
    assert reply.citations[0].quote == "The maximum pressure of the pump is 16 bar."


def test_a_clause_asked_by_its_number_is_quoted_to_its_end(ask: Ask) -> None:
    [citation] = ask("Что сказано в пункте 5.3.2?", RULES).citations

    assert citation.quote == "5.3.2 Воздуховоды следует выполнять: - из стали; - толщиной не менее 0,8 мм."


def test_a_number_of_the_question_is_not_taken_for_a_clause(ask: Ask) -> None:
    reply = ask(
        "Какой регулятор питания 3,3 В стоит на плате?", "3.3 Сборка проекта", "Регулятор питания 3,3 В: LM1117."
    )

    assert "LM1117" in reply.answer_markdown


def test_an_item_of_a_clause_is_told_with_its_number(ask: Ask) -> None:
    reply = ask("Какой толщиной выполняют воздуховоды?", RULES)

    assert "0,8 мм" in reply.answer_markdown
    assert "5.3.2" in reply.answer_markdown


@pytest.mark.parametrize(
    ("question", "quote"),
    [("Чему равно напряжение питания?", "Напряжение питания: 24 В"), ("What is the weight?", "Weight ..... 12 kg")],
    ids=["colon", "dots"],
)
def test_a_label_on_a_line_of_its_own_is_told_with_its_value(ask: Ask, question: str, quote: str) -> None:
    assert ask(question, PAIRS).citations[0].quote == quote


def test_a_list_ends_with_its_last_item_and_is_counted(ask: Ask) -> None:
    reply = ask("Сколько предметов в комплекте поставки?", KIT)

    assert reply.citations[0].quote == "В комплект поставки входят: - насос; - паспорт; - ключ."
    assert "3 позиций" in reply.answer_markdown


def test_a_sentence_cut_by_the_border_of_a_block_is_quoted_to_its_end(ask: Ask) -> None:
    cut = "Пароль записи располагается перед первым", "символом карты и равен KVS."

    assert "KVS" in ask("Какой пароль записи?", "\n".join(cut)).answer_markdown


def test_all_places_are_told_in_their_order_when_all_are_asked_for(ask: Ask) -> None:
    clauses = [f"T.1.{n} The firewall of kind {n} must withstand {n * 100} degrees." for n in range(1, 6)]

    reply = ask("List all rules relevant to the firewall", *clauses)

    assert [citation.quote for citation in reply.citations] == clauses


def test_a_running_title_answers_nothing(ask: Ask) -> None:
    pages = [f"Pump rules 2024 page {n} of 9\n\nChapter {n} tells of something else entirely." for n in range(1, 6)]

    reply = ask("Which rules apply to the pump?", *pages, "The pump rules require a valve at the inlet.")

    assert reply.citations[0].quote == "The pump rules require a valve at the inlet."


def test_what_a_document_is_about_is_told_by_its_beginning_and_headings(ask: Ask) -> None:
    reply = ask(
        "О чём этот документ?", "# Паспорт насоса\n\nПаспорт на насосы КМ.\n\n## Назначение изделия\n\nДля воды."
    )

    assert "«Паспорт насоса»" in reply.answer_markdown
    assert "«Назначение изделия»" in reply.answer_markdown


def test_a_page_asked_for_as_a_whole_is_told_by_its_beginning(ask: Ask) -> None:
    reply = ask("Что на странице 2?", "# Насос КМ-80\n\nОбщее.", "# Указания по монтажу\n\nНасос ставят на раму.")

    assert {citation.block_id for citation in reply.citations} == {"AAAA-AAAA-AA1"}
    assert "«Указания по монтажу»" in reply.answer_markdown


def test_a_thing_with_its_number_is_told_alone(ask: Ask) -> None:
    parts = "КРЕПЁЖ:\nвинт М3 - 8\nгайка М3 - 4\nшайба М3 - 12"

    assert ask("Сколько гаек М3?", parts).citations[0].quote == "гайка М3 - 4"


def test_what_says_the_meaning_of_a_word_comes_before_what_uses_it(ask: Ask) -> None:
    text = "Структура автореферата приведена ниже. Автореферат — документ, в котором кратко излагают диссертацию."

    [citation] = ask("Что такое автореферат?", "8 Автореферат.......... 6", text).citations

    assert citation.quote == "Автореферат — документ, в котором кратко излагают диссертацию."


def test_a_unit_tells_of_its_quantity(ask: Ask) -> None:
    assert ask("От какого напряжения питаются часы?", "Часы питаются от сети +12 В.").citations


def test_another_thing_of_the_same_property_is_no_answer(ask: Ask) -> None:
    assert not ask("What is the melting point of silver?", "The melting point of solder is 188 degrees.").citations


def test_a_heading_is_told_with_the_block_below_it() -> None:
    blocks = ("Package dimensions", "Length 10.10, width 6.20.")
    materials = [
        {"block_id": f"AAAA-AAAA-AA{number}", "document": "HX.pdf", "place": "p. 8", "kind": "text", "content": content}
        for number, content in enumerate(blocks)
    ]

    reply = read_answer({"question": "What are the package dimensions?", "language": "en", "materials": materials})

    assert "“Package dimensions” [1] “Length 10.10, width 6.20.” [2]" in reply.answer_markdown
