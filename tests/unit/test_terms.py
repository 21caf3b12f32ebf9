"""Terms of texts and of questions."""

import pytest

from storage.terms import PART_WEIGHT, count_terms, line_starts, parse_query


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Насосы", "насосами", id="russian endings"),
        pytest.param("pumps", "pumping", id="english endings"),
        pytest.param("ёлка", "елка", id="yo"),
        pytest.param("В2", "B2", id="cyrillic and latin look-alikes"),
        pytest.param("М8х1,25", "M8x1.25", id="thread"),
        pytest.param("12 м²", "12 м2", id="square metres"),
        pytest.param("OB", "ОВ", id="a mark in latin letters"),
        pytest.param("7,2 Ач", "7.2 Ач", id="decimal comma"),
    ],
)
def test_texts_that_mean_the_same_share_all_terms(one: str, other: str):
    assert count_terms(one).keys() == count_terms(other).keys()


@pytest.mark.parametrize(
    ("one", "other"), [("В2", "В21"), ("В2", "В-2"), ("2.105-95", "2.105-96"), ("V.1.2", "V.1.20"), ("П/1", "П/11")]
)
def test_different_designations_are_different_terms(one: str, other: str):
    ours, theirs = parse_query(one).terms, parse_query(other).terms

    assert max(ours, key=lambda term: ours[term]) != max(theirs, key=lambda term: theirs[term])


def test_a_designation_is_kept_whole_besides_its_parts():
    assert {"2.105-95", "2", "105", "95"} <= count_terms("ГОСТ 2.105-95").keys()


def test_parts_of_a_designation_weigh_less_in_a_question():
    terms = parse_query("ось П/1").terms

    assert terms["п/1"] == 1.0
    assert terms["1"] == terms["п"] == PART_WEIGHT


def test_a_part_that_is_also_said_by_itself_weighs_fully():
    assert parse_query("лист 5 чертежа 5.1").terms["5"] == 1.0


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        pytest.param("обозна-\nчение", "обозначение", id="a word"),
        pytest.param("конференц-\nзал", "конференц-зал", id="a hyphen of the word's own"),
        pytest.param("over\u00adload", "overload", id="a soft hyphen"),
    ],
)
def test_what_is_broken_at_the_end_of_a_line_is_found_whole(broken: str, whole: str):
    assert parse_query(whole).terms.keys() <= count_terms(broken).keys()


def test_a_standard_is_found_without_the_year_of_its_edition():
    assert "2.105" in count_terms("ГОСТ 2.105-95")
    assert parse_query("ГОСТ 2.105-95").terms["2.105"] == PART_WEIGHT


def test_a_year_written_together_is_found_apart():
    assert "2022" in count_terms("FY2022")
    assert parse_query("sales of FY2022").terms["2022"] == 1.0


def test_an_abbreviation_with_an_ampersand_is_one_term():
    assert count_terms("SG&A, P&ID").keys() >= {"sg&a", "p&id"}


@pytest.mark.parametrize(
    ("line", "starts"),
    [
        pytest.param("F.10.3.1 The bracket", {"f.10.3.1"}, id="a clause"),
        pytest.param("text\n7.2 Требования по 7.1", {"7.2"}, id="the second line"),
        pytest.param("| В2 | 12,5 | П1 |", {"b2", "п1"}, id="cells"),
        pytest.param("смотри 7.2 и В2", set(), id="mentioned"),
        pytest.param("12 насосов", set(), id="a number"),
    ],
)
def test_designations_that_begin_a_line_are_told(line: str, starts: set[str]):
    assert line_starts(line) == starts


def test_a_diameter_sign_does_not_hide_its_number():
    assert "12" in count_terms("Ø12")


def test_stop_words_alone_are_no_question():
    assert parse_query("и в на the of").terms == {}


def test_an_endless_word_makes_terms_of_bounded_length():
    assert max(len(term) for term in count_terms("x" * 5000 + " " + "1." * 3000 + "1")) < 1000
