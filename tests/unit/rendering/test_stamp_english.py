"""American and British title blocks."""

import pytest

from workers.rendering.pieces import TextLine, TextWord
from workers.rendering.stamp import read_stamp

PAGE = (0.0, 0.0, 1224.0, 792.0)
LABELS = [
    ("TITLE", 814, 632, 10),
    ("SIZE", 813, 713, 10),
    ("DWG", 931, 713, 10),
    ("NO", 958, 713, 10),
    ("REV", 1151, 713, 10),
    ("SCALE", 815, 751, 10),
    ("SHEET", 1057, 751, 10),
]
VALUES = [
    ("PUMP", 814, 647, 20),
    ("BRACKET", 890, 647, 20),
    ("B", 820, 731, 12),
    ("PB-1042-07", 931, 731, 12),
    ("C", 1153, 731, 12),
    ("1:8", 854, 750, 12),
    ("2/3", 1096, 750, 12),
]


def _line(text: str, x: float, y: float, size: float) -> TextLine:
    word = TextWord(text, (x, y, x + 0.6 * size * len(text), y + size))
    return TextLine(words=(word,), box=word.box, size_pt=size)


def test_a_mechanical_drawing_names_number_revision_scale_sheet_and_title():
    stamp = read_stamp([_line(*word) for word in LABELS + VALUES], [], PAGE)

    assert stamp == {
        "title": "PUMP BRACKET",
        "code": "PB-1042-07",
        "rev": "C",
        "scale": "1:8",
        "sheet": "2",
        "sheets": "3",
    }


def test_the_number_of_a_building_sheet_stands_under_its_label():
    words = [
        ("Drawing", 1000, 700, 9),
        ("Number", 1040, 700, 9),
        ("Scale", 1000, 640, 9),
        ("Date", 1100, 640, 9),
        ("A101", 1010, 715, 24),
    ]

    assert read_stamp([_line(*word) for word in words], [], PAGE)["sheet"] == "A101"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(
            [("1/A-301", 1000, 600, 12), ("A-302", 900, 640, 12), ("3", 1100, 700, 12)], id="detail references"
        ),
        pytest.param([("Title", 800, 600, 10), ("20", 830, 600, 10), ("compliant", 850, 600, 10)], id="a text"),
    ],
)
def test_words_like_those_of_a_title_block_make_none(words: list[tuple[str, float, float, float]]):
    assert read_stamp([_line(*word) for word in words], [], PAGE) == {}


def test_a_table_of_words_like_labels_is_no_title_block_and_takes_no_time():
    lines = [
        _line(("Sheet", "Rev", "Scale", "Date")[n % 4], 700 + n % 50 * 9, 500 + n // 50 * 7, 5) for n in range(1500)
    ]

    assert read_stamp([*lines, _line("A-101", 1150, 750, 30)], [], PAGE)["sheet"] == "A-101"
