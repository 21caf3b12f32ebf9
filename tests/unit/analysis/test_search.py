"""The stage `search`: scope, waiting, materials, evidence."""

from uuid import UUID

import msgspec
import pytest

from domain.answers import Intent
from domain.chats import Scope
from domain.documents import DocumentStatus, Recognition, RecognitionState
from domain.events import EventType
from domain.evidence import Region
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.ids import new_id
from domain.stage import Next, Wait
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
OTHER = "Лестничная клетка отделана плиткой."


async def found(ctx: FakeStageContext, state: AnalysisState, text: str = "Какой расход воздуха у П1?") -> AnalysisState:
    outcome = await search(ctx, msgspec.structs.replace(state, text=text))
    assert isinstance(outcome, Next)
    return outcome.state


async def test_the_documents_of_the_message_come_before_those_of_the_chat(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    named = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    other = await add_document(uow, user_id, "b.pdf", page_of(1, FLOW))
    ctx = FakeStageContext(uow, user_id)

    state = await found(ctx, ask("?", scope=Scope(document_ids=(named.id,)), chat_documents=(other.id,)))

    assert [document.id for document in state.documents] == [named.id]


async def test_without_documents_of_the_message_those_of_the_chat_are_asked(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    chosen = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    await add_document(uow, user_id, "b.pdf", page_of(1, FLOW))

    state = await found(
        FakeStageContext(uow, user_id), ask("?", scope=Scope(document_ids=()), chat_documents=(chosen.id,))
    )

    assert [document.id for document in state.documents] == [chosen.id]


async def test_without_any_choice_all_visible_documents_are_asked_and_no_others(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    own = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    await add_document(uow, new_id(), "foreign.pdf", page_of(1, FLOW))

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert [document.id for document in state.documents] == [own.id]


async def test_foreign_documents_are_counted_as_lost_not_read(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    foreign = await add_document(uow, new_id(), "foreign.pdf", page_of(1, FLOW))

    state = await found(FakeStageContext(uow, user_id), ask("?", scope=Scope(document_ids=(foreign.id,))))

    assert (state.documents, state.materials, state.lost_documents) == ((), (), 1)


async def test_documents_still_being_read_are_waited_for(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    reading = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW), status=DocumentStatus.READING)
    state = ask("?")

    outcome = await search(FakeStageContext(uow, user_id), state)

    assert outcome == Wait(
        state=state,
        document_ids=(reading.id,),
        reason={
            "kind": "documents",
            "documents": [{"document_id": str(reading.id), "name": "a.pdf", "pages_done": 1, "page_count": 1}],
        },
    )


async def test_a_document_whose_scans_are_being_recognised_is_waited_for(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    recognition = Recognition(state=RecognitionState.PENDING, pages=4, pages_done=1, pages_left=3)
    await uow.documents.set_recognition(document.id, recognition)

    outcome = await search(FakeStageContext(uow, user_id), ask("?"))

    assert isinstance(outcome, Wait)
    assert outcome.document_ids == (document.id,)
    assert outcome.reason["documents"][0]["recognition"] == {"pages_done": 1, "pages": 4}


@pytest.mark.parametrize("ended", ["failed", "cancelled", "done"])
async def test_pages_that_stay_without_text_are_kept_to_be_named(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ended: str
) -> None:
    document = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    recognition = Recognition(state=RecognitionState(ended), pages=4, pages_left=3, error_ru="Нечем.", error_en="None.")
    await uow.documents.set_recognition(document.id, recognition)

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert [(one.name, one.pages_without_text, one.reason_ru) for one in state.unread] == [("a.pdf", 3, "Нечем.")]
    assert [one.id for one in state.documents] == [document.id]
    assert state.materials


async def test_failed_documents_are_kept_to_be_named(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    await add_document(uow, user_id, "bad.pdf", status=DocumentStatus.FAILED, error_ru="Файл повреждён.")

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert [(document.name, document.reason_ru) for document in state.unread] == [("bad.pdf", "Файл повреждён.")]
    assert state.materials == ()


async def test_the_question_and_the_intents_queries_are_searched(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    ctx = FakeStageContext(uow, user_id)
    state = msgspec.structs.replace(ask("?"), intent=Intent(search_queries=("air flow", " ")))

    await found(ctx, state, "Какой расход?")

    assert ctx.search.queries == [
        ("block", "Какой расход?"),
        ("page", "Какой расход?"),
        ("block", "air flow"),
        ("page", "air flow"),
    ]


async def test_found_blocks_are_materials_and_evidence(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "a.pdf", page_of(1, OTHER), page_of(2, OTHER, FLOW, sheet="5"))
    ctx = FakeStageContext(uow, user_id)

    state = await found(ctx, ask("?"))

    best = max(state.materials, key=lambda material: material.score)
    [event] = ctx.payloads(EventType.EVIDENCE_FOUND)
    assert (best.page_no, best.sheet, best.document_name) == (2, "лист 5 (стр. 2)", "a.pdf")
    assert event["items"] == [
        {
            "document_id": str(document.id),
            "document_name": "a.pdf",
            "page_no": 2,
            "sheet": "лист 5 (стр. 2)",
            "block_id": best.block_id,
            "snippet": FLOW,
        }
    ]


async def test_a_small_scope_is_shown_whole(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    await add_document(uow, user_id, "a.pdf", page_of(1, "Общие данные"), page_of(2, FLOW))

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert [material.page_no for material in state.materials] == [1, 2]


async def test_without_a_hit_the_openings_are_shown_but_are_no_evidence(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    await add_document(uow, user_id, "a.pdf", *(page_of(number, f"Страница {number}") for number in range(1, 12)))
    ctx = FakeStageContext(uow, user_id)

    state = await found(ctx, ask("?"), "О чём этот документ?")

    assert [material.page_no for material in state.materials] == [1, 2]
    assert ctx.payloads(EventType.EVIDENCE_FOUND) == []


async def test_equal_files_keep_their_blocks_apart(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    one = await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    two = await add_document(uow, user_id, "b.pdf", page_of(1, FLOW))

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    block_id = state.materials[0].block_id
    assert {material.ref for material in state.materials} == {block_id, f"{block_id}@2"}
    assert {material.document_id for material in state.materials} == {one.id, two.id}


async def test_what_the_user_points_at_comes_first(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    pages = [page_of(number, FLOW, OTHER) for number in range(1, 12)]
    document = await add_document(uow, user_id, "a.pdf", *pages)
    pointed = pages[8].blocks[1]
    state = ask("?")
    region = Region(document_id=document.id, page_no=9, box=pointed.box)
    state = msgspec.structs.replace(state, question=msgspec.structs.replace(state.question, regions=(region,)))

    state = await found(FakeStageContext(uow, user_id), state)

    assert max(state.materials, key=lambda material: material.score).block_id == pointed.id


async def test_no_documents_at_all_is_no_failure(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert (state.documents, state.materials) == ((), ())


async def test_the_state_stays_small(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    long = [f"{FLOW} {'слово ' * 600}{number}" for number in range(60)]
    await add_document(uow, user_id, "a.pdf", *(page_of(number + 1, text) for number, text in enumerate(long)))

    state = await found(FakeStageContext(uow, user_id), ask("?"))

    assert len(msgspec.json.encode(state)) < 64 * 1024
