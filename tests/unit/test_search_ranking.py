"""The second step of a search, on candidates made by hand."""

from uuid import UUID

from msgspec.structs import replace

from storage.ranking import Candidate, best_blocks, best_pages, weigh

DOCUMENT = UUID(int=1)
IDF = {"насос": 2.0, "кпд": 2.0}


def _page(page_no: int, blocks: dict[int, dict[str, int]], *, score: float = 1.0) -> Candidate:
    return Candidate(place=(DOCUMENT, page_no), score=score, block_lengths=[10] * 30, blocks=blocks)


def _order(*candidates: Candidate) -> list[int]:
    return [one.place[1] for one in best_pages(weigh(candidates, IDF, 10.0))]


def test_words_in_neighbouring_blocks_count_more_than_words_far_apart():
    near = _page(2, {4: {"насос": 1}, 5: {"кпд": 1}})
    apart = _page(1, {0: {"насос": 1}, 29: {"кпд": 1}})

    assert _order(apart, near) == [2, 1]


def test_a_page_named_by_its_number_goes_first():
    named = replace(_page(9, {0: {"насос": 1}}, score=0.5), is_named=True)

    assert _order(_page(1, {0: {"насос": 1}}), named) == [9, 1]


def test_a_term_of_the_heading_alone_counts_once():
    (under,) = best_blocks(weigh([_page(1, {0: {"насос": 0}})], IDF, 10.0))
    (said,) = best_blocks(weigh([_page(1, {0: {"насос": 1}})], IDF, 10.0))

    assert under.score == said.score


def test_a_page_without_blocks_is_ranked_by_its_names():
    (page,) = best_pages(weigh([_page(1, {})], IDF, 10.0))

    assert page.block_no is None
    assert page.score == 1.0


def test_equal_pages_stay_in_their_order():
    assert _order(_page(2, {}), _page(1, {}), _page(3, {})) == [1, 2, 3]
