"""Title blocks."""

from tests.fakes.title_blocks import A3, CHANGES_21101, FORM_1, FORM_3, FORM_6, STRIP, title_block
from workers.rendering.pieces import TextLine, TextWord
from workers.rendering.stamp import read_stamp

PAGE = (0.0, 0.0, 1190.0, 842.0)
SPDS = [
    ("133/23-ГК-АР4", 900, 690, 16),
    *[(text, 720 + 35 * number, 730, 7) for number, text in enumerate(("Изм.", "Кол.уч.", "Лист", "№док.", "Подп."))],
    ("Дата", 895, 730, 7),
    ("Разраб.", 720, 745, 7),
    ("Стадия", 1050, 745, 7),
    ("Лист", 1095, 745, 7),
    ("Листов", 1135, 745, 7),
    ("РД", 1056, 760, 9),
    ("5.1", 1098, 760, 9),
    ("12", 1142, 760, 9),
    ("План", 930, 790, 9),
    ("7-го", 960, 790, 9),
    ("этажа", 985, 790, 9),
]
ESKD = [
    ("МГТУ.436421.001", 930, 680, 16),
    ("Э3", 1050, 680, 16),
    *[(text, 680 + 40 * number, 740, 7) for number, text in enumerate(("Изм.", "Лист", "докум.", "Подп.", "Дата"))],
    ("Лит.", 1050, 715, 7),
    ("Масса", 1085, 715, 7),
    ("Масштаб", 1130, 715, 7),
    ("Импульсный", 930, 730, 9),
    ("модулятор", 985, 730, 9),
    ("Лист", 1050, 770, 7),
    ("Листов", 1110, 770, 7),
    ("1", 1142, 770, 7),
    ("Копировал", 930, 826, 7),
]


def _line(text: str, x: float, y: float, size: float) -> TextLine:
    word = TextWord(text, (x, y, x + 0.5 * size * len(text), y + size))
    return TextLine(words=(word,), box=word.box, size_pt=size)


def test_a_building_sheet_names_designation_stage_sheet_and_title():
    stamp = read_stamp([_line(*word) for word in SPDS], [], PAGE)

    assert stamp == {
        "code": "133/23-ГК-АР4",
        "stage": "РД",
        "sheet": "5.1",
        "sheets": "12",
        "title": "План 7-го этажа",
    }


def test_a_single_sheet_of_an_engineering_drawing_is_sheet_one():
    stamp = read_stamp([_line(*word) for word in ESKD], [], PAGE)

    assert stamp == {
        "code": "МГТУ.436421.001 Э3",
        "sheet": "1",
        "sheets": "1",
        "title": "Импульсный модулятор",
    }


def test_the_revision_column_is_not_taken_for_the_sheet():
    revision = _line("77", 790, 745, 7)

    stamp = read_stamp([*(_line(*word) for word in SPDS), revision], [], PAGE)

    assert stamp["sheet"] == "5.1"


def test_an_american_sheet_number_is_the_largest_word_in_the_corner():
    words = [("Drawn", 1000, 700, 6), ("by", 1030, 700, 6), ("A-102", 1050, 780, 30)]

    assert read_stamp([_line(*word) for word in words], [], PAGE) == {"sheet": "A-102"}


def test_sheet_one_of_three_is_understood():
    words = [("SHEET", 1000, 800, 8), ("1", 1040, 800, 8), ("OF", 1050, 800, 8), ("3", 1066, 800, 8)]

    assert read_stamp([_line(*word) for word in words], [], PAGE) == {"sheet": "1", "sheets": "3"}


def test_a_page_of_text_has_no_stamp():
    assert read_stamp([_line("Лист", 300, 800, 10), _line("бумаги", 330, 800, 10)], [], PAGE) == {}


def test_the_fields_of_form_3_are_told_apart_by_its_lines():
    lines, cells = title_block(FORM_3)

    assert read_stamp(lines, cells, A3) == {
        "code": "133/23-ГК-АР4",
        "object": "Реконструкция котельной №3 в пос. Северный",
        "building": "Главный корпус",
        "title": "План 1 этажа на отм. 0,000. Схема расположения узлов 1-1",
        "stage": "РД",
        "sheet": "5.1",
        "sheets": "12",
        "organization": "АО «ЦНИИПромзданий»",
    }


def test_the_fields_of_form_1_are_told_apart_by_its_lines():
    lines, cells = title_block(FORM_1)

    assert read_stamp(lines, cells, A3) == {
        "code": "ТП 22.11.03.00.000 СБ",
        "title": "Вал приводной Сборочный чертеж",
        "stage": "У",
        "scale": "1:2,5",
        "sheet": "2",
        "sheets": "7",
        "organization": "МГТУ им. Н.Э. Баумана гр. МТ-51",
    }


def test_an_empty_field_stays_empty_whatever_stands_in_others():
    lines, cells = title_block([field if field[4] != "133/23-ГК-АР4" else (*field[:4], "") for field in FORM_3])

    assert "code" not in read_stamp(lines, cells, A3)


def test_a_following_sheet_names_its_number_and_its_designation():
    lines, cells = title_block(FORM_6)

    assert read_stamp(lines, cells, A3) == {"sheet": "14", "code": "15027-00-АТХ.С5"}


def test_a_following_sheet_with_a_name_in_place_of_a_designation_has_a_title():
    lines, cells = title_block([*FORM_6[:6], (65, 0, 110, 15, "Лабораторный шкаф"), *FORM_6[7:]])

    assert read_stamp(lines, cells, A3) == {"sheet": "14", "title": "Лабораторный шкаф"}


def test_a_table_of_changes_alone_is_no_title_block():
    lines, cells = title_block(CHANGES_21101)

    assert read_stamp(lines, cells, A3) == {}


def test_the_lettering_of_a_strip_tells_title_project_and_office():
    lines, cells = title_block(STRIP)

    assert read_stamp(lines, cells, A3) == {
        "sheet": "A-102",
        "title": "SECOND & THIRD FLOOR PLAN",
        "object": "SMITH RESIDENCE 12 Oak Lane",
        "organization": "ACME ARCHITECTS",
        "scale": '1/4" = 1\'-0"',
    }
