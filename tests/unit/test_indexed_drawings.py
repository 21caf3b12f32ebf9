"""What the block index adds to a page's score: terms that the page's own text lacks, and nothing else."""

import pytest

from domain.drawings import Drawing, SystemCode
from domain.errors import InvalidInput
from domain.ids import new_id
from storage.block_index import NAMED, OTHERS, terms_of
from storage.indexed_drawings import Told, gain_of, idf_with, lacked
from workers.settings import read_index_choice

PLACE = (new_id(), 1)
IDF = {"план": 1.0, "вентиляц": 3.0}


def told(**tfs: float) -> Told:
    return Told(place=PLACE, block_no=0, tfs=tfs)


def test_terms_that_stand_on_the_page_count_as_they_did() -> None:
    assert lacked([told(план=2.0, вентиляц=1.0), told(план=1.0)], {"план"}) == [told(вентиляц=1.0)]


def test_a_page_gains_by_rare_terms_more_and_by_none_nothing() -> None:
    common, rare = (
        gain_of([told(**{term: 1.0})], IDF, length=0, average_length=100.0, share=0.5) for term in ("план", "вентиляц")
    )

    assert 0 < common < rare
    assert gain_of([], IDF, length=0, average_length=100.0, share=0.5) == 0


def test_two_entries_of_a_page_with_the_same_term_count_once() -> None:
    once = gain_of([told(план=1.0)], IDF, length=10, average_length=100.0, share=0.5)

    assert gain_of([told(план=1.0), told(план=1.0)], IDF, length=10, average_length=100.0, share=0.5) == once


def test_a_term_that_no_text_has_is_as_rare_as_the_drawings_that_have_it() -> None:
    idf = idf_with({"план": 1.0}, {"план": 1.0, "щит": 1.0}, {PLACE: [told(план=1.0, щит=1.0)]}, pages=100)

    assert idf["план"] == 1.0
    assert idf["щит"] > 3


def test_an_entry_is_found_by_title_floor_and_codes_first_and_by_the_names_of_its_discipline() -> None:
    entry = Drawing(
        block_id="A",
        page_no=1,
        title="План",
        drawn="зал",
        discipline="water",
        system_codes=(SystemCode(code="К1"),),
    )

    terms = terms_of(entry)

    assert (terms["план"], terms["k1"], terms["зал"]) == (NAMED, NAMED, OTHERS)
    assert {"канализац", "plumb"} <= terms.keys()


def test_an_entry_that_is_an_error_is_found_by_nothing() -> None:
    assert terms_of(Drawing(block_id="A", page_no=1, title="План", error="reply_invalid")) == {}


@pytest.mark.parametrize(("environ", "choice"), [({}, "offline"), ({"INDEX_AFTER_READING": "model"}, "model")], ids=str)
def test_drawings_are_described_offline_unless_told_otherwise(environ: dict[str, str], choice: str) -> None:
    assert read_index_choice(environ) == choice


def test_an_unknown_choice_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidInput, match="INDEX_AFTER_READING"):
        read_index_choice({"INDEX_AFTER_READING": "always"})
