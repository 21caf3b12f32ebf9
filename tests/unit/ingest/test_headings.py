"""Headings that hold over the end of a page."""

from domain.documents import Block, BlockKind, Page, PageContent
from domain.rules_headings import carry_headings


def _page(*headings: str | None, page_no: int = 1, height_pt: float = 842) -> PageContent:
    blocks = tuple(
        Block(id=f"B{number}", page_no=page_no, block_no=number, kind=BlockKind.TEXT, content="text", heading=heading)
        for number, heading in enumerate(headings)
    )
    return PageContent(page=Page(page_no=page_no, width_pt=595, height_pt=height_pt), blocks=blocks)


def _headings(contents: list[PageContent]) -> list[str | None]:
    return [block.heading for content in contents for block in content.blocks]


def test_blocks_before_the_first_heading_stand_under_that_of_the_page_before():
    contents, last = carry_headings([_page(None, "Pumps"), _page(None, "Valves", page_no=2)], "Scope")

    assert _headings(contents) == ["Scope", "Pumps", "Pumps", "Valves"]
    assert last == "Valves"


def test_a_page_without_blocks_does_not_end_a_chapter():
    contents, last = carry_headings([_page("Pumps"), _page(page_no=2), _page(None, page_no=3)], None)

    assert _headings(contents) == ["Pumps", "Pumps"]
    assert last == "Pumps"


def test_the_titles_of_a_sheet_do_not_hold_on_the_next_one():
    contents, last = carry_headings([_page("Section A-A", height_pt=2384), _page(None, page_no=2)], "Scope")

    assert _headings(contents) == ["Section A-A", None]
    assert last is None
