"""Plain text and Markdown."""

import pytest

from domain.documents import BlockKind
from domain.errors import DocumentDamaged, DocumentEmpty
from domain.families.ingest.rules_text import decode_text, is_text_file, parse_text


def test_paragraphs_are_blocks_and_headings_are_named():
    (content,) = parse_text("# Насосы\n\nПодача 12 м3/ч.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")

    assert [(block.kind, block.heading) for block in content.blocks] == [
        (BlockKind.TEXT, None),
        (BlockKind.TEXT, "Насосы"),
        (BlockKind.TABLE, "Насосы"),
    ]


def test_a_long_text_has_several_pages_and_loses_nothing():
    text = "\n\n".join(f"Абзац {number} " + "слово " * 100 for number in range(40))

    pages = parse_text(text)

    assert len(pages) > 5
    joined = " ".join(block.content for content in pages for block in content.blocks)
    assert joined.split() == text.split()


def test_an_endless_line_is_parted():
    pages = parse_text("x" * 10_000)

    assert sum(len(block.content) for content in pages for block in content.blocks) == 10_000
    assert len(pages) == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_russian_text_is_decoded(encoding: str):
    assert decode_text("Ведомость".encode(encoding)) == "Ведомость"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DocumentDamaged):
        decode_text(b"abc\0def")


def test_a_blank_text_is_an_empty_document():
    with pytest.raises(DocumentEmpty):
        parse_text(" \n\n ")


@pytest.mark.parametrize(
    ("name", "mime_type", "expected"),
    [
        ("a.md", "application/octet-stream", True),
        ("a", "text/plain; charset=utf-8", True),
        ("a.pdf", "application/pdf", False),
    ],
)
def test_a_text_file_is_known_by_type_or_name(name: str, mime_type: str, expected: bool):
    assert is_text_file(name, mime_type) is expected
