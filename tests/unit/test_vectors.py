"""Chunks, fusing and the patience with an embedding provider, without a database."""

import asyncio
from uuid import UUID

import pytest

from domain.documents import Block, BlockKind
from domain.embedding import Embeddings, usage_of
from domain.errors import ProviderFailed
from domain.llm import Usage
from storage.questions import read_question
from storage.ranking import Ranked
from storage.vectors.asking import QuestionVectors
from storage.vectors.chunks import PIECE_CHARACTERS, cut_document
from storage.vectors.filling import BATCH_CHARACTERS, batches
from storage.vectors.fusing import Guard, Weights, fuse, weights_of
from storage.vectors.guarding import designations_of
from storage.vectors.nearest import Near
from storage.vectors.search import told_language
from tests.fakes.bill import Bill
from tests.fakes.embedder import FakeEmbedder

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
NOBODY = Guard()


def block(page_no: int, block_no: int, content: str, heading: str | None = None) -> Block:
    return Block(
        id=f"{page_no}-{block_no}",
        page_no=page_no,
        block_no=block_no,
        kind=BlockKind.TEXT,
        content=content,
        heading=heading,
    )


def near(document_id: UUID, page_no: int, similarity: float, *, first: int = 0, last: int = 0) -> Near:
    return Near(place=(document_id, page_no), first_block=first, last_block=last, block_no=last, similarity=similarity)


def test_blocks_are_put_together_up_to_a_length_and_never_over_pages():
    blocks = [block(1, 0, "а" * 60), block(1, 1, "б" * 30), block(1, 2, "в" * 30), block(2, 0, "г")]

    chunks = cut_document("план.pdf", blocks, characters=100)

    assert [(chunk.page_no, chunk.chunk_no, chunk.first_block, chunk.last_block) for chunk in chunks] == [
        (1, 0, 0, 1),
        (1, 1, 2, 2),
        (2, 0, 0, 0),
    ]


def test_a_chunk_says_what_it_stands_under():
    chunk = cut_document("план.pdf", [block(1, 0, "Расход 5 м3/ч", heading="Насосы")])[0]

    assert chunk.text == "план.pdf › Насосы\nРасход 5 м3/ч"


def test_a_block_without_text_is_in_no_chunk():
    assert cut_document("план.pdf", [block(1, 0, " "), block(1, 1, "")]) == []


def test_a_long_block_is_cut_and_nothing_of_it_is_lost():
    content = "слово " * PIECE_CHARACTERS

    chunks = cut_document("", [block(1, 3, content)])

    assert "".join(chunk.text.removeprefix("\n") for chunk in chunks) == content.strip()
    assert {(chunk.first_block, chunk.last_block) for chunk in chunks} == {(3, 3)}
    assert [chunk.chunk_no for chunk in chunks] == list(range(len(chunks)))


def test_batches_are_bounded_by_number_and_by_length():
    chunks = cut_document("", [block(page_no, 0, "т" * 2_999) for page_no in range(1, 30)])

    found = batches(chunks, 7)

    assert [chunk for batch in found for chunk in batch] == chunks
    assert max(len(batch) for batch in found) == 7
    assert all(sum(len(chunk.text) for chunk in batch) <= BATCH_CHARACTERS for batch in found)
    assert [len(batch) for batch in batches(chunks, 100)] == [20, 9]


def test_vectors_raise_what_they_find_near_and_words_found_too():
    lexical = [Ranked((ONE, 1), 0, 10.0), Ranked((ONE, 2), 0, 9.0), Ranked((ONE, 3), 0, 1.0)]

    fused = fuse(lexical, [near(ONE, 2, 0.9), near(ONE, 1, 0.5)], {ONE: 0.2}, level="page", guard=NOBODY)

    assert [(ranked.place[1], ranked.score) for ranked in fused] == [(2, 11.0), (1, 10.0), (3, 1.0)]


def test_what_only_vectors_find_is_found():
    fused = fuse([], [near(ONE, 7, 0.9, first=2, last=4)], {ONE: 1.5}, level="block", guard=NOBODY)

    assert [(ranked.place, ranked.block_no) for ranked in fused] == [((ONE, 7), 4)]


def test_a_chunk_stands_for_its_best_block_by_words():
    lexical = [Ranked((ONE, 1), 1, 5.0), Ranked((ONE, 1), 2, 3.0)]

    fused = fuse(lexical, [near(ONE, 1, 0.9, first=0, last=4)], {ONE: 1.0}, level="block", guard=NOBODY)

    assert [(ranked.block_no, ranked.score) for ranked in fused] == [(1, 5.0), (2, 3.0)]


def test_a_place_without_the_designation_gains_nothing():
    lexical = [Ranked((ONE, 1), 0, 10.0), Ranked((ONE, 2), 0, 9.0)]
    guard = Guard(spots={((ONE, 1), None)})

    fused = fuse(lexical, [near(ONE, 2, 0.9), near(TWO, 1, 0.8)], {ONE: 5.0, TWO: 5.0}, level="page", guard=guard)

    assert [(ranked.place, ranked.score) for ranked in fused] == [((ONE, 1), 10.0), ((ONE, 2), 9.0), ((TWO, 1), 0.0)]


def test_a_document_without_vectors_keeps_the_rank_of_its_words():
    lexical = [Ranked((TWO, 1), 0, 10.0), Ranked((ONE, 1), 0, 9.5)]

    fused = fuse(lexical, [near(ONE, 1, 0.9), near(ONE, 2, 0.1)], {ONE: 0.2}, level="page", guard=NOBODY)

    assert [ranked.place for ranked in fused][:2] == [(TWO, 1), (ONE, 1)]


def test_vectors_weigh_more_across_languages():
    weights = weights_of({ONE: "ru", TWO: "en"}, "ru", Weights(same=0.2, across=1.5))

    assert weights == {ONE: 0.2, TWO: 1.5}


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("вентилятор В2", ["b2"]),
        ("колонна на оси П/1", ["п/1"]),
        ("требования пункта 7.2.3", ["7.2.3"]),
        ("revenue in FY2022", []),
        ("сколько насосов в 2021 году", []),
    ],
    ids=["mark", "axis", "clause", "year", "number"],
)
def test_a_designation_is_more_than_a_number(question: str, names: list[str]):
    assert designations_of(read_question(question).weights) == names


@pytest.mark.parametrize(
    ("question", "language"),
    [("В2", None), ("2.105-95", None), ("П1 и П2", None), ("насос П1", "ru"), ("fan VAV-3", "en")],
    ids=["mark", "number", "marks", "russian", "english"],
)
def test_marks_alone_have_no_language(question: str, language: str | None):
    assert told_language(question) == language
    assert weights_of({ONE: "en"}, None, Weights(same=0.2, across=1.5)) == {ONE: 0.2}


async def test_a_question_is_embedded_once():
    embedder = FakeEmbedder()
    questions = QuestionVectors(embedder)

    first, second = await asyncio.gather(questions.of("насос", Bill()), questions.of("насос", Bill()))
    third = await questions.of("насос", Bill())

    assert first == second == third
    assert embedder.asked == ["насос"]


async def test_a_failure_costs_one_question_and_not_the_next_ones():
    embedder = FakeEmbedder()
    embedder.failure = ProviderFailed("away")
    questions = QuestionVectors(embedder)

    assert [await questions.of("насос", Bill()), await questions.of("клапан", Bill())] == [None, None]
    assert embedder.asked == ["насос"]
    assert questions.failure == "provider_failed"


async def test_after_the_pause_the_provider_is_asked_again():
    embedder = FakeEmbedder()
    embedder.failure = ProviderFailed("away")
    questions = QuestionVectors(embedder, pause_s=0.0)
    await questions.of("насос", Bill())

    embedder.failure = None

    assert await questions.of("насос", Bill()) is not None
    assert questions.failure is None


async def test_a_late_vector_is_not_waited_for_and_not_lost():
    embedder = FakeEmbedder()
    answered = asyncio.Event()
    ask = embedder.embed_query

    async def slowly(text: str) -> Embeddings:
        await answered.wait()
        return await ask(text)

    embedder.embed_query = slowly
    questions = QuestionVectors(embedder, patience_s=0.01)

    assert await questions.of("насос", Bill()) is None
    answered.set()
    await asyncio.sleep(0)

    assert await questions.of("насос", Bill()) is not None
    assert embedder.asked == ["насос"]


async def test_who_asks_first_pays_for_the_vector_of_a_question():
    questions = QuestionVectors(FakeEmbedder(price_micro_usd=150_000))
    first, second = Bill(), Bill()

    await asyncio.gather(questions.of("насос", first), questions.of("насос", second))
    await questions.of("насос", second)

    assert first.usages == [Usage(input_tokens=7, cost_micro_usd=2)]
    assert second.usages == []


async def test_a_failed_question_costs_nothing():
    embedder, bill = FakeEmbedder(price_micro_usd=150_000), Bill()
    embedder.failure = ProviderFailed("away")

    await QuestionVectors(embedder).of("насос", bill)

    assert bill.usages == []


def test_texts_without_the_providers_count_are_counted_by_their_length():
    usage = usage_of(Embeddings([[1.0]]), ["Насос подпиточный"], 1_000_000)

    assert usage.input_tokens == usage.cost_micro_usd > 0


def test_what_runs_on_ones_own_machine_costs_nothing():
    assert usage_of(Embeddings([[1.0]], 500), ["Насос"], 0).cost_micro_usd == 0
