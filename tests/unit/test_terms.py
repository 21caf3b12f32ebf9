"""Terms of texts and of questions."""

import pytest

from storage.terms import PART_WEIGHT, count_terms, parse_query


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Насосы", "насосами", id="russian endings"),
        pytest.param("pumps", "pumping", id="english endings"),
        pytest.param("ёлка", "елка", id="yo"),
        pytest.param("В2", "B2", id="cyrillic and latin look-alikes"),
        pytest.param("М8х1,25", "M8x1.25", id="thread"),
        pytest.param("12 м²", "12 м2", id="square metres"),
        pytest.param("обозна-\nчение", "обозначение", id="word broken at the line's end"),
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


def test_a_diameter_sign_does_not_hide_its_number():
    assert "12" in count_terms("Ø12")


def test_stop_words_alone_are_no_question():
    assert parse_query("и в на the of").terms == {}


def test_an_endless_word_makes_terms_of_bounded_length():
    assert max(len(term) for term in count_terms("x" * 5000 + " " + "1." * 3000 + "1")) < 1000
