"""Real drawings and datasheets, each with what is hard about it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from domain.documents import PageContent

Read = Callable[[bytes], list[PageContent]]

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "A_engineering"


def lines_of(content: PageContent) -> list[str]:
    return [line for block in content.blocks for line in block.content.split("\n")]


@pytest.mark.parametrize(
    ("name", "page_no", "row"),
    [
        pytest.param(
            "en/Energy-efficient-water-control__P&ID.pdf",
            1,
            "| 94 | MAKE UP SOFT WATER FOR HVAC | 1.5 | 1.65 | 1000 | 3~4.5 | 5 | 98 "
            "| WATER FROM MEMBRANE TO PERMEATE STORAGE TANK | 1.93 | 2.15 | 1000 | 0.20 | 5 |",
            id="rotated sheet whose font has no Unicode values",
        ),
        pytest.param(
            "ru/Intelligent-BMS__Перечень элементов.pdf",
            1,
            "| GB1-GB108 | Li-Ion аккумулятор Samsung ICR18650-26FM | 108 |  |",
            id="parts list that touches side stamps and title block",
        ),
        pytest.param(
            "ru/SlabGeometryControl__Спецификация.pdf",
            1,
            "| GI4 | Датчик положения | BANNER L-GAGE LE550 |  | Banner Engineering Corporate | шт. | 1 |  |  |",
            id="mostly empty form, text printed twice",
        ),
        pytest.param(
            "en/HX711-Load-Cell-Amplifier__hx711F_EN.pdf",
            3,
            "| Power supply voltage | DVDD | 2.6 |  | 5.5 | V |",
            id="datasheet with merged cells",
        ),
    ],
)
def test_the_row_of_a_table_stays_together(read: Read, name: str, page_no: int, row: str):
    contents = read((SAMPLES / name).read_bytes())

    assert row in lines_of(contents[page_no - 1])


@pytest.mark.parametrize(
    ("name", "page_no", "stamp"),
    [
        (
            "ru/SlabGeometryControl__Спецификация.pdf",
            1,
            {
                "code": "91872680.15027.00-АТХ.СO",
                "sheet": "1",
                "sheets": "1",
                "title": "Спецификация оборудования, изделий и материалов",
                "building": "Схема подключения внешних проводок",
                "object": 'АО "РУСАЛ Саяногорск"',
            },
        ),
        ("ru/Intelligent-BMS__Перечень элементов.pdf", 3, {"code": "120301.К21.063.00.01 ПЭ", "sheet": "3"}),
        ("ru/Skruber_Tehnoplast__3.Клеммная колодка.pdf", 1, None),
        (
            "en/Lake_Kegonsa_Home__Lake_Kegonsa_Home_3 - Sheet_ A-301 - Building Sections.pdf",
            1,
            {
                "sheet": "A-301",
                "title": "Building Sections",
                "object": "David/Susan Schultz 3232 Aalseth Lane",
                "scale": '1/4" = 1\'-0"',
            },
        ),
    ],
)
def test_the_title_block_is_read(read: Read, name: str, page_no: int, stamp: dict[str, str] | None):
    facts = read((SAMPLES / name).read_bytes())[page_no - 1].page.facts

    assert facts.stamp == (stamp or {"sheet": "2", "title": "Лабораторный шкаф, вентиляция. Клеммная колодка."})
    assert facts.sheet == facts.stamp["sheet"]


def test_a_text_layer_of_mistaken_bytes_is_repaired(read: Read):
    content = read((SAMPLES / "ru/servosystem_gui__методичка.pdf").read_bytes())[2]

    assert any("механический эффект" in line for line in lines_of(content))
    assert "text_layer_repaired" in content.page.facts.warnings


def test_a_scan_with_a_text_layer_is_read_by_it(read: Read):
    name = "ru/Russian-Phd-LaTeX-Dissertation-Template__GOST R 7.0.11-2011.pdf"

    facts = [content.page.facts for content in read((SAMPLES / name).read_bytes())]

    assert {fact.read_by for fact in facts} == {"recognised_layer"}
    assert not any(fact.needs_ocr for fact in facts)


@pytest.mark.parametrize(
    "name", ["en/Facilities_Building__1810 S Park St.pdf", "ru/asutp__КД_АСУТП УЗР. Гафаров 05.10 (2).pdf"]
)
def test_scans_and_lettering_drawn_as_curves_need_recognition(read: Read, name: str):
    assert all(content.page.facts.needs_ocr for content in read((SAMPLES / name).read_bytes()))


def test_invisible_text_over_letters_drawn_as_curves_is_their_text(read: Read):
    (content,) = read((SAMPLES / "ru/Impulse_Modulator__МГТУ.436421.001Э3.PDF").read_bytes())

    assert len(content.words) > 190
    assert "hidden_text_left_out" not in content.page.facts.warnings
