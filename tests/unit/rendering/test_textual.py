"""Files that are text: DOCX, XLSX, HTML and plain text, sound and hostile."""

import time
from datetime import date

import pytest

from domain.documents import BlockKind, PageContent
from domain.errors import (
    DocumentDamaged,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentRejected,
    DocumentTooHeavy,
    UnsupportedFormat,
)
from tests.fakes.office import docx_of, sheet_of, with_member, xlsx_of
from workers.rendering.textual import read_textual

DOCX = docx_of(
    ("Heading 1", "Насосы"),
    ("Normal", "Подача 12 м³/ч."),
    ("Heading 2", "Монтаж"),
    table=[["Поз.", "Имя"], ["1", "Клапан | КПУ"]],
)
XLSX = xlsx_of(Смета=[["Поз.", "Цена", "Доля"], [1, 1250.5, None], [2, 10, "x"]], Пусто=[])
BOMB_XML = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
SECRET_XML = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
BODY_END = b"</w:t></w:r></w:p></w:body></w:document>"


def read(file: bytes) -> tuple[PageContent, ...]:
    pages = read_textual(memoryview(file))
    assert pages is not None
    return pages


def contents(file: bytes) -> list[str]:
    return [block.content for content in read(file) for block in content.blocks]


def test_a_word_file_gives_headings_paragraphs_and_tables():
    (content,) = read(DOCX)

    assert [(block.kind, block.content, block.heading) for block in content.blocks] == [
        (BlockKind.TEXT, "# Насосы", None),
        (BlockKind.TEXT, "Подача 12 м³/ч.", "Насосы"),
        (BlockKind.TEXT, "## Монтаж", "Насосы"),
        (BlockKind.TABLE, "| Поз. | Имя |\n|---|---|\n| 1 | Клапан \\| КПУ |", "Насосы / Монтаж"),
    ]
    assert content.page.width_pt == pytest.approx(612)


def test_page_breaks_of_a_word_file_are_kept():
    file = docx_of(("Normal", "Первая"), table=[["a", "b"]], break_before_table=True)

    assert [len(content.blocks) for content in read(file)] == [1, 1]


def test_a_workbook_gives_a_table_for_each_sheet():
    (content,) = read(XLSX)

    heading, table = content.blocks
    assert (heading.content, content.page.facts.sheet) == ("# Смета", "Смета")
    assert table.content.split("\n") == [
        "| Поз. | Цена | Доля |",
        "|---|---|---|",
        "| 1 | 1250.5 |  |",
        "| 2 | 10 | x |",
    ]


def test_values_of_a_sheet_are_told_as_they_are_seen():
    file = xlsx_of(A=[[date(2026, 11, 20), True, 0.1 + 0.2, 5200.0]])

    assert contents(file)[1].split("\n")[0] == "| 20.11.2026 | да | 0.3 | 5200 |"


def test_a_page_of_html_gives_its_text_and_nothing_of_its_scripts():
    file = """<!doctype html><title>Насосы</title><script>alert(1)</script><h2>Подбор</h2><p>Напор <b>20</b> м</p>
    <ul><li>ЦНС</ul><table><tr><th>Поз.<th>Имя<tr><td>1<td>Клапан</table>после"""

    assert contents(file.encode()) == [
        "# Насосы",
        "## Подбор",
        "Напор 20 м",
        "- ЦНС",
        "| Поз. | Имя |\n|---|---|\n| 1 | Клапан |",
        "после",
    ]


def test_an_ocr_page_of_the_prepared_format_keeps_pages_ids_links_and_stamp():
    file = """<html><body><h1>a / b.pdf</h1><div class="block block-type-text">
    <div class="block-header">Блок #1 (стр. 2) | Тип: text | ID: AAAA-BBBB-CCC</div>
    <div class="block-content"><p>BLOCK: AAAA-BBBB-CCC</p><p><b>Linked block:</b> DDDD-EEEE-FFF</p>
    <p><b>Created:</b> 2026</p><div class="stamp-info">Шифр: 133/23 | Стадия: РД</div>
    <p><a href="https://example.org/crops/AAAA-BBBB-CCC.pdf">crop</a></p><p>Насос</p></div></div></body></html>"""

    first, second = read(file.encode())

    assert first.blocks == ()
    (block,) = second.blocks
    assert (block.id, block.content, block.links) == ("AAAA-BBBB-CCC", "Насос", ("DDDD-EEEE-FFF",))
    assert second.page.facts.stamp == {"code": "133/23", "stage": "РД"}


@pytest.mark.parametrize(
    ("file", "error"),
    [
        pytest.param(b"", DocumentEmpty, id="empty"),
        pytest.param(b" \n\n", DocumentEmpty, id="blank"),
        pytest.param(b"<html><body><script>x</script></body></html>", DocumentEmpty, id="html without text"),
        pytest.param(xlsx_of(A=[]), DocumentEmpty, id="empty workbook"),
        pytest.param(b"PK\x03\x04" + b"\0" * 99, DocumentDamaged, id="broken zip"),
        pytest.param(DOCX[: len(DOCX) // 2], DocumentDamaged, id="half a docx"),
        pytest.param(with_member(DOCX, "word/document.xml", b"<a>"), DocumentDamaged, id="broken xml"),
        pytest.param(with_member(XLSX, "xl/worksheets/sheet1.xml", b"<a>"), DocumentDamaged, id="broken sheet"),
        pytest.param(
            with_member(DOCX, "word/document.xml", b"<a>" + b" " * 30_000_000), DocumentTooHeavy, id="zip bomb"
        ),
        pytest.param(b"\xd0\xcf\x11\xe0" + b"\0" * 99, UnsupportedFormat, id="xls"),
        pytest.param(
            b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), DocumentEncrypted, id="xlsx with a password"
        ),
        pytest.param(
            with_member(DOCX, "word/document.xml", BOMB_XML + BODY + b"&j;" + BODY_END), DocumentRejected, id="laughs"
        ),
    ],
)
def test_a_bad_file_says_what_is_wrong_with_it(file: bytes, error: type[Exception]):
    with pytest.raises(error):
        read(file)


def test_nothing_outside_of_a_file_is_read():
    file = with_member(DOCX, "word/document.xml", SECRET_XML + BODY + b"x&a;y" + BODY_END)

    assert "root" not in "".join(contents(file))


@pytest.mark.parametrize(
    "sheet",
    [
        pytest.param(sheet_of('<row r="1048576"><c r="A1048576"><v>7</v></c></row>'), id="a million empty rows"),
        pytest.param(
            sheet_of(
                '<row r="1"><c r="A1"><v>7</v></c></row>',
                "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 1000 + "</mergeCells>",
            ),
            id="merged ranges",
        ),
        pytest.param(sheet_of('<row r="1"><c r="XFD1"><v>8</v></c><c r="A1"><v>7</v></c></row>'), id="wide row"),
    ],
)
def test_a_sheet_of_nothing_costs_little(sheet: bytes):
    began = time.process_time()

    assert "7" in "".join(contents(with_member(XLSX, "xl/worksheets/sheet1.xml", sheet)))

    assert time.process_time() - began < 5
