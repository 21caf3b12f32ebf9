"""Plain text and Markdown."""

import pytest

from domain.documents import BlockKind
from domain.errors import DocumentDamaged, DocumentEmpty
from domain.families.ingest.rules_encodings import decode_text
from domain.families.ingest.rules_text import parse_text


def test_paragraphs_are_blocks_and_headings_are_named():
    (content,) = parse_text("# Насосы\n\nПодача 12 м3/ч.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")

    assert [(block.kind, block.heading) for block in content.blocks] == [
        (BlockKind.TEXT, None),
        (BlockKind.TEXT, "Насосы"),
        (BlockKind.TABLE, "Насосы"),
    ]


def test_a_heading_is_told_with_those_above_it():
    (content,) = parse_text("# Насосы\n## Подбор\n### Напор\nРасчёт.\n## Монтаж\nУстановить.\n")

    headings = {block.content: block.heading for block in content.blocks}
    assert headings["Расчёт."] == "Насосы / Подбор / Напор"
    assert headings["Установить."] == "Насосы / Монтаж"


def test_a_long_text_has_several_pages_and_loses_nothing():
    text = "\n\n".join(f"Абзац {number} " + "слово " * 100 for number in range(40))

    pages = parse_text(text)

    assert len(pages) > 5
    joined = " ".join(block.content for content in pages for block in content.blocks)
    assert joined.split() == text.split()


def test_a_heading_stays_with_what_follows():
    text = "\n\n".join([f"# Раздел {number}\n\n" + "слово " * 450 for number in range(5)])

    lasts = [content.blocks[-1].content for content in parse_text(text)]

    assert not [last for last in lasts if last.startswith("#")]


def test_a_table_longer_than_a_page_repeats_its_header():
    table = "| Поз. | Имя |\n|---|---|\n" + "\n".join(f"| {number} | Клапан |" for number in range(400))

    pages = parse_text(table)

    assert len(pages) > 1
    assert all(content.blocks[0].content.startswith("| Поз. | Имя |\n|---|---|\n") for content in pages)


def test_an_endless_line_is_parted():
    pages = parse_text("x" * 10_000)

    assert sum(len(block.content) for content in pages for block in content.blocks) == 10_000
    assert len(pages) == 4


def test_a_form_feed_begins_a_page():
    assert [content.blocks[0].content for content in parse_text("первая\fвторая")] == ["первая", "вторая"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"]
)
@pytest.mark.parametrize("text", ["Ведомость рабочих чертежей", "СПЕЦИФИКАЦИЯ П1", "Расход воздуха 5200 м3/ч"])
def test_russian_text_is_decoded(text: str, encoding: str):
    assert decode_text(text.encode(encoding)) == text


def test_a_text_cut_inside_of_a_letter_is_still_utf_8():
    assert decode_text("Ведомость".encode()[:-1]) == "Ведомост\ufffd"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DocumentDamaged):
        decode_text(b"abc\0def")


def test_a_blank_text_is_an_empty_document():
    with pytest.raises(DocumentEmpty):
        parse_text(" \n\n ")
