"""Which page of the later revision shows the sheet of which page of the earlier one."""

from domain.documents import PageFacts
from domain.revisions.rules_pages import PageCard, pair_pages


def card(page_no: int, words: str, sheet: str | None = None) -> PageCard:
    return PageCard(page_no=page_no, facts=PageFacts(sheet=sheet), words=frozenset(words.split()))


PLAN, SECTION, NOTES = "план этажа оси стены", "разрез отметки кровля", "общие указания монтаж проверка"


def pairs(a: list[PageCard], b: list[PageCard]) -> list[tuple[int | None, int | None]]:
    return [(pair.page_a, pair.page_b) for pair in pair_pages(a, b)]


def test_a_sheet_put_in_between_stands_alone_and_the_others_keep_their_partners() -> None:
    a = [card(1, NOTES), card(2, PLAN), card(3, SECTION)]
    b = [card(1, NOTES), card(2, "спецификация оборудования вентилятор"), card(3, PLAN), card(4, SECTION)]

    assert pairs(a, b) == [(1, 1), (None, 2), (2, 3), (3, 4)]


def test_a_sheet_that_went_stands_alone() -> None:
    assert pairs([card(1, NOTES), card(2, PLAN)], [card(1, PLAN)]) == [(1, None), (2, 1)]


def test_equal_sheet_numbers_pair_pages_that_were_drawn_anew() -> None:
    a = [card(1, NOTES, "1"), card(2, PLAN, "2")]
    b = [card(1, NOTES, "1"), card(2, "всё другое здесь", "2")]

    assert pairs(a, b) == [(1, 1), (2, 2)]


def test_single_pages_are_always_paired() -> None:
    assert pairs([card(1, PLAN)], [card(1, SECTION)]) == [(1, 1)]
