"""Closer looks: which wishes of a model count, and when the gate forces one. Quotes and sectors become boxes."""

from typing import Any

import msgspec
import pytest

from domain.answers import AnswerReply, RegionRequest, ReplyCitation
from domain.documents import BlockKind, Page
from domain.evidence import EvidencePicture, PictureKind
from domain.families.analysis.rules_gate import forced
from domain.families.analysis.rules_wishes import MAX_WISHES, Places, requested, wish_for
from domain.grounding.rules_citations import Source, resolve
from tests.fakes.sources import source_of

TEXT = "Расход П1 4200 м³/ч"


def drawing() -> Source:
    """A drawing below its text, on an A1 page that is seen turned by 90 degrees."""
    source = source_of(TEXT, kind=BlockKind.IMAGE)
    block = msgspec.structs.replace(source.block, kind=BlockKind.IMAGE, box=(0.2, 0.2, 0.8, 0.8))
    return msgspec.structs.replace(source, block=block)


def picture_of(source: Source, **fields: Any) -> EvidencePicture:
    defaults: dict[str, Any] = {
        "number": 1,
        "kind": PictureKind.ROI,
        "document_id": source.material.document_id,
        "document_name": "ОВ.pdf",
        "page_no": 7,
        "sheet": "лист 5 (стр. 7)",
        "digest": "d",
        "mime_type": "image/png",
        "width_px": 1000,
        "height_px": 800,
        "dpi": 150,
        "block_id": source.block.id,
        "box": (0.2, 0.2, 0.8, 0.8),
        "glyph_px": 16.0,
    }
    return EvidencePicture(**{**defaults, **fields})


def places(source: Source, *pictures: EvidencePicture, rotation: int = 0, seen: tuple[Any, ...] = ()) -> Places:
    page = Page(page_no=7, width_pt=2384, height_pt=1684, rotation=rotation)
    return Places(
        sources={source.material.ref: source},
        pictures=pictures,
        pages={(source.material.document_id, 7): page},
        seen=seen,
    )


def asking(source: Source, **request: Any) -> AnswerReply:
    wish = RegionRequest(block_id=source.material.ref, **request)
    return AnswerReply(answer_markdown="…", followup_rois=(wish,))


def citing(source: Source, ref: str | None = None, quote: str = "4200 м³/ч", **fields: Any) -> AnswerReply:
    citation = ReplyCitation(block_id=ref or source.material.ref, quote=quote, **fields)
    return AnswerReply(answer_markdown="4200 м³/ч [1]", citations=(citation,))


@pytest.mark.parametrize(
    ("rotation", "box"),
    [(0, (0.2, 0.2, 0.4, 0.4)), (90, (0.2, 0.6, 0.4, 0.8)), (180, (0.6, 0.6, 0.8, 0.8)), (270, (0.6, 0.2, 0.8, 0.4))],
    ids=["0", "90", "180", "270"],
)
def test_a_sector_is_of_the_block_as_it_is_seen(rotation: int, box: tuple[float, ...]) -> None:
    source = drawing()

    [wish] = requested(asking(source, sector="A1"), places(source, rotation=rotation)).wishes

    assert wish.box == pytest.approx(box)


def test_what_is_unknown_or_no_place_is_dropped_and_counted() -> None:
    source = drawing()
    reply = AnswerReply(
        answer_markdown="…",
        followup_images=("ZZZZ-ZZZZ-ZZZ", "P9"),
        followup_rois=(
            RegionRequest(block_id=source.material.ref, sector="Z9"),
            RegionRequest(block_id=source.material.ref, bbox_norm=(0.5, 0.5, 0.5, 0.6)),
        ),
    )

    found = requested(reply, places(source))

    assert (found.wishes, found.dropped) == ((), 4)


def test_no_place_is_looked_at_twice_and_no_turn_looks_at_too_many() -> None:
    source = drawing()
    boxes = [(0.1 * n, 0.0, 0.1 * n + 0.08, 0.3) for n in range(9)]
    rois = tuple(RegionRequest(block_id=source.material.ref, bbox_norm=box) for box in (*boxes, *boxes))

    first = requested(AnswerReply(answer_markdown="…", followup_rois=rois), places(source)).wishes
    again = requested(AnswerReply(answer_markdown="…", followup_rois=rois), places(source, seen=first)).wishes

    assert (len(first), len(again)) == (MAX_WISHES, 9 - MAX_WISHES)


def test_the_gate_rests_when_nothing_is_to_be_seen_or_a_readable_crop_is_cited() -> None:
    source = drawing()

    assert forced(citing(source), places(source), is_visual=False) == ()
    assert forced(citing(source), places(source, picture_of(source)), is_visual=True) == ()


def test_the_gate_shows_the_cited_drawing_when_no_crop_is_cited() -> None:
    source = drawing()
    overview = picture_of(source, kind=PictureKind.OVERVIEW, block_id=None, box=None, glyph_px=4.0)

    [wish] = forced(citing(source), places(source, overview), is_visual=True)

    assert (wish.block_id, wish.by) == (source.block.id, "gate")
    assert forced(citing(source), places(source, overview, seen=(wish,)), is_visual=True) == ()


@pytest.mark.parametrize(
    "unreadable",
    [{"kind": PictureKind.OVERVIEW, "box": None, "block_id": None}, {"glyph_px": 11.0}],
    ids=["overview", "small"],
)
def test_a_number_that_rests_on_an_unreadable_picture_is_looked_at_closer(unreadable: dict[str, Any]) -> None:
    source = drawing()
    picture = picture_of(source, **unreadable)

    wishes = forced(citing(source, "P1", sector="B2"), places(source, picture), is_visual=False)

    assert len(wishes) == 1
    assert forced(citing(source, "P1", quote="вентилятор"), places(source, picture), is_visual=False) == ()


def test_a_word_that_stands_twice_in_a_picture_is_found_in_the_named_sector() -> None:
    first, second = source_of(TEXT), source_of(TEXT)
    moved = tuple(msgspec.structs.replace(w, box=(w.box[0], 0.9, w.box[2], 0.91)) for w in second.words)
    words = (*first.words, *moved)
    block = msgspec.structs.replace(first.block, box=None, kind=BlockKind.IMAGE)
    shown = picture_of(first, box=None, block_id=None)
    source = Source(material=first.material, block=block, words=words, picture=shown, is_picture=True)

    [citation] = resolve([ReplyCitation(block_id="P1", quote="4200", sector="A3")], {"P1": source}).citations

    assert citation.boxes == (next(w.box for w in moved if w.text == "4200"),)
    assert citation.picture == 1


def test_a_sector_without_found_words_is_itself_the_place() -> None:
    source = drawing()
    shown = msgspec.structs.replace(source, picture=picture_of(source), is_picture=True)

    [citation] = resolve([ReplyCitation(block_id="P1", quote="нет таких слов", sector="C1")], {"P1": shown}).citations

    assert citation.boxes[0] == pytest.approx((0.6, 0.2, 0.8, 0.4))
    assert citation.quote == ""


def test_a_quote_that_runs_over_the_border_of_its_block_is_found_on_the_page() -> None:
    source = source_of("Расход воздуха\nустановки П1\nравен 4200 м³/ч")
    own = tuple(word for word in source.words if word.line_no < 2)
    cut = msgspec.structs.replace(
        source,
        block=msgspec.structs.replace(source.block, content="Расход воздуха\nустановки П1"),
        words=own,
        page_words=source.words,
    )

    [citation] = resolve([ReplyCitation(block_id="x", quote="установки П1 равен 4200")], {"x": cut}).citations
    [unquoted] = resolve([ReplyCitation(block_id="x", quote="равен 4200")], {"x": cut}).citations

    assert (len(citation.boxes), citation.quote) == (2, "установки П1 равен 4200")
    assert unquoted.quote == ""


def test_the_wish_for_a_block_is_all_of_it() -> None:
    source = drawing()

    assert wish_for(source, by="search").box == source.block.box
