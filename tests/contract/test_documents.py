"""The documents repository: the fake and PostgreSQL behave alike."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from domain.documents import Document, DocumentStatus, Recognition, RecognitionState
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from domain.jobs import JobError
from storage.uow import Database
from tests.fakes.pages import page_of
from tests.fakes.unit_of_work import FakeUnitOfWork

MakeUow = Callable[[], Any]


@pytest.fixture(params=["fake", "postgres"])
def make_uow(request: pytest.FixtureRequest) -> MakeUow:
    if request.param == "fake":
        uow = FakeUnitOfWork()
        return lambda: uow
    return request.getfixturevalue("database").uow


@pytest.fixture
async def owner_id(request: pytest.FixtureRequest, make_uow: MakeUow) -> UUID:
    if isinstance(make_uow(), FakeUnitOfWork):
        return new_id()
    async with make_uow() as uow:
        user = await uow.users.add("owner", "user")
        await uow.commit()
    return user.id


async def add(make_uow: MakeUow, owner_id: UUID, name: str = "АР4.pdf", **fields: Any) -> UUID:
    document = Document(id=new_id(), owner_id=owner_id, name=name, status=DocumentStatus.READING, **fields)
    async with make_uow() as uow:
        await uow.documents.add(document)
        await uow.commit()
    return document.id


async def test_how_far_recognition_is_is_told_by_the_document(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)
    recognition = Recognition(
        state=RecognitionState.FAILED,
        job_id=new_id(),
        pages=9,
        pages_done=4,
        pages_left=5,
        error_code="x",
        error_ru="р",
    )

    async with make_uow() as uow:
        before = (await uow.documents.get(document_id)).recognition
        await uow.documents.set_recognition(document_id, recognition)
        await uow.commit()

    async with make_uow() as uow:
        assert before == Recognition()
        assert (await uow.documents.get(document_id)).recognition == recognition


async def test_only_the_job_that_could_not_read_a_document_reads_it_again(make_uow: MakeUow, owner_id: UUID):
    job_id = new_id()
    document_id = await add(make_uow, owner_id, job_id=job_id)
    states = []
    for who in (new_id(), job_id):
        async with make_uow() as uow:
            await uow.documents.set_failed(document_id, JobError(code="x", message_ru="р", message_en="e"))
            await uow.documents.set_reading(document_id, who)
            await uow.commit()
        async with make_uow() as uow:
            document = await uow.documents.get(document_id)
            states.append((document.status.value, document.error_code))

    assert states == [("failed", "x"), ("reading", None)]


async def test_facts_of_pages_change_without_their_text(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)
    first, second = page_of(1, "Насос П-1", needs_ocr=True), page_of(2, "Двигатель")
    warned = structs.replace(first.page, facts=structs.replace(first.page.facts, warnings=("recogniser_missing",)))

    async with make_uow() as uow:
        await uow.documents.save_pages(document_id, [first, second])
        await uow.documents.set_facts(document_id, [warned])
        await uow.documents.set_facts(document_id, [])
        await uow.commit()

    async with make_uow() as uow:
        assert await uow.documents.pages(document_id) == [warned, second.page]
        assert await uow.documents.words(document_id, 1) == first.words
        assert await uow.documents.blocks(document_id, page_no=1) == list(first.blocks)


async def test_saved_pages_blocks_and_words_come_back_as_they_were(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)
    contents = [page_of(1, "Насос П-1", "| a | b |\n|---|---|\n| 1 | 2 |", sheet="5.1"), page_of(2, "Двигатель")]

    async with make_uow() as uow:
        await uow.documents.set_page_count(document_id, 2)
        await uow.documents.save_pages(document_id, contents)
        await uow.commit()

    async with make_uow() as uow:
        document = await uow.documents.get(document_id)
        assert (document.page_count, document.pages_done) == (2, 2)
        assert await uow.documents.pages(document_id) == [content.page for content in contents]
        assert await uow.documents.pages(document_id, [2]) == [contents[1].page]
        assert await uow.documents.blocks(document_id, page_no=1) == list(contents[0].blocks)
        assert await uow.documents.words(document_id, 1) == contents[0].words
        wanted = contents[1].blocks[0]
        assert await uow.documents.blocks(document_id, block_ids=[wanted.id, "XXXX-XXXX-XXX"]) == [wanted]


async def test_saving_pages_again_replaces_them(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)
    for text in ("first", "second"):
        async with make_uow() as uow:
            await uow.documents.save_pages(document_id, [page_of(1, text)])
            await uow.commit()

    async with make_uow() as uow:
        assert [block.content for block in await uow.documents.blocks(document_id)] == ["second"]
        assert (await uow.documents.get(document_id)).pages_done == 1


async def test_a_page_without_words_has_none(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)

    async with make_uow() as uow:
        await uow.documents.save_pages(document_id, [page_of(1, "x", has_words=False)])
        await uow.commit()

    async with make_uow() as uow:
        assert await uow.documents.words(document_id, 1) == ()
        assert await uow.documents.words(document_id, 7) == ()


async def test_a_read_document_is_ready_with_its_stamp(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)

    async with make_uow() as uow:
        await uow.documents.set_ready(document_id, {"code": "АР4"})
        await uow.commit()

    async with make_uow() as uow:
        document = await uow.documents.get(document_id)
    assert (document.status, document.stamp) == (DocumentStatus.READY, {"code": "АР4"})


async def test_a_failed_document_keeps_its_reason(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)

    async with make_uow() as uow:
        await uow.documents.set_failed(document_id, JobError(code="x", message_ru="р", message_en="e"))
        await uow.commit()

    async with make_uow() as uow:
        document = await uow.documents.get(document_id)
    assert (document.status, document.error_code, document.error_ru) == (DocumentStatus.FAILED, "x", "р")


async def test_missing_and_foreign_documents_are_not_found_alike(make_uow: MakeUow, owner_id: UUID):
    document_id = await add(make_uow, owner_id)

    async with make_uow() as uow:
        with pytest.raises(NotFound):
            await uow.documents.get(new_id())
        with pytest.raises(NotFound):
            await uow.documents.get(document_id, user_id=new_id())
        assert (await uow.documents.get(document_id, user_id=owner_id)).id == document_id


async def test_visible_are_own_documents_newest_first(make_uow: MakeUow, owner_id: UUID):
    first = await add(make_uow, owner_id)
    second = await add(make_uow, owner_id)

    async with make_uow() as uow:
        assert await uow.documents.visible_ids(owner_id) == [second, first]
        assert await uow.documents.visible_ids(new_id()) == []


async def test_readable_keeps_the_order_asked_for_and_leaves_out_the_rest(make_uow: MakeUow, owner_id: UUID):
    first = await add(make_uow, owner_id)
    second = await add(make_uow, owner_id)

    async with make_uow() as uow:
        readable = await uow.documents.readable(owner_id, [second, new_id(), first])

    assert [document.id for document in readable] == [second, first]


async def test_a_superseded_document_is_not_among_the_visible_ones(make_uow: MakeUow, owner_id: UUID):
    old = await add(make_uow, owner_id)
    new = await add(make_uow, owner_id, supersedes_id=old)
    async with make_uow() as uow:
        await uow.documents.set_ready(new, {})
        await uow.commit()

    async with make_uow() as uow:
        assert await uow.documents.visible_ids(owner_id) == [new]
        assert (await uow.documents.get(old, user_id=owner_id)).id == old


async def test_a_document_that_could_not_be_read_is_read_again_by_one_job(database: Database, user_id: UUID):
    document_id, job_id = await add(database.uow, user_id), new_id()
    async with database.uow() as uow:
        await uow.documents.set_failed(document_id, JobError(code="x", message_ru="р", message_en="e"))
        await uow.documents.read_again(document_id, job_id)
        with pytest.raises(Conflict):
            await uow.documents.read_again(document_id, new_id())
        await uow.commit()

    async with database.uow() as uow:
        document = await uow.documents.get(document_id)
    assert (document.status, document.job_id) == (DocumentStatus.READING, job_id)
