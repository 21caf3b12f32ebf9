"""The stages of a comparison over fakes, run as the engine runs them."""

from typing import Any

import msgspec
import pytest

from domain.documents import DocumentStatus, PageContent
from domain.errors import DocumentDamaged, DocumentRejected
from domain.families.comparison.family import FAMILY
from domain.ids import new_id
from domain.revisions.types import ChangeKind, PageDrawing, PictureDifference, PictureRegion, Stroke
from domain.stage import Finished, Next, Wait
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork

OWNER = new_id()
NOTES = "Монтаж воздуховодов вести по серии 5.904-1\nИзоляция толщиной 30 мм по всей длине"


class FakeDrawings:
    """Drawings by the digest of the file."""

    def __init__(self, **drawings: tuple[Stroke, ...]) -> None:
        self.drawings: dict[str, tuple[Stroke, ...]] = drawings
        self.is_damaged = False

    async def read_drawing(self, sha256: str, page_no: int) -> PageDrawing:
        if self.is_damaged:
            raise DocumentDamaged("broken")
        return PageDrawing(self.drawings.get(sha256, ()))


class FakeComparer:
    def __init__(self, *regions: PictureRegion) -> None:
        self.regions = regions
        self.asked = 0

    async def compare(self, earlier: str, later: str, px_per_mm: float) -> PictureDifference:
        self.asked += 1
        return PictureDifference(regions=self.regions, overlay_digest="0f" * 32)


class Setting:
    def __init__(self) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = FakeStageContext(self.uow, OWNER)
        self.ctx.blobs = FakeBlobs()
        self.ctx.reader = FakeDrawings()
        self.ctx.comparer = FakeComparer()
        self.checkpoints = 0

    async def compare(self, a: list[PageContent], b: list[PageContent], **wishes: Any) -> dict[str, Any]:
        earlier = await add_document(self.uow, OWNER, "изм. 1.pdf", *a)
        later = await add_document(self.uow, OWNER, "изм. 2.pdf", *b)
        state = FAMILY.start({"a": str(earlier.id), "b": str(later.id), **wishes})
        name: str | None = FAMILY.stages[0].name
        while True:
            outcome = await FAMILY.stage(name).run(self.ctx, state)
            if isinstance(outcome, Finished):
                return msgspec.json.decode(msgspec.json.encode(outcome.result))
            assert isinstance(outcome, Next)
            self.checkpoints += 1
            state = msgspec.json.decode(msgspec.json.encode(outcome.state), type=FAMILY.state_type)
            following = FAMILY.after(name or "")
            name = outcome.goto or (following.name if following else None)


async def test_each_pair_of_sheets_is_told_with_its_changes_the_gravest_first() -> None:
    result = await Setting().compare([page_of(1, NOTES, "1200")], [page_of(1, NOTES, "1250")])

    (page,) = result["pages"]
    assert (page["page_a"], page["page_b"]) == (1, 1)
    (change,) = page["changes"]
    assert (change["kind"], change["class"], change["severity"]) == ("changed", "dimension", "high")
    assert (change["before"], change["after"]) == ("1200", "1250")
    assert page["overlay"] == "0f" * 32
    assert result["by_class"] == {"dimension": 1}


async def test_sheets_on_one_side_are_named_and_equal_ones_are_counted() -> None:
    a = [page_of(1, NOTES), page_of(2, "План этажа в осях А-Ж")]
    b = [page_of(1, NOTES), page_of(2, "Совсем другой лист спецификация"), page_of(3, "План этажа в осях А-Ж")]

    result = await Setting().compare(a, b)

    assert (result["pages_added"], result["pages_removed"], result["pages_unchanged"]) == ([2], [], 2)


async def test_only_the_wanted_pages_are_compared() -> None:
    pages = [page_of(1, NOTES), page_of(2, "План этажа в осях А-Ж")]

    result = await Setting().compare(pages, pages, pages=[2])

    assert [(page["page_a"], page["page_b"]) for page in result["pages"]] == [(2, 2)]


async def test_every_pair_is_a_checkpoint() -> None:
    setting = Setting()

    await setting.compare([page_of(1, NOTES), page_of(2, "План")], [page_of(1, NOTES), page_of(2, "План")])

    assert setting.checkpoints == 3


async def test_a_drawn_change_is_told_by_its_layer() -> None:
    setting = Setting()
    wall = Stroke(100, 100, 500, 100)
    setting.ctx.reader = FakeDrawings(**{f"{0:064x}": (wall,), f"{1:064x}": (wall, Stroke(200, 300, 260, 360))})

    result = await setting.compare([page_of(1, NOTES)], [page_of(1, NOTES)])

    (change,) = result["pages"][0]["changes"]
    assert (change["layer"], change["kind"], change["class"]) == ("vector", "added", "geometry")


async def test_a_scan_is_compared_by_its_pixels() -> None:
    setting = Setting()
    region = PictureRegion(kind=ChangeKind.REMOVED, box_a=(0.1, 0.1, 0.2, 0.2), box_b=None)
    setting.ctx.comparer = FakeComparer(region)

    result = await setting.compare([page_of(1)], [page_of(1)])

    (page,) = result["pages"]
    assert page["layers"] == ["raster"]
    assert page["changes"][0]["boxes_a"] == [[0.1, 0.1, 0.2, 0.2]]


async def test_a_page_whose_drawing_cannot_be_read_is_compared_by_the_rest_and_says_so() -> None:
    setting = Setting()
    setting.ctx.reader.is_damaged = True

    result = await setting.compare([page_of(1, NOTES, "1200")], [page_of(1, NOTES, "1250")])

    (page,) = result["pages"]
    assert page["warnings"] == [DocumentDamaged.code]
    assert page["changes_total"] == 1


async def test_a_document_still_being_read_is_waited_for() -> None:
    setting = Setting()
    earlier = await add_document(setting.uow, OWNER, "a.pdf", page_of(1, NOTES))
    later = await add_document(setting.uow, OWNER, "b.pdf", status=DocumentStatus.READING)

    outcome = await FAMILY.stages[0].run(setting.ctx, FAMILY.start({"a": str(earlier.id), "b": str(later.id)}))

    assert isinstance(outcome, Wait)
    assert outcome.document_ids == (later.id,)


async def test_a_document_that_was_not_read_fails_with_its_name() -> None:
    setting = Setting()
    earlier = await add_document(setting.uow, OWNER, "a.pdf", status=DocumentStatus.FAILED)
    later = await add_document(setting.uow, OWNER, "b.pdf", page_of(1, NOTES))

    with pytest.raises(DocumentRejected) as raised:
        await FAMILY.stages[0].run(setting.ctx, FAMILY.start({"a": str(earlier.id), "b": str(later.id)}))

    assert "a.pdf" in raised.value.public_ru
