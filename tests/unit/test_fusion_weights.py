"""How the benchmark judges weights: gains against words alone, and what the worst cell loses, in questions."""

from uuid import UUID

import pytest

from benchmarks.fusion_weights import CELLS, GRID, HALVES, Sweep, in_one_language
from benchmarks.search_sets import Asked
from benchmarks.vector_questions import Found
from storage.ranking import Ranked
from storage.vectors.nearest import Near
from storage.vectors.search import Rankings

DOCUMENT = UUID(int=1)


def question(number: int, *, gold: int, by_words: int, by_vectors: int) -> Found:
    """Asked of a document of two pages; each way puts one of them first."""
    words = [Ranked((DOCUMENT, by_words), 0, 1.0), Ranked((DOCUMENT, 3 - by_words), 0, 0.9)]
    near = [
        Near(place=(DOCUMENT, page_no), first_block=0, last_block=0, block_no=0, similarity=similarity)
        for page_no, similarity in ((by_vectors, 0.9), (3 - by_vectors, 0.1))
    ]
    return Found(
        name="set",
        scope="doc",
        asked=Asked(text=f"question {number}", gold=frozenset({("a", gold - 1)}), any_page=True),
        rankings=Rankings(lexical=words, near=near, languages={DOCUMENT: "en"}),
        keys={DOCUMENT: "a"},
    )


def test_vectors_that_know_better_gain_from_the_weight_on_that_turns_the_order() -> None:
    found = [question(number, gold=1, by_words=2, by_vectors=1) for number in range(4)]

    gains = {one.weight: (one.gain, one.worst) for one in Sweep(found, in_one_language, 0.2).every()}

    assert gains[0.05] == (0.0, 0.0)
    assert gains[0.2] == (pytest.approx((1 + 0.5) / len(CELLS)), 0.0)


def test_what_a_cell_loses_is_told_in_questions() -> None:
    found = [question(number, gold=1, by_words=1, by_vectors=2 if number < 3 else 1) for number in range(4)]

    worst = {one.weight: (one.worst, one.worst_cell) for one in Sweep(found, in_one_language, 0.2).every()}

    assert worst[0.05] == (0.0, "–")
    assert worst[1.0] == (3.0, "set doc recall@1")


def test_the_weight_picked_on_one_half_is_told_of_the_other() -> None:
    found = [question(number, gold=1, by_words=2, by_vectors=1) for number in range(6)]

    judged = Sweep(found, in_one_language, 0.0).judged()

    assert sum(judged.picked.values()) == HALVES
    assert list(judged.picked) == [min(weight for weight in GRID if weight >= 0.1)]
    assert (judged.gain > 0.2, judged.default_gain, judged.worst) == (True, 0.0, 0.0)
