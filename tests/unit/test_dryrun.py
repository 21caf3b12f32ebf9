"""The offline reader."""

import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import AnswerReply, Intent
from domain.errors import ProviderRefused
from domain.llm import Capabilities, EndChunk, LLMRequest, TextChunk
from workers.offline.answers import read_answer
from workers.offline.intents import read_intent
from workers.offline.passages import cut
from workers.providers.dryrun import CHUNK_CHARS, DryrunProvider

TABLE = (
    "| Система | Назначение | Расход, м³/ч | Напор, Па |\n|---|---|---|---|\n"
    "| П1 | Приточная, торговый зал | 4200 | 350 |\n| П2 | Приточная, склад | 3100 | 300 |"
)
RULES = (
    "5.3.1 Общие положения приведены ниже.\n"
    "5.3.2 Воздуховоды следует выполнять:\n- из стали;\n- толщиной не менее 0,8 мм.\n"
    "5.3.3 Фильтры меняют раз в год."
)
ENGLISH = "The maximum pressure of the pump is 16 bar. The pump weighs 24 kg. Use clean water only."


def answer_to(question: str, *contents: str, language: str = "ru") -> AnswerReply:
    materials = [
        {
            "block_id": f"AAAA-AAAA-AA{number}",
            "document": "ОВ.pdf",
            "place": "стр. 1",
            "kind": "text",
            "content": content,
        }
        for number, content in enumerate(contents)
    ]
    return read_answer({"question": question, "language": language, "materials": materials})


def test_a_row_is_found_by_its_label_and_told_under_its_headers() -> None:
    reply = answer_to("Какой расход у системы П2?", RULES, TABLE)

    assert "Расход, м³/ч: 3100" in reply.answer_markdown
    assert "4200" not in reply.answer_markdown
    assert [(c.block_id, c.quote) for c in reply.citations] == [("AAAA-AAAA-AA1", "П2 | Приточная, склад | 3100 | 300")]


def test_a_sentence_is_quoted_verbatim_with_its_mark() -> None:
    reply = answer_to("What is the maximum pressure of the pump?", ENGLISH, language="en")

    assert "“The maximum pressure of the pump is 16 bar.” [1]" in reply.answer_markdown
    assert reply.citations[0].quote == "The maximum pressure of the pump is 16 bar."


def test_a_clause_asked_by_its_number_is_quoted_to_its_end() -> None:
    reply = answer_to("Что сказано в пункте 5.3.2?", RULES)

    [citation] = reply.citations
    assert citation.quote == "5.3.2 Воздуховоды следует выполнять: - из стали; - толщиной не менее 0,8 мм."


@pytest.mark.parametrize(
    ("question", "language", "said"),
    [
        ("Какова теплопроводность утеплителя фасада?", "ru", "не найден в этих документах"),
        ("Какой расход у системы П9?", "ru", "не найден в этих документах"),
        ("Who won the football match?", "en", "not found in these documents"),
    ],
    ids=["nothing_about_it", "another_designation", "english"],
)
def test_what_is_not_there_is_said_to_be_not_found(question: str, language: str, said: str) -> None:
    reply = answer_to(question, TABLE, RULES, language=language)

    assert said in reply.answer_markdown
    assert (reply.citations, reply.needs_more_evidence) == ((), True)


def test_inflected_words_are_found() -> None:
    assert answer_to("Чем заменяют фильтр и как часто?", "Фильтры заменяются новыми каждый год.").citations


def test_equal_questions_get_equal_answers() -> None:
    assert answer_to("Какой напор у П1?", TABLE, RULES) == answer_to("Какой напор у П1?", TABLE, RULES)


@given(question=st.text(max_size=60), content=st.text(max_size=300))
def test_any_question_to_any_text_gets_a_valid_reply(question: str, content: str) -> None:
    reply = answer_to(question, content)

    assert msgspec.json.decode(msgspec.json.encode(reply), type=AnswerReply) == reply


@given(st.text("абвАБ12 .,;:|-\n#*•", max_size=300))
def test_passages_keep_the_order_of_the_text(content: str) -> None:
    assert [passage.order for passage in cut(content)] == list(range(len(cut(content))))


@pytest.mark.parametrize(
    ("question", "kind", "visual"),
    [
        ("Какой расход у П1?", "general_analysis", False),
        ("Сколько дверей на плане?", "element_count", True),
        ("Сравни две редакции", "comparison", False),
        ("Какие отметки на разрезе?", "general_analysis", True),
    ],
)
def test_cue_words_tell_the_intent(question: str, kind: str, visual: bool) -> None:
    intent = read_intent({"question": question})

    assert (intent.intent_type, intent.requires_visual_detail, intent.language) == (kind, visual, "ru")


def request(purpose: str, model: str = "dryrun:reader") -> LLMRequest:
    variables = {"question": "Какой расход у П2?", "language": "ru", "materials": [], "history": []}
    return LLMRequest(model=model, purpose=purpose, system="", parts=(), variables=variables)


@pytest.mark.parametrize(("purpose", "schema"), [("analysis/classify", Intent), ("analysis/answer", AnswerReply)])
async def test_the_reply_streams_in_small_pieces_and_fits_its_schema(purpose: str, schema: type) -> None:
    chunks = [chunk async for chunk in DryrunProvider().stream(request(purpose))]

    pieces = [chunk.text for chunk in chunks if isinstance(chunk, TextChunk)]
    assert max(len(piece) for piece in pieces) <= CHUNK_CHARS
    assert isinstance(msgspec.json.decode("".join(pieces), type=schema), schema)
    assert isinstance(chunks[-1], EndChunk)


async def test_what_it_cannot_fill_is_refused_not_left_empty() -> None:
    with pytest.raises(ProviderRefused):
        [chunk async for chunk in DryrunProvider().stream(request("reply/answer"))]


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ProviderRefused):
        DryrunProvider().capabilities("writer")


def test_it_says_that_it_is_offline_and_sees_no_pictures() -> None:
    capabilities = DryrunProvider().capabilities("reader")

    assert capabilities == Capabilities(offline=True, context_tokens=capabilities.context_tokens)
    assert not capabilities.images


def test_it_never_tells_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cr3t-value")

    reply = answer_to(f"SECRET_KEY {os.environ['SECRET_KEY'][:0]} environment print env", "env SECRET_KEY")

    assert "s3cr3t-value" not in msgspec.json.encode(reply).decode()


def test_a_value_at_the_start_of_a_line_goes_on_with_the_sentence():
    passages = cut("21. Испытания провести при избыточном давлении\n400 Па до нанесения изоляции.\n22. Нагреватели.")

    assert "Испытания провести при избыточном давлении 400 Па до нанесения изоляции." in [p.text for p in passages]
