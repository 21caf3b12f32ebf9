"""Grants, the project tree and deletion, on PostgreSQL."""

from uuid import UUID

import pytest

from domain.documents import Document, DocumentStatus, Recognition, RecognitionState
from domain.errors import NotFound
from domain.ids import new_id
from storage.tables.documents import TreeNodeRow
from storage.tables.users import GrantRow
from storage.uow import Database
from tests.fakes.pages import page_of


@pytest.fixture
async def reader_id(database: Database, user_id: UUID) -> UUID:
    async with database.uow() as uow:
        user = await uow.users.add("reader", "user")
        await uow.commit()
    return user.id


async def add(database: Database, owner_id: UUID, *, node_id: UUID | None = None) -> UUID:
    document_id = new_id()
    async with database.uow() as uow:
        await uow.documents.add(
            Document(id=document_id, owner_id=owner_id, name="d.pdf", status=DocumentStatus.READING)
        )
        await uow.documents.save_pages(document_id, [page_of(1, "Насос П-1")])
        await uow.documents.set_ready(document_id, {})
        if node_id is not None:
            await uow.documents.move(document_id, node_id)
        await uow.commit()
    return document_id


async def grant(database: Database, **fields: object) -> None:
    async with database.uow() as uow:
        uow.session.add(GrantRow(**fields))
        await uow.commit()


async def tree(database: Database) -> list[UUID]:
    """Ids of a client, its project and its section, one below the other."""
    ids: list[UUID] = []
    async with database.uow() as uow:
        for node_type in ("client", "project", "section"):
            row = TreeNodeRow(id=new_id(), parent_id=ids[-1] if ids else None, node_type=node_type, name=node_type)
            uow.session.add(row)
            await uow.session.flush()
            ids.append(row.id)
        await uow.commit()
    return ids


async def sees(database: Database, user_id: UUID, document_id: UUID) -> bool:
    async with database.uow() as uow:
        listed = document_id in await uow.documents.visible_ids(user_id)
        readable = bool(await uow.documents.readable(user_id, [document_id]))
        assert listed == readable
        return listed


@pytest.mark.parametrize("to_everyone", [True, False])
async def test_a_granted_document_is_seen(database: Database, user_id: UUID, reader_id: UUID, to_everyone: bool):
    document_id = await add(database, user_id)
    assert not await sees(database, reader_id, document_id)

    await grant(database, document_id=document_id, user_id=None if to_everyone else reader_id)

    assert await sees(database, reader_id, document_id)
    assert await sees(database, new_id(), document_id) == to_everyone


async def test_a_grant_on_a_node_is_inherited_by_all_below_it(database: Database, user_id: UUID, reader_id: UUID):
    client, project, section = await tree(database)
    document_id = await add(database, user_id, node_id=section)
    beside = await add(database, user_id, node_id=client)

    await grant(database, node_id=project, user_id=reader_id)

    assert await sees(database, reader_id, document_id)
    assert not await sees(database, reader_id, beside)


async def test_a_newer_version_hides_the_old_one_only_from_those_who_see_it(
    database: Database, user_id: UUID, reader_id: UUID
):
    old = await add(database, user_id)
    await grant(database, document_id=old, user_id=None)
    new = Document(id=new_id(), owner_id=user_id, name="v2", status=DocumentStatus.READING, supersedes_id=old)
    async with database.uow() as uow:
        await uow.documents.add(new)
        await uow.documents.set_ready(new.id, {})
        await uow.commit()

    async with database.uow() as uow:
        assert await uow.documents.visible_ids(user_id) == [new.id]
        assert await uow.documents.visible_ids(reader_id) == [old]


async def test_a_newer_version_that_is_still_read_hides_nothing(database: Database, user_id: UUID):
    old = await add(database, user_id)
    new = Document(id=new_id(), owner_id=user_id, name="v2", status=DocumentStatus.READING, supersedes_id=old)
    async with database.uow() as uow:
        await uow.documents.add(new)
        await uow.commit()

    async with database.uow() as uow:
        assert set(await uow.documents.visible_ids(user_id)) == {old, new.id}


async def test_a_newer_version_whose_scans_are_still_recognised_hides_nothing(database: Database, user_id: UUID):
    old = await add(database, user_id)
    new = Document(id=new_id(), owner_id=user_id, name="v2", status=DocumentStatus.READING, supersedes_id=old)
    seen = []
    for state in (RecognitionState.PENDING, RecognitionState.FAILED):
        async with database.uow() as uow:
            if not seen:
                await uow.documents.add(new)
                await uow.documents.set_ready(new.id, {})
            await uow.documents.set_recognition(new.id, Recognition(state=state))
            await uow.commit()
        async with database.uow() as uow:
            seen.append(set(await uow.documents.visible_ids(user_id)))

    assert seen == [{old, new.id}, {new.id}]


async def test_deleting_needs_more_than_reading(database: Database, user_id: UUID, reader_id: UUID):
    document_id = await add(database, user_id)
    await grant(database, document_id=document_id, user_id=reader_id, access="read")

    async with database.uow() as uow:
        with pytest.raises(NotFound):
            await uow.documents.delete(document_id, user_id=reader_id)


async def test_a_deleted_document_is_gone_at_once(database: Database, user_id: UUID):
    document_id = await add(database, user_id)

    async with database.uow() as uow:
        await uow.documents.delete(document_id, user_id=user_id)
        await uow.commit()

    assert not await sees(database, user_id, document_id)
    async with database.uow() as uow:
        with pytest.raises(NotFound):
            await uow.documents.get(document_id)


async def test_a_list_goes_on_after_a_document(database: Database, user_id: UUID):
    ids = [await add(database, user_id) for _ in range(5)]

    async with database.uow() as uow:
        first = await uow.documents.list_visible(user_id, limit=2)
        rest = await uow.documents.list_visible(user_id, limit=10, before=first[-1].id)

    assert [document.id for document in first + rest] == ids[::-1]
