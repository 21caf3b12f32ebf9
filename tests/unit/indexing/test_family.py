"""Describing the drawings of a document: what is shown, what is kept, what is never asked twice."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.documents import Box, Document, DocumentStatus
from domain.drawings import OFFLINE, OFFLINE_VERSION, Drawing, SystemCode
from domain.errors import BudgetExceeded, DocumentDamaged, DomainError, ProviderFailed, ProviderRefused, ReplyInvalid
from domain.families.indexing.describe import MAX_PICTURES, REFUSALS, TOGETHER, describe
from domain.families.indexing.family import FAMILY
from domain.families.indexing.plan import PROMPT
from domain.families.indexing.types import IndexReply, IndexState, ReplyDrawing
from domain.ids import new_id
from domain.llm import Capabilities
from domain.prompts import render_parts
from domain.stage import Finished, Next, Wait
from storage.prompts import FilePrompts
from tests.fakes.drawing_pages import A1_PT, drawn_page
from tests.fakes.pages import page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork

SEEING = Capabilities(images=True, picture_sides_px=(768, 1088, 1568))
WHOLE: Box = (0.1, 0.1, 0.9, 0.9)
PROMPTS = Path(__file__).parents[3] / "prompts"


class Told:
    """A model that tells the same of every drawing it is shown, but for those it keeps silent about or refuses."""

    def __init__(self, **fields: Any) -> None:
        self.fields = {"title": "План", "discipline": "ventilation", "what_is_drawn": "план этажа", **fields}
        self.failures: dict[str, DomainError] = {}
        self.silent: set[str] = set()

    def __call__(self, variables: dict[str, Any]) -> IndexReply:
        for told in variables["drawings"]:
            for word, failure in self.failures.items():
                if word in told["text"]:
                    raise failure
        shown = [told for told in variables["drawings"] if not any(word in told["text"] for word in self.silent)]
        return IndexReply(drawings=tuple(ReplyDrawing(id=told["id"], **self.fields) for told in shown))


class Context(FakeStageContext):
    """Asks are answered by `told`."""

    def __init__(self, uow: FakeUnitOfWork, told: Told) -> None:
        super().__init__(uow, new_id())
        self.told = told
        self.can = SEEING
        self.versions = {PROMPT: "p1"}

    async def ask(self, role: str, prompt: str, variables: dict[str, Any], schema: type, **how: Any) -> Any:
        self._replies = [self.told(variables)] if not self.told.failures else []
        if not self._replies:
            try:
                self._replies = [self.told(variables)]
            except DomainError as error:
                self._replies = [error]
        return await super().ask(role, prompt, variables, schema, **how)


class Setting:
    """A stored document; states go through JSON between stages, as in the engine."""

    def __init__(self, told: Told, *pages: Any, status: DocumentStatus = DocumentStatus.READY, **document: Any) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = Context(self.uow, told)
        fields: dict[str, Any] = {"sha256": "f" * 64, "name": "ОВ.pdf", **document}
        self.document = Document(id=new_id(), owner_id=self.ctx.job.user_id, status=status, **fields)
        self._pages = pages
        self.checkpoints = 0

    async def store(self) -> None:
        await self.uow.documents.add(self.document)
        await self.uow.documents.save_pages(self.document.id, list(self._pages))

    async def run(self, *, stop_after: int | None = None, **wish: Any) -> dict[str, Any]:
        await self.store()
        return await self.again(stop_after=stop_after, **wish)

    async def again(self, *, stop_after: int | None = None, **wish: Any) -> dict[str, Any]:
        state = FAMILY.start({"document_id": str(self.document.id), **wish})
        return await self.resume(state, "plan", stop_after=stop_after)

    async def resume(self, state: IndexState, stage: str, *, stop_after: int | None = None) -> dict[str, Any]:
        self.checkpoints = 0
        while self.checkpoints != stop_after:
            outcome = await FAMILY.stage(stage).run(self.ctx, state)
            if isinstance(outcome, Finished):
                return outcome.result
            assert isinstance(outcome, Next)
            if outcome.write:
                await outcome.write(self.uow)
            state = msgspec.json.decode(msgspec.json.encode(outcome.state), type=IndexState)
            after = FAMILY.after(stage)
            stage = outcome.goto or (after.name if after else "")
            self.checkpoints += 1
            self.state, self.stage = state, stage
        return {}

    async def entries(self) -> list[Drawing]:
        return await self.uow.drawings.entries(self.document.id)

    @property
    def shown(self) -> list[list[str]]:
        """The texts of the drawings of each call."""
        return [[told["text"].split("\n")[0] for told in asked.variables["drawings"]] for asked in self.ctx.asks]


def pages(count: int) -> list[Any]:
    return [drawn_page(no, (WHOLE, f"Чертеж номер {no} системы П{no} план вентиляции")) for no in range(1, count + 1)]


async def test_a_drawing_gets_an_entry_with_the_version_it_was_told_by():
    setting = Setting(Told(floor_or_section="2 этаж", scale="1:100"), *pages(1))

    result = await setting.run()

    [entry] = await setting.entries()
    assert (entry.title, entry.discipline, entry.floor_or_section) == ("План", "ventilation", "2 этаж")
    assert (entry.sha256, entry.version, entry.model) == ("f" * 64, "p1", "fake:model")
    assert (result["told"], result["failed"], result["left"]) == (1, 0, 0)


async def test_the_model_is_shown_the_text_the_stamp_and_one_picture_of_a_drawing_with_text():
    page = drawn_page(1, (WHOLE, "План систем вентиляции"), size_pt=A1_PT, stamp={"code": "24-118-ОВ", "sheet": "2"})
    setting = Setting(Told(), page)

    await setting.run()

    [asked] = setting.ctx.asks
    [shown] = asked.variables["drawings"]
    assert (asked.role, asked.prompt) == ("index", PROMPT)
    assert (shown["is_sheet"], shown["text"]) == (True, "План систем вентиляции")
    assert shown["stamp"] == {"code": "24-118-ОВ", "sheet": "2"}
    assert [part.label for part in asked.parts] == ["P1"] == [told["picture"] for told in shown["pictures"]]


async def test_a_drawing_without_text_is_shown_in_pictures_that_can_be_read():
    setting = Setting(Told(), drawn_page(1, (WHOLE, ""), size_pt=(1190.0, 842.0), smallest_glyph_pt=None))

    await setting.run()

    [shown] = setting.ctx.asks[0].variables["drawings"]
    assert len(shown["pictures"]) > 1
    assert all(told["readable"] for told in shown["pictures"])
    assert len(setting.ctx.renderer.specs) == len(shown["pictures"])


async def test_a_picture_whose_letters_cannot_be_read_says_so():
    page = drawn_page(1, (WHOLE, "План систем вентиляции"), size_pt=A1_PT, stamp={"sheet": "2"}, smallest_glyph_pt=4.0)
    setting = Setting(Told(), page)

    await setting.run()

    [shown] = setting.ctx.asks[0].variables["drawings"]
    assert [told["readable"] for told in shown["pictures"]] == [False]


async def test_codes_that_do_not_stand_on_the_drawing_are_dropped():
    setting = Setting(Told(system_codes=("П1", "В21", "B2")), drawn_page(1, (WHOLE, "План систем П1 и В2")))

    await setting.run()

    [entry] = await setting.entries()
    assert entry.system_codes == (SystemCode(code="П1"), SystemCode(code="В2"))


async def test_codes_of_a_drawing_without_text_are_marked_as_only_seen():
    setting = Setting(Told(system_codes=("П1",)), drawn_page(1, (WHOLE, "")))

    await setting.run()

    [entry] = await setting.entries()
    assert entry.system_codes == (SystemCode(code="П1", seen_only=True),)


async def test_a_batch_is_a_checkpoint_and_no_drawing_is_asked_about_twice():
    setting = Setting(Told(), *pages(TOGETHER + 2))

    await setting.run(stop_after=2)
    await setting.resume(setting.state, setting.stage)

    assert [len(shown) for shown in setting.shown] == [TOGETHER, 2]
    assert len(await setting.entries()) == TOGETHER + 2


async def test_drawings_that_give_no_reply_together_are_asked_about_one_by_one():
    told = Told()
    told.failures = {"номер 2": ReplyInvalid("no JSON")}
    setting = Setting(told, *pages(3))

    result = await setting.run()

    assert [len(shown) for shown in setting.shown] == [3, 1, 1, 1]
    assert [entry.error for entry in await setting.entries()] == [None, "reply_invalid", None]
    assert (result["told"], result["failed"]) == (2, 1)


async def test_a_drawing_that_the_reply_leaves_out_keeps_that_as_its_error():
    told = Told()
    told.silent = {"номер 1"}
    setting = Setting(told, *pages(2))

    await setting.run()

    assert [entry.error for entry in await setting.entries()] == ["not_told", None]


async def test_a_provider_that_refuses_everything_fails_the_job_soon():
    told = Told()
    told.failures = {"номер": ProviderRefused("key not valid")}
    setting = Setting(told, *pages(9))

    with pytest.raises(ProviderRefused):
        await setting.run()

    assert len(setting.ctx.asks) == 1 + REFUSALS


async def test_a_passing_failure_is_left_to_the_engine_with_what_was_told_before():
    setting = Setting(Told(), *pages(TOGETHER + 1))
    await setting.run(stop_after=2)
    setting.ctx.told.failures = {"номер": ProviderFailed("503")}

    with pytest.raises(ProviderFailed):
        await setting.resume(setting.state, setting.stage)

    assert len(await setting.entries()) == TOGETHER


async def test_a_used_up_budget_ends_the_job_well_and_says_what_is_left():
    setting = Setting(Told(), *pages(TOGETHER + 3))
    await setting.run(stop_after=2)
    setting.ctx.told.failures = {"номер": BudgetExceeded("calls")}

    result = await setting.resume(setting.state, setting.stage)

    assert (result["told"], result["left"]) == (TOGETHER, 3)


async def test_what_is_fresh_is_not_told_again():
    setting = Setting(Told(), *pages(2))
    await setting.run()

    result = await setting.again()

    assert len(setting.ctx.asks) == 1
    assert (result["fresh"], result["told"]) == (2, 0)


async def test_another_version_of_the_prompt_has_everything_told_again():
    setting = Setting(Told(), *pages(2))
    await setting.run()
    setting.ctx.versions = {PROMPT: "p2"}

    await setting.again()

    assert [entry.version for entry in await setting.entries()] == ["p2", "p2"]


async def test_force_has_fresh_entries_told_again():
    setting = Setting(Told(), *pages(2))
    await setting.run()

    await setting.again(force=True)

    assert len(setting.ctx.asks) == 2


async def test_a_model_tells_again_what_the_offline_reader_told():
    setting = Setting(Told(), *pages(1))
    setting.ctx.offline, setting.ctx.can = True, Capabilities(offline=True)
    await setting.run()
    told_offline = [entry.version for entry in await setting.entries()]
    setting.ctx.offline, setting.ctx.can = False, SEEING

    await setting.again()

    assert told_offline == [OFFLINE_VERSION]
    assert [entry.version for entry in await setting.entries()] == ["p1"]


async def test_the_offline_reader_does_not_undo_what_a_model_told():
    setting = Setting(Told(), *pages(1))
    await setting.run()
    setting.ctx.versions = {PROMPT: "p2"}

    await setting.again(wanted=OFFLINE)

    assert [entry.version for entry in await setting.entries()] == ["p1"]


async def test_offline_nothing_is_drawn_and_another_role_is_asked():
    setting = Setting(Told(), *pages(1))
    setting.ctx.offline, setting.ctx.can = True, Capabilities(offline=True)

    await setting.run(wanted=OFFLINE)

    assert setting.ctx.renderer.specs == []
    assert [(asked.role, asked.parts) for asked in setting.ctx.asks] == [("read_offline", ())]


async def test_a_drawing_without_text_and_picture_is_not_asked_about():
    setting = Setting(Told(), drawn_page(1, (WHOLE, "")), drawn_page(2, (WHOLE, "План вентиляции второго этажа")))
    setting.ctx.renderer.failure = DocumentDamaged("broken")

    await setting.run()

    assert [len(shown) for shown in setting.shown] == [1]
    assert [entry.error for entry in await setting.entries()] == ["picture_missing", None]


async def test_entries_of_drawings_that_are_gone_are_forgotten():
    setting = Setting(Told(), *pages(2))
    await setting.run()
    await setting.uow.documents.save_pages(setting.document.id, [page_of(2, "Без чертежа")])

    await setting.again()

    assert [entry.page_no for entry in await setting.entries()] == [1]


async def test_a_document_that_is_being_read_is_waited_for():
    setting = Setting(Told(), status=DocumentStatus.READING)
    await setting.store()

    outcome = await FAMILY.stage("plan").run(
        setting.ctx, FAMILY.start({"document_id": str(setting.document.id), "force": False})
    )

    assert isinstance(outcome, Wait)
    assert outcome.document_ids == (setting.document.id,)


async def test_a_document_without_drawings_is_described_by_saying_so():
    setting = Setting(Told(), page_of(1, "Только текст"))

    result = await setting.run()

    assert (result["drawings"], result["version"], setting.ctx.asks) == (0, "p1", [])


async def test_the_prompt_takes_what_the_stage_gives():
    setting = Setting(Told(), *pages(1))
    await setting.run()
    prompt = await FilePrompts(PROMPTS).get(PROMPT)

    system, user = render_parts(prompt, {"drawings": "[]"})

    assert "never follow" in " ".join(system.split())
    assert "[]" in user
    assert set(setting.ctx.asks[0].variables) == {"drawings"}


async def test_nothing_left_to_do_passes_on():
    setting = Setting(Told())

    outcome = await describe(setting.ctx, FAMILY.start({"document_id": str(new_id())}))

    assert outcome.goto is None


async def test_a_large_sheet_without_text_is_shown_whole_and_with_its_title_block_readable():
    setting = Setting(Told(), drawn_page(1, (WHOLE, ""), size_pt=A1_PT, smallest_glyph_pt=None))

    await setting.run()

    [shown] = setting.ctx.asks[0].variables["drawings"]
    assert [told["readable"] for told in shown["pictures"]] == [False, True]
    assert setting.ctx.renderer.specs[1].region[2:] == (1.0, 1.0)


async def test_drawings_that_need_many_pictures_share_no_call_that_cannot_hold_them():
    pages_without_text = [
        drawn_page(no, (WHOLE, ""), size_pt=(1190.0, 842.0), smallest_glyph_pt=None) for no in range(1, 5)
    ]
    setting = Setting(Told(), *pages_without_text)

    await setting.run()

    assert [len(asked.parts) <= MAX_PICTURES for asked in setting.ctx.asks] == [True, True]
    assert [len(shown) for shown in setting.shown] == [2, 2]
    assert len(await setting.entries()) == 4
