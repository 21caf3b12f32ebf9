"""The changes between two revisions as evidence: numbered, with their places and blocks on both sides."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from domain.documents import Block, BlockKind, Box, Document, Page, Word, sheet_label, union
from domain.families.analysis.rules_sides import SIDE_A, SIDE_B, side_of, with_side
from domain.families.analysis.types import ChangePlace, Differences, Material, SheetChange, Wish
from domain.grounding.rules_citations import Source
from domain.ports import UnitOfWork
from domain.revisions.types import ChangeClass, PageDifference, Severity
from domain.rules_seen import has_middle_in

MAX_CHANGES = 120
MAX_TEXT = 200
MAX_BOXES = 4
MAX_BYTES = 40_000
"""What is kept of the changes: the state of a job has 256 KB for everything. Guesses."""

_GRAVEST = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    """A document with the changed pages and their blocks."""

    document: Document
    pages: Mapping[int, Page]
    blocks: Mapping[int, Sequence[Block]]


async def placed(
    uow: UnitOfWork, earlier: Document, later: Document, pages: Sequence[PageDifference], language: str
) -> tuple[list[SheetChange], int]:
    """The gravest changes that fit, and how many there are. What is only cosmetic is left out."""
    found = [
        (page, change) for page in pages for change in page.changes if change.change_class is not ChangeClass.COSMETIC
    ]
    found.sort(key=lambda item: _GRAVEST[item[1].severity])
    total = len(found)
    shown = found[:MAX_CHANGES]
    side_a = await _side(uow, earlier, {page.page_a for page, _ in shown if page.page_a is not None})
    side_b = await _side(uow, later, {page.page_b for page, _ in shown if page.page_b is not None})
    changes = [
        SheetChange(
            number=number,
            kind=change.kind,
            change_class=change.change_class,
            severity=change.severity,
            before=_cut(change.before),
            after=_cut(change.after),
            place=_cut(change.place),
            a=_place(side_a, page.page_a, change.boxes_a, language),
            b=_place(side_b, page.page_b, change.boxes_b, language),
        )
        for number, (page, change) in enumerate(shown, start=1)
    ]
    while changes and len(msgspec.json.encode(changes)) > MAX_BYTES:
        changes = changes[: len(changes) * 9 // 10]
    return changes, total


def ref_of(change: SheetChange, side: str) -> str:
    return with_side(side, f"D{change.number}")


def places_of(differences: Differences | None) -> dict[str, ChangePlace]:
    """The sides of all changes by the ids that models know."""
    found: dict[str, ChangePlace] = {}
    for change in differences.changes if differences else ():
        for side, place in ((SIDE_A, change.a), (SIDE_B, change.b)):
            if place is not None:
                found[ref_of(change, side)] = place
    return found


def told(differences: Differences | None) -> dict[str, Any]:
    """The page diff as the prompt tells it; empty when there was none."""
    if differences is None:
        return {}
    return {
        "total": differences.total,
        "shown": len(differences.changes),
        "sheets_in_both": differences.pairs,
        "sheets_compared_by_text": differences.text_pages,
        "sheets_compared_by_drawing": max(differences.drawn_pages, differences.seen_pages),
        "pages_only_in_a": list(differences.pages_removed),
        "pages_only_in_b": list(differences.pages_added),
        "changes": [_line(change) for change in differences.changes],
    }


def wishes_of(differences: Differences | None, most: int) -> list[Wish]:
    """The places of the gravest changes that no words tell, on both sides: `most` places."""
    drawn = [
        place
        for change in (differences.changes if differences else ())
        if change.change_class is ChangeClass.GEOMETRY
        for place in (change.a, change.b)
        if place is not None and place.boxes
    ]
    return [wish_for(place, by="change") for place in drawn[:most]]


def wish_for(place: ChangePlace, by: str = "search") -> Wish:
    return Wish(
        document_id=place.document_id,
        document_name=place.document_name,
        page_no=place.page_no,
        sheet=place.sheet,
        box=union(place.boxes),
        by=by,
    )


def source_of(ref: str, place: ChangePlace, block: Block | None, page_words: Sequence[Word]) -> Source:
    """A side of a change as something to cite: its block, narrowed to the changed words."""
    words = tuple(word for word in page_words if any(has_middle_in(word.box, box) for box in place.boxes))
    box = union(place.boxes) if place.boxes else None
    if block is None:
        text = " ".join(word.text for word in words)
        block = Block(id="", page_no=place.page_no, block_no=-1, kind=BlockKind.TEXT, content=text)
    return Source(
        material=_material(ref, place, block.id, block.kind),
        block=msgspec.structs.replace(block, box=box),
        words=words,
        page_words=tuple(page_words),
    )


def materials_of(differences: Differences | None) -> list[Material]:
    """The blocks that hold changes, under the ids of the changes."""
    places = places_of(differences)
    return [_material(ref, place, place.block_id) for ref, place in places.items() if place.block_id is not None]


def _material(ref: str, place: ChangePlace, block_id: str, kind: BlockKind = BlockKind.TEXT) -> Material:
    return Material(
        ref=ref,
        document_id=place.document_id,
        document_name=place.document_name,
        page_no=place.page_no,
        sheet=place.sheet,
        block_id=block_id,
        kind=kind,
        side=side_of(ref),
    )


async def _side(uow: UnitOfWork, document: Document, page_nos: Iterable[int]) -> _Side:
    numbers = sorted(page_nos)
    blocks: dict[int, list[Block]] = {}
    for block in await uow.documents.blocks(document.id, page_nos=numbers):
        blocks.setdefault(block.page_no, []).append(block)
    pages = {page.page_no: page for page in await uow.documents.pages(document.id, numbers)}
    return _Side(document=document, pages=pages, blocks=blocks)


def _place(side: _Side, page_no: int | None, boxes: Sequence[Box], language: str) -> ChangePlace | None:
    if page_no is None or not boxes:
        return None
    holding = [block for block in side.blocks.get(page_no, ()) if block.box and has_middle_in(boxes[0], block.box)]
    block = min(holding, key=lambda held: _area(held.box), default=None)
    return ChangePlace(
        document_id=side.document.id,
        document_name=side.document.name,
        page_no=page_no,
        sheet=sheet_label(side.pages[page_no], language),
        boxes=_few(tuple(boxes)),
        block_id=block.id if block is not None else None,
    )


def _few(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """At most `MAX_BOXES`: the last one covers the rest."""
    if len(boxes) <= MAX_BOXES:
        return boxes
    return (*boxes[: MAX_BOXES - 1], union(boxes[MAX_BOXES - 1 :]))


def _area(box: Box | None) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) if box else 0.0


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _line(change: SheetChange) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": change.kind.value,
        "class": change.change_class.value,
        "severity": change.severity.value,
    }
    if change.place:
        line["where"] = change.place
    for side, text, place in ((SIDE_A, change.before, change.a), (SIDE_B, change.after, change.b)):
        if place is not None:
            line[side] = {"id": ref_of(change, side), "place": place.sheet, "text": text or ""}
    return line
