"""How high the smallest letters of a place are, and how that is known."""

import pytest

from domain.documents import Page, PageFacts, Word
from domain.rules_glyphs import Glyphs, GlyphsBy, glyphs_on
from domain.rules_legibility import ASSUMED_GLYPH_PT, CAPITAL_SHARE
from domain.rules_reasons import Why, reasons_of, why_of
from workers.picture_sides import CLAUDE, GEMINI_2, GEMINI_3, GEMMA_3, UNKNOWN, sides_of

HEIGHT_PT = 1000.0


def page(read_by: str = "text", glyph_pt: float | None = None) -> Page:
    return Page(
        page_no=1, width_pt=1000, height_pt=HEIGHT_PT, facts=PageFacts(read_by=read_by, smallest_glyph_pt=glyph_pt)
    )


def words(*heights_pt: float, text: str = "П1-4200", top: float = 0.1) -> list[Word]:
    return [Word(text, (0.1, top, 0.3, top + height / HEIGHT_PT), 0, line) for line, height in enumerate(heights_pt)]


def test_font_sizes_tell_of_a_page_with_text() -> None:
    found = glyphs_on(page(), words(10, 10, 10), None)

    assert (found.height_pt, found.by) == (pytest.approx(10 * CAPITAL_SHARE), GlyphsBy.WORDS)


def test_ink_tells_of_a_scan_that_was_recognised() -> None:
    found = glyphs_on(page("tesseract"), words(8, 8, 8), None)

    assert (found.height_pt, found.by) == (pytest.approx(8.0), GlyphsBy.RECOGNISED)


def test_only_the_words_of_the_place_count() -> None:
    both = [*words(10, 10, top=0.1), *words(20, 20, top=0.8)]

    found = glyphs_on(page(), both, (0.0, 0.7, 1.0, 1.0))

    assert found.height_pt == pytest.approx(20 * CAPITAL_SHARE)


def test_a_stray_tick_is_no_lettering() -> None:
    found = glyphs_on(page(), words(3, *[10.0] * 30), None)

    assert found.height_pt == pytest.approx(10 * CAPITAL_SHARE)


def test_turned_words_are_as_high_as_they_are_narrow() -> None:
    turned = [Word("П1-4200", (0.1, 0.1, 0.11, 0.4), 0, line) for line in range(3)]

    assert glyphs_on(page(), turned, None).height_pt == pytest.approx(10 * CAPITAL_SHARE)


def test_recognised_words_of_low_letters_alone_tell_nothing() -> None:
    assert glyphs_on(page("tesseract"), words(8, 8, text="оно"), None).by is GlyphsBy.ASSUMED


def test_a_place_without_words_has_the_letters_of_its_page() -> None:
    assert glyphs_on(page(glyph_pt=6.0), [], (0, 0, 0.1, 0.1)) == Glyphs(height_pt=6 * CAPITAL_SHARE, by=GlyphsBy.PAGE)


def test_of_an_unread_scan_the_smallest_letters_in_use_are_assumed() -> None:
    assert glyphs_on(page("nothing"), [], None) == Glyphs(
        height_pt=ASSUMED_GLYPH_PT * CAPITAL_SHARE, by=GlyphsBy.ASSUMED
    )


@pytest.mark.parametrize(
    ("model", "sides"),
    [
        ("gemini-3-flash-preview", GEMINI_3),
        ("gemini-3.1-pro-preview", GEMINI_3),
        ("gemini-flash-latest", GEMINI_3),
        ("gemini-2.5-pro", GEMINI_2),
        ("google/gemini-3-flash-preview", GEMINI_3),
        ("anthropic/claude-sonnet-4.5", CLAUDE),
        ("gemma3:12b", GEMMA_3),
        ("some-new-model", UNKNOWN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_model_keeps_so_much_of_a_picture(model: str, sides: tuple[int, int, int]) -> None:
    assert sides_of(model) == sides


def test_no_resolution_keeps_less_than_a_lower_one() -> None:
    assert all(list(sides) == sorted(sides) for sides in (GEMINI_3, GEMINI_2, CLAUDE, GEMMA_3, UNKNOWN))


@pytest.mark.parametrize("why", list(Why), ids=str)
def test_every_reason_is_told_in_both_languages(why: Why) -> None:
    reason_ru, reason_en = reasons_of(why)

    assert any("а" <= letter <= "я" for letter in reason_ru)
    assert reason_en.isascii()


def test_an_overview_says_so_whoever_wished_for_it() -> None:
    assert (why_of("model", as_overview=True), why_of("model"), why_of("unheard of")) == (
        Why.OVERVIEW,
        Why.MODEL,
        Why.SEARCH,
    )
