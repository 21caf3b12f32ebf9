"""What of a page stands in the index."""

from msgspec.structs import replace

from domain.documents import PageContent
from domain.ids import new_id
from storage.postings import FIELDS, index_pages
from tests.fakes.pages import page_of


def _weights(*contents: PageContent, heading_before: str | None = None) -> list[dict[str, float]]:
    indexed = index_pages(new_id(), "план.pdf", contents, heading_before=heading_before)
    return [{row[0]: row[3] for row in rows} for rows, _ in indexed]


def _under(content: PageContent, heading: str) -> PageContent:
    return replace(content, blocks=tuple(replace(block, heading=heading) for block in content.blocks))


def test_a_term_counts_where_it_stands_and_in_the_documents_name():
    (weights,) = _weights(page_of(1, "фильтр и фильтр", "фильтр"))

    assert (weights["фильтр"], weights["план"]) == (3.0, FIELDS.name)


def test_a_section_goes_on_to_the_pages_after_it():
    _, second, third = _weights(_under(page_of(1, "a"), "Фильтр"), page_of(2, "b"), page_of(3, "c"))

    assert second["фильтр"] == third["фильтр"] == FIELDS.carried


def test_a_section_goes_on_from_the_batch_before():
    (weights,) = _weights(page_of(9, "текст"), heading_before="Фильтр")

    assert weights["фильтр"] == FIELDS.carried


def test_a_clause_counts_more_where_it_stands_than_where_it_is_mentioned():
    told, mentioned = _weights(page_of(1, "7.2 Требования"), page_of(2, "смотри 7.2"))

    assert told["7.2"] == mentioned["7.2"] + FIELDS.line_start
