"""Accepting a question or a file: what is written, and what is refused before anything is."""

from uuid import UUID

import msgspec
import pytest

from domain.chats import Chat, Question, Role, Scope
from domain.documents import Document, DocumentStatus, StoredFile
from domain.errors import NotFound
from domain.evidence import Region
from domain.ids import new_id
from domain.submission import SCOPE_WAIT_S, check_visible, submit_document, submit_question
from tests.fakes.unit_of_work import FakeUnitOfWork

OWN, OTHER = new_id(), new_id()


@pytest.fixture
def uow() -> FakeUnitOfWork:
    return FakeUnitOfWork()


@pytest.fixture
def chat_id(uow: FakeUnitOfWork) -> UUID:
    chat = Chat(id=new_id(), user_id=OWN, title="Чат")
    uow.chats.stored[chat.id] = chat
    return chat.id


@pytest.fixture
async def document_id(uow: FakeUnitOfWork) -> UUID:
    document = Document(id=new_id(), owner_id=OWN, name="План.pdf", status=DocumentStatus.READY)
    await uow.documents.add(document)
    return document.id


async def test_a_question_is_a_message_and_a_job_of_its_chat(uow: FakeUnitOfWork, chat_id: UUID) -> None:
    submitted = await submit_question(uow, user_id=OWN, chat_id=chat_id, content="Какой расход?", scope=Scope())

    assert uow.chats.messages == [submitted.message]
    assert uow.jobs.accepted == [submitted.job]
    message, job = submitted.message, submitted.job
    assert (message.role, message.content, message.job_id) == (Role.USER, "Какой расход?", job.id)
    assert (job.family, job.queue, job.chat_id, job.ordering_key) == ("analysis", "interactive", chat_id, chat_id)
    assert job.run_in_s == 0.0


async def test_the_job_holds_ids_and_not_the_text(uow: FakeUnitOfWork, chat_id: UUID) -> None:
    submitted = await submit_question(uow, user_id=OWN, chat_id=chat_id, content="Тайна", scope=None)

    question = msgspec.convert(submitted.job.payload, Question)
    assert (question.message_id, question.chat_id, question.scope) == (submitted.message.id, chat_id, None)
    assert "Тайна" not in str(submitted.job.payload)


async def test_a_question_whose_scope_is_not_told_is_held_back(uow: FakeUnitOfWork, chat_id: UUID) -> None:
    submitted = await submit_question(uow, user_id=OWN, chat_id=chat_id, content="Что там?", scope=None)

    assert submitted.job.run_in_s == SCOPE_WAIT_S


async def test_questions_of_a_chat_stand_in_line(uow: FakeUnitOfWork, chat_id: UUID) -> None:
    for content in ("Первый?", "Второй?"):
        await submit_question(uow, user_id=OWN, chat_id=chat_id, content=content, scope=Scope())

    assert [job.ordering_no for job in uow.jobs.accepted] == [1, 2]


@pytest.mark.parametrize(
    ("sides", "mode"), [("ab", "compare"), ("a", "simple"), ("b", "simple"), ("", "simple")], ids=lambda value: value
)
async def test_two_sides_make_a_comparison(
    uow: FakeUnitOfWork, chat_id: UUID, document_id: UUID, sides: str, mode: str
) -> None:
    scope = Scope(
        compare_document_ids_a=(document_id,) if "a" in sides else (),
        compare_document_ids_b=(document_id,) if "b" in sides else (),
    )

    submitted = await submit_question(uow, user_id=OWN, chat_id=chat_id, content="Что изменилось?", scope=scope)

    assert submitted.job.mode == mode


async def test_a_question_in_a_foreign_chat_writes_nothing(uow: FakeUnitOfWork, chat_id: UUID) -> None:
    with pytest.raises(NotFound):
        await submit_question(uow, user_id=OTHER, chat_id=chat_id, content="Что там?", scope=Scope())

    assert (uow.chats.messages, uow.jobs.accepted) == ([], [])


async def test_a_question_about_a_foreign_document_writes_nothing(
    uow: FakeUnitOfWork, chat_id: UUID, document_id: UUID
) -> None:
    uow.chats.stored[chat_id] = Chat(id=chat_id, user_id=OTHER, title="Чат")

    with pytest.raises(NotFound):
        await submit_question(
            uow, user_id=OTHER, chat_id=chat_id, content="Что там?", scope=Scope(document_ids=(document_id,))
        )

    assert (uow.chats.messages, uow.jobs.accepted) == ([], [])


async def test_everything_that_cannot_be_seen_is_named_by_its_place(uow: FakeUnitOfWork, document_id: UUID) -> None:
    missing = new_id()
    scope = Scope(
        document_ids=(document_id, missing),
        compare_document_ids_a=(missing,),
        compare_document_ids_b=(document_id, document_id, missing),
    )
    regions = [Region(document_id=missing, page_no=1), Region(document_id=document_id, page_no=1)]

    with pytest.raises(NotFound) as refused:
        await check_visible(uow, OWN, scope, regions)

    assert [fault.path for fault in refused.value.faults] == [
        "$.document_ids[1]",
        "$.compare_document_ids_a[0]",
        "$.compare_document_ids_b[2]",
        "$.regions[0].document_id",
    ]


async def test_a_document_granted_to_the_user_may_be_asked_about(uow: FakeUnitOfWork, document_id: UUID) -> None:
    uow.documents.grants[OTHER] = {document_id}

    await check_visible(uow, OTHER, Scope(document_ids=(document_id,)))


@pytest.mark.parametrize("scope", [None, Scope(), Scope(document_ids=())])
async def test_a_scope_that_names_nothing_is_always_visible(uow: FakeUnitOfWork, scope: Scope | None) -> None:
    await check_visible(uow, OTHER, scope)


async def test_a_file_becomes_a_document_and_a_job_that_reads_it(uow: FakeUnitOfWork) -> None:
    file = StoredFile(
        id=new_id(), owner_id=OWN, filename="План.pdf", mime_type="application/pdf", size_bytes=5, sha256="ab" * 32
    )

    document, job = await submit_document(uow, file)

    assert uow.documents.stored[document.id] == document
    assert (document.owner_id, document.name, document.file_id, document.sha256) == (
        OWN,
        "План.pdf",
        file.id,
        "ab" * 32,
    )
    assert (document.status, document.job_id) == (DocumentStatus.READING, job.id)
    assert (job.family, job.queue, job.document_id, job.user_id) == ("ingest", "background", document.id, OWN)
    assert job.payload == {"document_id": str(document.id), "mode": "file"}
