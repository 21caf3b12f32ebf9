"""The format of documents that were prepared elsewhere."""

import json
from pathlib import Path

import pytest

from domain.documents import BlockKind
from domain.families.ingest.rules_prepared import is_prepared, parse_prepared

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "E_aizoomdoc"
TEXT = """# Проект / АР4 / лист.pdf

Сгенерировано: 2026-01-27 14:29:46 UTC
**Штамп:** Шифр: 133/23-ГК-АР4 | Стадия: РД | Организация: ООО «Проект»

---

## СТРАНИЦА 2
**Лист:** 5.1 (из 12)
**Наименование листа:** План 7-го этажа

### BLOCK [TEXT]: AAAA-BBBB-CCC
Текст блока
## Раздел 7
| № | Кол. |
|---|---|
→DDDD-EEEE-FFF
→GGGG-HHHH-JJJ

### BLOCK [IMAGE]: DDDD-EEEE-FFF
**[ИЗОБРАЖЕНИЕ]** | Тип: План этажа | Оси: 1-7/А-Ж
**Краткое описание:** план
"""
BLOCKS = {
    "blocks": [
        {
            "id": "DDDD-EEEE-FFF",
            "page_index": 1,
            "block_type": "image",
            "category_code": "plan",
            "crop_url": "http://x",
        },
        {"id": "KKKK-LLLL-MMM", "page_index": 2, "block_type": "image", "category_code": None, "crop_url": None},
    ]
}


def test_pages_blocks_links_and_categories_are_read():
    prepared = parse_prepared(TEXT, BLOCKS)

    first, image = prepared.pages[1].blocks
    assert (first.id, first.kind, first.page_no, first.box) == ("AAAA-BBBB-CCC", BlockKind.TEXT, 2, None)
    assert first.links == ("DDDD-EEEE-FFF", "GGGG-HHHH-JJJ")
    assert first.content == "Текст блока\n## Раздел 7\n| № | Кол. |\n|---|---|"
    assert (image.kind, image.category) == (BlockKind.IMAGE, "plan")


def test_the_stamp_of_the_document_and_the_sheet_of_the_page_are_read():
    prepared = parse_prepared(TEXT)

    assert prepared.stamp == {"code": "133/23-ГК-АР4", "stage": "РД", "organization": "ООО «Проект»"}
    assert prepared.title == "Проект / АР4 / лист.pdf"
    facts = prepared.pages[1].page.facts
    assert (facts.sheet, facts.title, facts.stamp["sheets"]) == ("5.1", "План 7-го этажа", "12")


def test_pages_have_no_gaps_and_a_block_named_only_in_the_json_is_kept():
    prepared = parse_prepared(TEXT, BLOCKS)

    assert [content.page.page_no for content in prepared.pages] == [1, 2, 3]
    assert [block.id for block in prepared.pages[2].blocks] == ["KKKK-LLLL-MMM"]


def test_the_category_comes_from_the_text_when_the_json_has_none():
    assert parse_prepared(TEXT).pages[1].blocks[1].category == "План этажа"


def test_the_older_block_marks_are_read():
    text = "## Страница 1\n<!-- BLOCK_ID: AAAA-BBBB-CCC -->\n| a | b |\n<!-- END_BLOCK -->\nlost\n"

    (content,) = parse_prepared(text).pages

    assert [(block.id, block.kind, block.content) for block in content.blocks] == [
        ("AAAA-BBBB-CCC", BlockKind.TABLE, "| a | b |")
    ]


def test_any_numbered_heading_begins_a_page_where_none_says_page():
    text = "## Sheet 3\n### BLOCK [TEXT]: AAAA-BBBB-CCC\nx\n"

    assert parse_prepared(text).pages[2].blocks[0].page_no == 3


def test_a_json_fence_becomes_readable_text():
    fence = json.dumps({"ocr_json": {"content_summary": "План", "key_entities": ["П-1", "В2"]}}, ensure_ascii=False)
    text = f"## СТРАНИЦА 1\n### BLOCK [IMAGE]: AAAA-BBBB-CCC\n```json\n{fence}\n```\n"

    content = parse_prepared(text).pages[0].blocks[0].content

    assert content == "**Краткое описание:** План\n**Сущности:** П-1, В2"


def test_an_id_given_twice_stays_with_the_first_block():
    text = "## СТРАНИЦА 1\n" + 2 * "### BLOCK [TEXT]: AAAA-BBBB-CCC\nx\n"

    first, second = parse_prepared(text).pages[0].blocks

    assert first.id == "AAAA-BBBB-CCC"
    assert second.id != first.id


def test_boxes_of_a_legacy_annotation_are_taken():
    block = {"id": "AAAA-BBBB-CCC", "page_index": 0, "block_type": "text", "coords_norm": [0.1, 0.2, 0.3, 0.4]}
    text = "## СТРАНИЦА 1\n### BLOCK [TEXT]: AAAA-BBBB-CCC\nx\n"

    prepared = parse_prepared(text, {"pages": [{"page_number": 1, "blocks": [block]}]})

    assert prepared.pages[0].blocks[0].box == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize("blocks", [None, [], {"blocks": None}, {"blocks": [{"no": "id"}, 5]}])
def test_json_that_says_nothing_changes_nothing(blocks: object):
    assert parse_prepared(TEXT, blocks) == parse_prepared(TEXT)


def test_a_real_document_has_the_blocks_that_were_counted():
    text = next(SAMPLE.glob("*_document.md")).read_text(encoding="utf-8")
    blocks = json.loads(next(SAMPLE.glob("*_blocks.json")).read_text(encoding="utf-8"))

    prepared = parse_prepared(text, blocks)

    kinds = [block.kind for content in prepared.pages for block in content.blocks]
    assert (len(prepared.pages), kinds.count(BlockKind.IMAGE), kinds.count(BlockKind.TEXT)) == (27, 135, 123)
    assert prepared.stamp["code"] == "133/23-ГК-АР4"
    assert is_prepared(text)
