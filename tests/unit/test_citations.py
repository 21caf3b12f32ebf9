"""Quoted words become exact boxes; invented ids are dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import ReplyCitation
from domain.documents import BlockKind, Word, union
from domain.evidence import CitationKind
from domain.grounding.rules_citations import Source, Stream, find_quote, mark_numbers, resolve
from tests.fakes.pages import page_of
from tests.fakes.sources import source_of

TEXT = "Приточная установка П1 обслуживает зал.\nРасход воздуха установки П1\nсоставляет 4200 м³/ч при напоре 350 Па."
TABLE = "| Система | Расход, м³/ч |\n|---|---|\n| П1 | 4200 |\n| П21 | 3100 |"


def box_of(source: Source, *texts: str) -> tuple[float, float, float, float]:
    return union([word.box for word in source.words if word.text in texts])


def test_quoted_words_become_one_box_per_line() -> None:
    source = source_of(TEXT)

    boxes = find_quote("Расход воздуха установки П1 составляет 4200 м³/ч", source)

    assert boxes is not None
    assert len(boxes) == 2
    assert boxes[1] == box_of(source, "составляет", "4200", "м³/ч")


@pytest.mark.parametrize(
    "quote",
    [
        "расход  воздуха\nустановки П1",
        "«Расход воздуха установки П1»",
        "РАСХОД ВОЗДУХА УСТАНОВКИ П1",
        "**Расход воздуха** установки П1",
        "Расход воздуха установки П1.",
        "Расход … установки П1",
    ],
    ids=["white_space", "quotation_marks", "case", "markdown", "full_stop", "ellipsis"],
)
def test_quotes_are_found_however_they_are_written(quote: str) -> None:
    assert find_quote(quote, source_of(TEXT))


@pytest.mark.parametrize(
    ("content", "quote"),
    [
        ("ёлка и ёмкость", "елка и емкость"),
        ("трубо-\nпровод стальной", "трубопровод стальной"),
        ("трубопровод стальной", "трубо-провод стальной"),
        ("система B2", "система В2"),
        ("объём 5 м3", "объем 5 м³"),
        ("30 – 50 мм", "30 — 50 мм"),
    ],
    ids=["yo", "hyphenated_in_the_document", "hyphenated_in_the_quote", "latin_letter", "superscript", "dashes"],
)
def test_differences_of_readers_and_typists_do_not_matter(content: str, quote: str) -> None:
    assert find_quote(quote, source_of(content))


@pytest.mark.parametrize(
    ("content", "quote"),
    [
        ("система В21 и П1", "система В2"),
        ("напор 14.25 Па", "14.2"),
        ("напор 14.25 Па", "4.25 Па"),
        ("расход 4200 м³/ч", "расход 4300 м³/ч"),
        ("расход воздуха", "расход воды"),
        ("расход воздуха", "…"),
        ("расход воздуха", ""),
    ],
)
def test_words_that_are_not_there_are_not_found(content: str, quote: str) -> None:
    assert find_quote(quote, source_of(content)) is None


def test_a_row_of_a_table_is_found_by_its_cells() -> None:
    source = source_of(TABLE)

    assert find_quote("П21 | 3100", source) == (box_of(source, "П21", "3100"),)


def test_without_coordinates_a_quote_is_checked_against_the_text() -> None:
    source = source_of(TEXT, has_words=False)

    assert find_quote("составляет 4200 м³/ч", source) == ()
    assert find_quote("составляет 4300 м³/ч", source) is None


def test_citations_keep_the_numbers_of_the_reply_and_dropped_ones_leave_gaps() -> None:
    source = source_of(TEXT)
    replies = [
        ReplyCitation(block_id="ZZZZ-ZZZZ-ZZZ", quote="выдумано"),
        ReplyCitation(block_id=f" {source.block.id} ", quote="Расход воздуха"),
    ]

    resolved = resolve(replies, {source.material.ref: source})

    assert [citation.number for citation in resolved.citations] == [2]
    assert resolved.dropped == (1,)
    assert resolved.citations[0].sheet == "лист 5 (стр. 7)"


def test_a_quote_that_is_not_in_the_block_is_not_shown_as_one() -> None:
    source = source_of(TEXT)

    resolved = resolve([ReplyCitation(block_id=source.block.id, quote="Расход 9999 м³/ч")], {source.block.id: source})

    [citation] = resolved.citations
    assert (citation.quote, citation.boxes) == ("", (source.block.box,))
    assert resolved.unquoted == (1,)


def test_a_citation_without_coordinates_says_so_by_having_no_boxes() -> None:
    source = source_of(TEXT, has_words=False)

    [citation] = resolve(
        [ReplyCitation(block_id=source.block.id, quote="Расход воздуха")], {source.block.id: source}
    ).citations

    assert (citation.boxes, citation.quote, citation.page_no) == ((), "Расход воздуха", 7)


def test_the_server_tells_the_kind_of_a_citation_not_the_model() -> None:
    page = page_of(1, "План этажа")
    block = page.blocks[0].__class__(
        id=page.blocks[0].id, page_no=1, block_no=0, kind=BlockKind.IMAGE, content="План этажа"
    )
    source = Source(material=source_of("x").material, block=block, words=page.words)

    [citation] = resolve([ReplyCitation(block_id="a", kind="text_block")], {"a": source}).citations

    assert citation.kind is CitationKind.IMAGE_BLOCK


@pytest.mark.parametrize(
    ("inner", "numbers"), [("1", [1]), ("1, 3", [1, 3]), ("2–4", [2, 3, 4]), ("1; 5-6", [1, 5, 6]), ("9-1", [9, 1])]
)
def test_marks_name_their_citations(inner: str, numbers: list[int]) -> None:
    assert mark_numbers(inner) == numbers


WORDS = st.lists(st.text("абвПВ12-.,ёxX«»", min_size=1, max_size=6), min_size=1, max_size=12)


@given(words=WORDS, data=st.data())
def test_every_run_of_words_of_a_block_is_found_in_it(words: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    quote = " ".join(words[first : last + 1])
    stream = Stream(words)

    found = stream.find(quote)

    if any(letter.isalnum() for letter in quote) and quote[0].isalnum() and quote[-1].isalnum():
        assert found is not None
        assert words[found[0] : found[1] + 1]


@given(words=st.lists(st.text("абв12", min_size=1, max_size=5), min_size=1, max_size=8))
def test_boxes_of_a_quote_are_boxes_of_its_words(words: list[str]) -> None:
    content = " ".join(words)
    source = source_of(content)

    boxes = find_quote(content, source)

    assert boxes == (union([Word(w.text, w.box, 0, 0).box for w in source.words]),)
