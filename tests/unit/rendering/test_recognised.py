"""What was recognised on a page's picture, as the text and the facts of the page."""

from domain.documents import Page, PageFacts
from workers.rendering.geometry import Frame
from workers.rendering.pieces import TextLine, TextWord
from workers.rendering.recognised import facts_of, rotation_of, with_seen
from workers.rendering.recognising_types import SeenLine, SeenPage, SeenWord
from workers.rendering.text import PageText

FRAME = Frame(width_pt=600, height_pt=800, rotation=0, reading_rotation=0)
STAMP = {"code": "АБ.125.000", "sheet": "3", "title": "План этажа"}


def seen(*words: tuple[str, float], confidence: float = 95, turn: int = 0) -> SeenPage:
    """One line of words by text and left edge, each 0.1 wide and 0.02 high."""
    line = SeenLine(tuple(SeenWord(text, (x, 0.5, x + 0.1, 0.52), confidence) for text, x in words), 12, 1, turn)
    return SeenPage(page_no=1, lines=(line,), confidence=confidence / 100)


def page_with(facts: PageFacts) -> Page:
    return Page(page_no=1, width_pt=600, height_pt=800, facts=facts)


def layer(text: str, x0: float, *, unknown_share: float = 0.0) -> PageText:
    """A text layer of one word, in points."""
    word = TextWord(text, (x0, 400, x0 + 60, 416))
    return PageText(lines=(TextLine(words=(word,), box=word.box, size_pt=11),), unknown_share=unknown_share)


def words_of(text: PageText) -> list[str]:
    return [word.text for line in text.lines for word in line.words]


def test_words_of_the_text_layer_stay_and_are_not_there_twice():
    text = with_seen(layer("Архив", 60), seen(("Apxив", 0.1), ("Насос", 0.4)), FRAME)

    assert words_of(text) == ["Архив", "Насос"]


def test_an_illegible_text_layer_is_replaced():
    text = with_seen(layer("\x01\x02", 60, unknown_share=0.5), seen(("Насос", 0.1)), FRAME)

    assert words_of(text) == ["Насос"]
    assert text.unknown_share == 0


def test_words_stand_in_points_of_the_page_as_read():
    text = with_seen(PageText(lines=()), seen(("Насос", 0.1)), FRAME)

    assert text.lines[0].words[0].box == (60, 400, 120, 416)
    assert text.lines[0].is_level


def test_a_page_whose_text_runs_upwards_is_read_turned():
    page = seen(("Насос", 0.1), ("центробежный", 0.3), turn=90)
    rotation = rotation_of(page, FRAME)

    text = with_seen(
        PageText(lines=()), page, Frame(width_pt=600, height_pt=800, rotation=0, reading_rotation=rotation)
    )

    assert rotation == 90
    assert text.lines[0].is_level


def test_a_recognised_page_says_so_and_needs_it_no_more():
    facts = facts_of(
        page_with(PageFacts(needs_ocr=True, stamp=STAMP, warnings=("lettering_in_curves",))), seen(("3", 0.1)), "me"
    )

    assert (facts.needs_ocr, facts.read_by, facts.confidence) == (False, "me", 0.95)
    assert (facts.sheet, facts.title, facts.stamp) == ("3", "План этажа", STAMP)
    assert facts.warnings == ("lettering_in_curves",)


def test_values_of_the_stamp_that_were_read_badly_are_left_out():
    facts = facts_of(page_with(PageFacts(stamp=STAMP)), seen(("3", 0.1), ("этажа", 0.5), confidence=70), "me")

    assert facts.stamp == {"code": "АБ.125.000"}
    assert facts.sheet is None


def test_the_end_of_a_designation_that_came_apart_is_none():
    facts = facts_of(page_with(PageFacts(stamp=STAMP)), seen(("91872.", 0.1), ("АБ.125.000", 0.205)), "me")

    assert "code" not in facts.stamp


def test_an_empty_scan_says_that_nothing_was_recognised():
    facts = facts_of(page_with(PageFacts(needs_ocr=True)), SeenPage(page_no=1, lines=()), "me")

    assert facts.warnings == ("nothing_recognised",)
    assert not facts.needs_ocr


def test_a_page_read_in_part_says_so():
    facts = facts_of(page_with(PageFacts()), SeenPage(page_no=1, lines=seen(("a", 0.1)).lines, is_whole=False), "me")

    assert facts.warnings == ("partly_recognised",)
