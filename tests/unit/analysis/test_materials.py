"""Which blocks go to the model."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.documents import Block, BlockKind, Hit
from domain.families.analysis.rules_materials import (
    MAX_BLOCK_CHARS,
    MAX_BLOCKS,
    MAX_CONTEXT_CHARS,
    Chosen,
    Ranking,
    blocks_under,
    choose,
    excerpt,
    fuse,
)
from domain.ids import new_id

DOCUMENT = new_id()


def block(
    block_id: str, *, page_no: int = 1, block_no: int = 0, content: str = "текст", links: tuple[str, ...] = ()
) -> Block:
    return Block(id=block_id, page_no=page_no, block_no=block_no, kind=BlockKind.TEXT, content=content, links=links)


def hit(block_id: str | None, page_no: int = 1, document_id: UUID = DOCUMENT) -> Hit:
    return Hit(document_id=document_id, document_name="a", page_no=page_no, block_id=block_id, score=1, snippet="")


def ids(chosen: list[Chosen]) -> list[str]:
    return [item.block.id for item in chosen]


def test_a_block_found_by_two_queries_ranks_first() -> None:
    blocks, _ = fuse([Ranking(hits=[hit("a"), hit("b")]), Ranking(hits=[hit("b"), hit("c")])], [])

    assert max(blocks, key=lambda key: blocks[key])[2] == "b"


def test_a_block_gains_from_its_pages_rank() -> None:
    blocks, pages = fuse([Ranking(hits=[hit("a", 1), hit("b", 2)])], [Ranking(hits=[hit(None, 2)])])

    assert blocks[DOCUMENT, 2, "b"] > blocks[DOCUMENT, 1, "a"]
    assert pages == {(DOCUMENT, 2): 1 / 60}


def test_neighbours_and_linked_blocks_come_along() -> None:
    page = [block(name, block_no=number) for number, name in enumerate("abcde")]
    page[2] = block("c", block_no=2, links=("e",))

    chosen = choose({(DOCUMENT, 1, "c"): 1.0}, {(DOCUMENT, 1): page})

    assert ids(chosen) == ["b", "c", "d", "e"]
    assert [item.score for item in chosen] == [0, 1.0, 0, 0]


def test_documents_come_by_their_best_block_and_blocks_in_reading_order() -> None:
    other = new_id()
    scores = {(DOCUMENT, 1, "a"): 1.0, (other, 3, "c"): 2.0, (other, 2, "b"): 0.5}
    pages = {
        (DOCUMENT, 1): [block("a")],
        (other, 3): [block("c", page_no=3)],
        (other, 2): [block("b", page_no=2)],
    }

    assert ids(choose(scores, pages)) == ["b", "c", "a"]


def test_blocks_that_are_gone_and_empty_blocks_are_left_out() -> None:
    chosen = choose(
        {(DOCUMENT, 1, "gone"): 1.0, (DOCUMENT, 1, "a"): 0.5}, {(DOCUMENT, 1): [block("a"), block("b", content="")]}
    )

    assert ids(chosen) == ["a"]


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=120))
def test_the_budget_is_never_exceeded(lengths: list[int]) -> None:
    page = [block(str(number), block_no=number, content="я" * length) for number, length in enumerate(lengths)]

    chosen = choose({}, {(DOCUMENT, 1): page}, full_pages=[(DOCUMENT, 1)])

    assert len(chosen) <= MAX_BLOCKS
    assert sum(min(len(item.block.content), MAX_BLOCK_CHARS) for item in chosen) <= MAX_CONTEXT_CHARS


def test_pointing_takes_the_blocks_that_the_box_touches() -> None:
    one = Block(id="a", page_no=1, block_no=0, kind=BlockKind.TEXT, content="x", box=(0.0, 0.0, 0.5, 0.5))
    two = Block(id="b", page_no=1, block_no=1, kind=BlockKind.TEXT, content="x", box=(0.6, 0.6, 0.9, 0.9))

    assert blocks_under([one, two], (0.4, 0.4, 0.55, 0.55)) == [one]
    assert blocks_under([one, two], None) == [one, two]


def test_a_long_block_is_shown_by_its_head_and_its_matching_lines() -> None:
    lines = ["| Система | Расход |", "|---|---|", *(f"| П{number} | {number}00 |" for number in range(900))]
    lines[500] = "| Градирня | 77 |"

    shown = excerpt("\n".join(lines), "Какой расход у градирни?", limit=400)

    assert len(shown) <= 400
    assert shown.startswith("| Система | Расход |\n|---|---|\n")
    assert "| Градирня | 77 |" in shown
    assert "\n…\n" in shown


@given(st.text("аб в\n|", max_size=400), st.integers(10, 100))
def test_an_excerpt_fits_its_limit(content: str, limit: int) -> None:
    assert len(excerpt(content, "аб", limit)) <= limit
