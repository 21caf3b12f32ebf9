"""Compare mode: two sets searched and read apart, their page diff as evidence, every difference with its side."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.answers import Intent, ReplyCitation
from domain.chats import Scope
from domain.documents import Block, BlockKind, DocumentStatus, PageContent
from domain.errors import DocumentDamaged, DomainError, Unavailable
from domain.events import EventType
from domain.families.analysis.differ import differ
from domain.families.analysis.replies import CollectReply, CompareReply, ReplyDifference
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.revisions.types import PageDrawing, PictureDifference
from domain.stage import Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.provider import said, said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask, AskModel
from tests.unit.analysis.test_family import offline_asker, run

SAME = "Монтаж воздуховодов вести по серии 5.904-1"
TABLE = "| Поз. | Наименование | Кол. |\n|---|---|---|\n| 1 | Клапан КПУ-1 | {} |\n| 2 | Решётка АМН | 12 |"
EARLIER = (SAME, "Расход П1 4200 м³/ч", TABLE.format(3))
LATER = (SAME, "Расход П1 4500 м³/ч", TABLE.format(5))
QUESTION = "Что изменилось?"


class NoDrawings:
    def __init__(self, failure: DomainError | None = None) -> None:
        self._failure = failure

    async def read_drawing(self, sha256: str, page_no: int) -> PageDrawing:
        if self._failure is not None:
            raise self._failure
        return PageDrawing()


class SameSheets:
    async def compare(self, earlier: str, later: str, px_per_mm: float) -> PictureDifference:
        return PictureDifference(regions=(), overlay_digest="0f" * 32)


@pytest.fixture
async def scope(uow: FakeUnitOfWork, user_id: UUID) -> Scope:
    a = await add_document(uow, user_id, "изм. 1.pdf", page_of(1, *EARLIER))
    b = await add_document(uow, user_id, "изм. 2.pdf", page_of(1, *LATER))
    return Scope(compare_document_ids_a=(a.id,), compare_document_ids_b=(b.id,))


async def compared(ctx: FakeStageContext, state: AnalysisState) -> AnalysisState:
    ctx.reader = ctx.reader or NoDrawings()
    for stage in (search, differ):
        outcome: Any = await stage(ctx, state)
        assert isinstance(outcome, Next)
        state = outcome.state
    return state


def reply_of(*evidence_a: str, evidence_b: tuple[str, ...] = (), **fields: Any) -> CompareReply:
    item = ReplyDifference(
        item="Расход П1",
        before="4200 м³/ч",
        after="4500 м³/ч",
        evidence_a=tuple(ReplyCitation(block_id=ref) for ref in evidence_a),
        evidence_b=tuple(ReplyCitation(block_id=ref) for ref in evidence_b),
    )
    return CompareReply(answer_markdown="Расход П1 вырос.", diff=(item,), **fields)


def change_with(state: AnalysisState, before: str) -> Any:
    assert state.differences is not None
    return next(change for change in state.differences.changes if change.before == before)


async def test_both_sets_are_searched_apart_and_equal_blocks_keep_their_side(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    state = await compared(FakeStageContext(uow, user_id), ask(QUESTION, scope=scope))

    same = page_of(1, SAME).blocks[0].id
    assert {f"A:{same}", f"B:{same}"} <= {material.ref for material in state.materials}
    by_side = {side: {m.document_name for m in state.materials if m.side == side} for side in ("A", "B")}
    assert by_side == {"A": {"изм. 1.pdf"}, "B": {"изм. 2.pdf"}}


async def test_the_page_diff_names_values_and_table_cells_with_their_places(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    state = await compared(FakeStageContext(uow, user_id), ask(QUESTION, scope=scope))

    cell = change_with(state, "3")
    assert (cell.after, cell.change_class.value) == ("5", "table_cell")
    assert "КПУ-1" in cell.place
    assert cell.a.boxes
    assert cell.b.boxes
    assert cell.b.block_id == page_of(1, *LATER).blocks[2].id
    assert state.differences is not None
    assert (state.differences.total, state.differences.text_pages) == (2, 1)


async def test_a_model_sees_labels_changes_and_ids_with_sides(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, scope: Scope
) -> None:
    nothing = said_json(CollectReply(selected_blocks=()))
    ctx = ask_model(
        said_json(Intent()), nothing, nothing, said_json(reply_of("A:D1", evidence_b=("B:D1",))), images=False
    )
    ctx.reader = NoDrawings()

    finished = await run(ctx, ask(QUESTION, scope=scope))

    asked = ctx.asks[-1]
    assert (asked.prompt, asked.role, asked.stream_field) == ("analysis/compare", "pro", "answer_markdown")
    assert asked.variables["documents"] == ["[DOC_A: изм. 1.pdf]", "[DOC_B: изм. 2.pdf]"]
    assert {shown["document"] for shown in asked.variables["materials"]} == {*asked.variables["documents"]}
    assert [call.variables["side"] for call in ctx.asks[1:3]] == ["A", "B"]
    assert {line["A"]["id"] for line in asked.variables["differences"]["changes"]} == {"A:D1", "A:D2"}
    [item] = finished.result["answer"]["diff"]
    assert [citation["document_name"] for citation in item["evidence"]] == ["изм. 1.pdf", "изм. 2.pdf"]
    assert all(citation["boxes"] for citation in item["evidence"])


async def test_a_citation_on_the_wrong_side_is_dropped_and_told(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, scope: Scope
) -> None:
    nothing = said_json(CollectReply(selected_blocks=()))
    wrong = reply_of("B:D1", evidence_b=("B:D1",))
    ctx = ask_model(said_json(Intent()), nothing, nothing, said_json(wrong), images=False)
    ctx.reader = NoDrawings()

    finished = await run(ctx, ask(QUESTION, scope=scope))

    [item] = finished.result["answer"]["diff"]
    assert [citation["document_name"] for citation in item["evidence"]] == ["изм. 2.pdf"]
    assert "citation_wrong_side" in [payload["code"] for payload in ctx.payloads(EventType.WARNING)]


async def test_an_id_without_its_side_is_of_neither(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, scope: Scope
) -> None:
    nothing = said_json(CollectReply(selected_blocks=()))
    bare = (ReplyCitation(block_id=page_of(1, SAME).blocks[0].id),)
    ctx = ask_model(said_json(Intent()), nothing, nothing, said_json(reply_of("A:D1", citations=bare)), images=False)
    ctx.reader = NoDrawings()

    finished = await run(ctx, ask(QUESTION, scope=scope))

    assert finished.result["answer"]["citations"] == ()
    assert "citation_dropped" in [payload["code"] for payload in ctx.payloads(EventType.WARNING)]


async def test_a_reply_without_differences_is_repaired_once(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, scope: Scope
) -> None:
    nothing = said_json(CollectReply(selected_blocks=()))
    without = said('{"citations": [], "answer_markdown": "Без сравнения.", "diff": []}')
    repaired = said_json(reply_of("A:D1"))
    ctx = ask_model(said_json(Intent()), nothing, nothing, without, repaired, images=False)
    ctx.reader = NoDrawings()

    finished = await run(ctx, ask(QUESTION, scope=scope))

    assert finished.result["answer"]["text"].startswith("Расход П1 вырос.")
    assert ctx.snapshot().answer == finished.text


async def test_values_of_changes_are_verified_on_their_own_side(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, scope: Scope
) -> None:
    state = await compared(FakeStageContext(uow, user_id), ask(QUESTION, scope=scope))
    number = change_with(state, "4200").number
    citations = (
        ReplyCitation(block_id=f"A:D{number}", quote="4200"),
        ReplyCitation(block_id=f"B:D{number}", quote="4500"),
    )
    told = msgspec.structs.replace(
        reply_of(f"A:D{number}", evidence_b=(f"B:D{number}",), citations=citations),
        answer_markdown="Было: расход П1 4200 м³/ч [1]. Стало: расход П1 4500 м³/ч [2]. Или расход П1 4900 м³/ч [2].",
    )
    nothing = said_json(CollectReply(selected_blocks=()))
    ctx = ask_model(said_json(Intent()), nothing, nothing, said_json(told), images=False)
    ctx.reader = NoDrawings()

    answer = (await run(ctx, ask(QUESTION, scope=scope))).result["answer"]

    verdicts = {claim["text"]: claim["verdict"] for claim in answer["claims"]}
    assert (verdicts["4200 м³/ч"], verdicts["4500 м³/ч"]) == ("found", "found")
    assert verdicts["4900 м³/ч"] != "found"
    assert [citation["quote"] for citation in answer["citations"]] == ["4200", "4500"]


async def test_offline_the_changes_are_listed_with_both_places(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    asker, _ = offline_asker()
    ctx = FakeStageContext(uow, user_id, asker=asker)
    ctx.reader = NoDrawings()

    answer = (await run(ctx, ask(QUESTION, scope=scope))).result["answer"]

    assert "«4200»" in answer["text"]
    assert "«4500»" in answer["text"]
    assert len(answer["citations"]) == 4
    assert {item["before"] for item in answer["diff"]} == {"4200", "3"}


async def test_offline_a_question_about_one_thing_names_its_change_alone(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    asker, _ = offline_asker()
    ctx = FakeStageContext(uow, user_id, asker=asker)
    ctx.reader = NoDrawings()

    answer = (await run(ctx, ask("Что изменилось у клапана КПУ-1?", scope=scope))).result["answer"]

    assert [item["after"] for item in answer["diff"]] == ["5"]


async def test_offline_sets_of_several_documents_are_read_side_by_side(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    third = await add_document(uow, user_id, "АР.pdf", page_of(1, "Расход П1 4800 м³/ч"))
    more = msgspec.structs.replace(scope, compare_document_ids_b=(*scope.compare_document_ids_b, third.id))
    asker, _ = offline_asker()
    ctx = FakeStageContext(uow, user_id, asker=asker)

    answer = (await run(ctx, ask("Какой расход П1?", scope=more))).result["answer"]

    assert "DOC_A" in answer["text"]
    assert {"изм. 1.pdf"} < {citation["document_name"] for citation in answer["citations"]}


@pytest.mark.parametrize("failure", [DocumentDamaged("broken"), Unavailable("busy")], ids=["damaged", "unavailable"])
async def test_a_drawing_that_cannot_be_read_leaves_the_words_compared(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope, failure: DomainError
) -> None:
    ctx = FakeStageContext(uow, user_id)
    ctx.reader = NoDrawings(failure)

    state = await compared(ctx, ask(QUESTION, scope=scope))

    assert state.differences is not None
    assert (state.differences.total, state.differences.drawn_pages) == (2, 0)


async def test_without_one_side_there_is_nothing_to_compare_and_no_model_is_asked(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    bad = await add_document(uow, user_id, "bad.pdf", status=DocumentStatus.FAILED, error_ru="Файл повреждён.")
    asker, log = offline_asker()

    finished = await run(
        FakeStageContext(uow, user_id, asker=asker),
        ask(QUESTION, scope=msgspec.structs.replace(scope, compare_document_ids_b=(bad.id,))),
    )

    assert finished.text is not None
    assert finished.text.startswith("Сравнивать нечего: в наборе B")
    assert "bad.pdf" in finished.text
    assert [call.request.purpose for call in log.calls] == ["analysis/classify"]


async def test_a_document_is_not_compared_with_itself(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, scope: Scope
) -> None:
    twice = msgspec.structs.replace(scope, compare_document_ids_b=scope.compare_document_ids_a)
    asker, _ = offline_asker()

    finished = await run(FakeStageContext(uow, user_id, asker=asker), ask(QUESTION, scope=twice))

    assert finished.text is not None
    assert finished.text.startswith("Сравнивать нечего")


async def test_different_sheets_are_no_revisions_of_one_another(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    plan = await add_document(uow, user_id, "План.pdf", page_of(1, "Кабинет 201 Клапан КПУ-1 400×300", sheet="2"))
    listed = await add_document(uow, user_id, "С.pdf", page_of(1, "Позиция Масса Клапан КПУ-1 400×250", sheet="2"))
    scope = Scope(compare_document_ids_a=(plan.id,), compare_document_ids_b=(listed.id,))

    state = await compared(FakeStageContext(uow, user_id), ask(QUESTION, scope=scope))

    assert state.differences is None


async def test_many_changes_keep_the_state_small_and_are_counted(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    rows = [f"Позиция {n} решётка приточная РВ-{n} завода {n}А регулятор {n}Р код {n}К {n}00 шт." for n in range(300)]
    later = [row.replace("00 шт.", "50 шт.") for row in rows]
    a = await add_document(uow, user_id, "a.pdf", *[page_of(n + 1, *rows[n * 50 : n * 50 + 50]) for n in range(6)])
    b = await add_document(uow, user_id, "b.pdf", *[page_of(n + 1, *later[n * 50 : n * 50 + 50]) for n in range(6)])
    scope = Scope(compare_document_ids_a=(a.id,), compare_document_ids_b=(b.id,))

    state = await compared(FakeStageContext(uow, user_id), ask(QUESTION, scope=scope))

    assert state.differences is not None
    assert state.differences.total > len(state.differences.changes) > 20
    assert len(msgspec.json.encode(state.differences)) < 45_000


async def test_a_scan_of_a_sheet_does_not_make_all_its_words_new(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    page = page_of(1, *LATER)
    picture = Block(id="SCAN-SCAN-SCA", page_no=1, block_no=0, kind=BlockKind.IMAGE, content="", box=(0, 0, 1, 1))
    scan = await add_document(uow, user_id, "скан.pdf", PageContent(page=page.page, blocks=(picture,)))
    later = await add_document(uow, user_id, "изм. 2.pdf", page)
    scope = Scope(compare_document_ids_a=(scan.id,), compare_document_ids_b=(later.id,))
    ctx = FakeStageContext(uow, user_id)
    ctx.comparer = SameSheets()

    state = await compared(ctx, ask(QUESTION, scope=scope))

    assert state.differences is not None
    assert (state.differences.changes, state.differences.seen_pages) == ((), 1)
