"""The block index in answers: collectors are shown it to choose by; nothing else of an answer ever sees it."""

from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Intent, ReplyCitation
from domain.chats import Settings
from domain.documents import PageContent
from domain.drawings import Drawing, SystemCode
from domain.families.analysis.collect import collect
from domain.families.analysis.replies import CollectReply
from domain.families.analysis.rules_register import MAX_ENTRIES, listed_entries
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState
from domain.stage import Next
from tests.fakes.drawing_pages import drawn_page
from tests.fakes.pages import add_document, page_of
from tests.fakes.provider import said_json
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask, AskModel
from tests.unit.analysis.test_family import run

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
QUESTION = "Какой расход у П1?"
TITLE = "План вентиляции, как его назвала модель"
FAR = 40


@pytest.fixture(autouse=True)
def complex_user(uow: FakeUnitOfWork) -> None:
    uow.users.user_settings = Settings(model_profile="complex")


async def large_document(uow: FakeUnitOfWork, user_id: UUID) -> tuple[UUID, PageContent, PageContent]:
    """A document too large to be shown whole: the answer stands on page 1, a drawing without text far behind."""
    first = page_of(1, FLOW)
    fillers = [page_of(no, f"Страница {no} о другом") for no in range(2, FAR)]
    sheet = drawn_page(FAR, ((0.1, 0.1, 0.9, 0.9), ""))
    document = await add_document(uow, user_id, "ОВ.pdf", first, *fillers, sheet)
    entry = Drawing(
        block_id=sheet.blocks[0].id,
        page_no=FAR,
        title=TITLE,
        discipline="ventilation",
        floor_or_section="2 этаж",
        system_codes=(SystemCode(code="П1", seen_only=True),),
    )
    await uow.drawings.save(document.id, [entry])
    return document.id, first, sheet


async def searched(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> AnalysisState:
    state = msgspec.structs.replace(ask(QUESTION), text=QUESTION, settings=Settings(model_profile="complex"))
    outcome = await search(FakeStageContext(uow, user_id), state)
    assert isinstance(outcome, Next)
    return outcome.state


async def test_a_collector_is_shown_the_register_and_may_choose_a_sheet_it_was_not_shown(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    _, _, sheet = await large_document(uow, user_id)
    wanted = sheet.blocks[0].id
    ctx = FakeStageContext(uow, user_id, CollectReply(selected_blocks=(wanted,), requested_images=(wanted,)))

    outcome = await collect(ctx, await searched(uow, user_id, ask))

    shown = ctx.asks[0].variables
    [entry] = shown["drawings"]
    assert (entry["block_id"], entry["title"], entry["system_codes"]) == (wanted, TITLE, ["П1"])
    assert wanted not in {block["block_id"] for block in shown["materials"]}
    [collected] = outcome.state.collected
    assert collected.block_ids == (wanted,)
    assert [place.block_id for place in collected.places] == [wanted]


async def test_a_register_that_cannot_be_read_stops_no_collector(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    await large_document(uow, user_id)
    uow.drawings.is_broken = True
    ctx = FakeStageContext(uow, user_id, CollectReply(selected_blocks=()))

    outcome = await collect(ctx, await searched(uow, user_id, ask))

    assert ctx.asks[0].variables["drawings"] == []
    assert [collected.is_failed for collected in outcome.state.collected] == [False]


async def test_the_answering_model_and_the_claims_never_see_what_the_register_says(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel
) -> None:
    _, first, sheet = await large_document(uow, user_id)
    drawn, text = sheet.blocks[0].id, first.blocks[0].id
    answer = AnswerReply(
        citations=(ReplyCitation(block_id=text, quote=FLOW), ReplyCitation(block_id=drawn, quote=TITLE)),
        answer_markdown="Расход П1 — 4200 м³/ч [1].",
    )
    ctx = ask_model(
        said_json(Intent()), said_json(CollectReply(selected_blocks=(text, drawn))), said_json(answer), images=False
    )

    finished = await run(ctx, ask(QUESTION))

    assert TITLE in str(ctx.asks[1].variables)
    assert TITLE not in str(ctx.asks[2].variables)
    quotes = [citation["quote"] for citation in finished.result["answer"]["citations"] if citation["block_id"] == drawn]
    assert TITLE not in quotes


def test_of_many_entries_those_that_share_words_with_the_question_are_listed_in_the_order_of_pages() -> None:
    entries = [Drawing(block_id=f"B{no}", page_no=no, title=f"Разрез {no}") for no in range(1, 60)]
    entries[50] = Drawing(block_id="B51", page_no=51, title="План вентиляции")

    listed = listed_entries(entries, "Где вентиляция второго этажа?", [])

    assert len(listed) == MAX_ENTRIES
    assert listed[-1].title == "План вентиляции"
    assert [entry.page_no for entry in listed] == sorted(entry.page_no for entry in listed)
