"""The stage `answer`."""

from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, ReplyCitation, ReplyIssue
from domain.chats import Message, Role, Settings
from domain.errors import BudgetExceeded
from domain.events import EventType
from domain.families.analysis.answer import answer
from domain.families.analysis.rules_wording import notes
from domain.families.analysis.search import search
from domain.families.analysis.types import AnalysisState, UnreadDocument
from domain.ids import new_id
from domain.roles import RolePrompt
from domain.stage import Next
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

FLOW = "Расход воздуха установки П1 составляет 4200 м³/ч."
UNREAD = UnreadDocument(id=new_id(), name="bad.pdf", reason_ru="Файл повреждён.", reason_en="The file is damaged.")


async def prepared(uow: FakeUnitOfWork, user_id: UUID, ask: Ask, text: str = "Какой расход у П1?") -> AnalysisState:
    """A state after `search` over one document of one block."""
    await add_document(uow, user_id, "a.pdf", page_of(1, FLOW))
    outcome = await search(FakeStageContext(uow, user_id), msgspec.structs.replace(ask(text), text=text))
    assert isinstance(outcome, Next)
    return outcome.state


def reply_of(state: AnalysisState, *block_ids: str, text: str = "Расход П1 — 4200 м³/ч [1].") -> AnswerReply:
    shown = block_ids or (state.materials[0].ref,)
    citations = tuple(ReplyCitation(block_id=block_id, quote="составляет 4200 м³/ч") for block_id in shown)
    return AnswerReply(citations=citations, answer_markdown=text)


async def test_the_model_sees_the_blocks_the_question_and_the_documents(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await prepared(uow, user_id, ask)
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    await answer(ctx, state)

    [asked] = ctx.asks
    assert (asked.role, asked.prompt, asked.schema) == ("flash", "analysis/answer", AnswerReply)
    assert asked.stream_field == "answer_markdown"
    assert asked.variables["question"] == "Какой расход у П1?"
    assert asked.variables["documents"] == ["a.pdf"]
    [shown] = asked.variables["materials"]
    assert shown == {
        "block_id": state.materials[0].ref,
        "document": "a.pdf",
        "place": "стр. 1",
        "kind": "text",
        "content": FLOW,
    }


async def test_the_chosen_role_really_goes_into_the_prompt(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    role = RolePrompt(id=2, version=1, name="Экономист", content="Называй стоимость.", focus=("цена",))
    state = msgspec.structs.replace(state, role=role)
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    await answer(ctx, state)

    assert ctx.asks[0].variables["role"] == {
        "name": "Экономист",
        "wishes": "Называй стоимость.",
        "looks_for": ["цена"],
    }


@pytest.mark.parametrize(("profile", "role"), [("simple", "flash"), ("complex", "pro")], ids=["simple", "complex"])
async def test_the_chosen_profile_decides_which_model_answers(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, profile: str, role: str
) -> None:
    state = await prepared(uow, user_id, ask)
    state = msgspec.structs.replace(state, settings=Settings(model_profile=profile))
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    await answer(ctx, state)

    assert ctx.asks[0].role == role


async def test_the_message_that_is_replied_to_is_the_last_of_the_history(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await prepared(uow, user_id, ask)
    chat_id = state.question.chat_id
    old = Message(id=new_id(), chat_id=chat_id, role=Role.ASSISTANT, content="Давний ответ")
    state = msgspec.structs.replace(state, replied=old)
    uow.chats.messages.insert(0, Message(id=new_id(), chat_id=chat_id, role=Role.USER, content="Недавнее"))
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    await answer(ctx, state)

    assert [message["content"] for message in ctx.asks[0].variables["history"]] == ["Недавнее", "Давний ответ"]


async def test_the_newest_messages_before_the_question_are_its_history(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await prepared(uow, user_id, ask)
    chat_id = state.question.chat_id
    uow.chats.messages[:0] = [
        Message(id=new_id(), chat_id=chat_id, role=Role.USER, content="старое " * 3000),
        Message(id=new_id(), chat_id=chat_id, role=Role.ASSISTANT, content="Ответ"),
    ]
    uow.chats.messages.append(Message(id=new_id(), chat_id=chat_id, role=Role.USER, content="позже"))
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    await answer(ctx, state)

    assert ctx.asks[0].variables["history"] == [{"role": "assistant", "content": "Ответ"}]


async def test_citations_become_places_and_the_structure_is_kept(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    issue = ReplyIssue(issue_type="contradiction", description="Расход указан дважды")
    ctx = FakeStageContext(uow, user_id, msgspec.structs.replace(reply_of(state), issues=(issue,)))

    outcome = await answer(ctx, state)

    stored = outcome.state.answer
    [citation] = stored.citations
    assert (citation.page_no, citation.quote, len(citation.boxes)) == (1, "составляет 4200 м³/ч", 1)
    assert [issue.description for issue in stored.issues] == ["Расход указан дважды"]
    assert (stored.model, stored.offline) == ("fake:model", False)
    assert outcome.state.checked_chars == len(stored.text)


async def test_an_invented_id_is_dropped_and_never_shown(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    ctx = FakeStageContext(uow, user_id, reply_of(state, "ZZZZ-ZZZZ-ZZZ", state.materials[0].ref, text="Так [1][2]."))

    outcome = await answer(ctx, state)

    assert [citation.number for citation in outcome.state.answer.citations] == [2]
    [warning] = ctx.payloads(EventType.WARNING)
    assert (warning["code"], warning["number"]) == ("citation_dropped", 1)
    assert "ZZZZ-ZZZZ-ZZZ" not in str(ctx.events)


async def test_a_quote_that_is_not_there_is_told(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    reply = AnswerReply(
        citations=(ReplyCitation(block_id=state.materials[0].ref, quote="составляет 4300 м³/ч"),),
        answer_markdown="Так [1].",
    )
    ctx = FakeStageContext(uow, user_id, reply)

    outcome = await answer(ctx, state)

    assert [payload["code"] for payload in ctx.payloads(EventType.WARNING)] == ["quote_not_found"]
    assert outcome.state.answer.citations[0].quote == ""


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("ru", "Не прочитаны страницы без текста в «bad.pdf» (3) — файл повреждён."),
        ("en", "Pages without text of “bad.pdf” were not read (3) — the file is damaged."),
    ],
)
def test_pages_without_text_are_named_below_the_answer(language: str, line: str) -> None:
    lost = msgspec.structs.replace(UNREAD, pages_without_text=3)

    assert notes(language, [lost], 0, False) == line


async def test_unread_documents_are_named_below_the_answer(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = msgspec.structs.replace(await prepared(uow, user_id, ask), unread=(UNREAD,), lost_documents=2)
    ctx = FakeStageContext(uow, user_id, reply_of(state))

    outcome = await answer(ctx, state)

    text = outcome.state.answer.text
    assert text == (
        "Расход П1 — 4200 м³/ч [1].\n\n"
        "Не прочитан: «bad.pdf» — файл повреждён.\n\n"
        "Документов, которые больше не доступны: 2."
    )
    assert ctx.snapshot().answer == text
    assert outcome.state.checked_chars == len("Расход П1 — 4200 м³/ч [1].")


async def test_an_offline_answer_says_so_in_its_last_line(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    ctx = FakeStageContext(uow, user_id, reply_of(state))
    ctx.offline = True

    outcome = await answer(ctx, state)

    assert outcome.state.answer.offline
    assert outcome.state.answer.text.splitlines()[-1] == "_Прочитано без модели._"


async def test_without_documents_the_answer_says_so_and_no_model_is_asked(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = FakeStageContext(uow, user_id)

    outcome = await answer(ctx, ask("Какой расход?"))

    assert ctx.asks == []
    assert outcome.state.answer.text == ctx.snapshot().answer
    assert outcome.state.answer.text.startswith("Нет документов")


async def test_when_no_document_could_be_read_the_answer_names_them(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    ctx = FakeStageContext(uow, user_id)

    outcome = await answer(ctx, msgspec.structs.replace(ask("What?"), unread=(UNREAD,), language="en"))

    assert outcome.state.answer.text == (
        "None of the documents could be read, so the question cannot be answered.\n\n"
        "Not read: “bad.pdf” — the file is damaged."
    )


async def test_a_used_up_budget_gives_the_places_found_and_says_so(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    state = await prepared(uow, user_id, ask)
    ctx = FakeStageContext(uow, user_id, BudgetExceeded())

    outcome = await answer(ctx, state)

    stored = outcome.state.answer
    assert stored.text.startswith("Бюджет этого вопроса исчерпан")
    assert stored.text.endswith("«Расход воздуха установки П1 составляет 4200 м³/ч.» — a.pdf, стр. 1 [1]")
    assert (len(stored.citations), stored.needs_more_evidence) == (1, True)


async def test_text_streamed_by_an_earlier_attempt_is_reset_first(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    state = await prepared(uow, user_id, ask)
    ctx = FakeStageContext(uow, user_id, reply_of(state))
    await ctx.write_answer("Половина прежнего")

    outcome = await answer(ctx, state)

    assert ctx.snapshot().answer == outcome.state.answer.text
