"""The offline reader as a provider, and what holds for any text it is given."""

import os
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import AnswerReply, Intent
from domain.errors import ProviderRefused
from domain.families.analysis.family import FAMILY as ANALYSIS
from domain.llm import Capabilities, EndChunk, LLMRequest, TextChunk
from workers.offline.answers import read_answer
from workers.offline.facts import read_facts
from workers.offline.intents import read_intent
from workers.offline.passages import cut
from workers.providers.dryrun import CHUNK_CHARS, READERS, DryrunProvider

MOST_S = 1.5
"""Of processor time. It takes a fifth of that; the room is for a busy machine."""


def material(content: str, number: int = 0) -> dict[str, str]:
    return {
        "block_id": f"AAAA-AAAA-AA{number}",
        "document": "ОВ.pdf",
        "place": "стр. 1",
        "kind": "text",
        "content": content,
    }


def answer_to(question: str, content: str) -> AnswerReply:
    return read_answer({"question": question, "language": "ru", "materials": [material(content)]})


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
    ids=["value", "count", "comparison", "drawing"],
)
def test_cue_words_tell_the_intent(question: str, kind: str, visual: bool) -> None:
    intent = read_intent({"question": question})

    assert (intent.intent_type, intent.requires_visual_detail, intent.language) == (kind, visual, "ru")


def request(purpose: str, model: str = "dryrun:reader") -> LLMRequest:
    variables = {"question": "Какой расход у П2?", "language": "ru", "materials": [], "history": []}
    return LLMRequest(model=model, purpose=purpose, system="", parts=(), variables=variables)


@pytest.mark.parametrize(
    ("purpose", "schema"), [("analysis/classify", Intent), ("analysis/answer", AnswerReply)], ids=["classify", "answer"]
)
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


def test_a_value_at_the_start_of_a_line_goes_on_with_the_sentence() -> None:
    passages = cut("21. Испытания провести при избыточном давлении\n400 Па до нанесения изоляции.\n22. Нагреватели.")

    assert "21. Испытания провести при избыточном давлении 400 Па до нанесения изоляции." in [p.text for p in passages]


OF_A_MODEL = frozenset({"analysis/count_tile", "analysis/rerank", "analysis/reread", "analysis/seek"})
"""Asked only where a model can do what the offline reader cannot: see, or judge what others found."""


@pytest.mark.parametrize("prompt", sorted(prompt for stage in ANALYSIS.stages for prompt in stage.prompts))
def test_every_prompt_of_the_analysis_that_needs_no_model_is_filled(prompt: str) -> None:
    assert (prompt in READERS) is (prompt not in OF_A_MODEL)


def test_facts_are_the_words_of_the_blocks_they_name() -> None:
    content = "Масса насоса 24 кг."

    facts = read_facts({"question": "Какая масса насоса?", "materials": [material(content)]})

    assert [(fact.text, fact.source_block_ids) for fact in facts.facts] == [(content, ("AAAA-AAAA-AA0",))]


def test_a_full_prompt_is_answered_quickly() -> None:
    clauses = "\n".join(
        f"{n}.{n}.{n} Насос рода {n} имеет напор {n * 10} Па и расход {n * 7} м³/ч." for n in range(1, 12)
    )
    materials = [material(clauses.replace("рода", f"вида {number} рода"), number) for number in range(80)]
    variables = {"question": "Какой напор у насоса рода 7?", "language": "ru", "materials": materials}

    started = time.process_time()
    read_answer(variables)

    assert time.process_time() - started < MOST_S
