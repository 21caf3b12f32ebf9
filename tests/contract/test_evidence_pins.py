"""Evidence is pinned as long as an answer needs it, and no longer: PostgreSQL."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.documents import Document, DocumentStatus
from domain.ids import new_id
from storage.database import in_autocommit
from storage.evidence_pins import unpin
from storage.uow import Database

DIGEST = "e" * 64


class Ground:
    """One document, one chat, and a picture that was pinned two hours ago."""

    def __init__(self, database: Database, engine: Any, user_id: UUID) -> None:
        self.database = database
        self.direct = in_autocommit(engine)
        self.user_id = user_id
        self.document_id = new_id()

    async def prepare(self) -> None:
        document = Document(id=self.document_id, owner_id=self.user_id, name="a.pdf", status=DocumentStatus.READY)
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.commit()
        await self.run(
            "insert into renders (key, spec, sha256, state, digest, pinned, used_at) values "
            "(:key, '{}', :key, 'ready', :digest, true, now() - interval '2 hours')",
            key="a" * 64,
            digest=DIGEST,
        )

    async def answer(self) -> UUID:
        """A new chat with an answer that holds the picture; the chat's id."""
        chat_id, message_id = new_id(), new_id()
        await self.run("insert into chats (id, user_id, title) values (:id, :user, 't')", id=chat_id, user=self.user_id)
        await self.run(
            "insert into messages (id, no, chat_id, role, content) values (:id, 1, :chat, 'assistant', 'x')",
            id=message_id,
            chat=chat_id,
        )
        await self.run(
            "insert into evidence (id, message_id, job_id, digest, document_id, kind, mime_type, width_px, height_px, "
            "dpi) values (:id, :message, :job, :digest, :document, 'roi', 'image/png', 1, 1, 1)",
            id=new_id(),
            message=message_id,
            job=new_id(),
            digest=DIGEST,
            document=self.document_id,
        )
        return chat_id

    async def delete_chat(self, chat_id: UUID) -> None:
        await self.run("update chats set deleted_at = now() where id = :id", id=chat_id)

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.uow() as uow:
            await uow.session.execute(text(statement), values)
            await uow.commit()

    async def is_pinned(self) -> bool:
        await unpin(self.direct)
        return (await self.direct.first("select pinned from renders"))["pinned"]


@pytest.fixture
async def ground(database: Database, engine: Any, user_id: UUID) -> Ground:
    ground = Ground(database, engine, user_id)
    await ground.prepare()
    return ground


async def test_a_picture_stays_pinned_while_its_answer_is_there(ground: Ground) -> None:
    await ground.answer()

    assert await ground.is_pinned()


async def test_a_picture_without_an_answer_is_unpinned(ground: Ground) -> None:
    assert not await ground.is_pinned()


async def test_a_deleted_chat_lets_its_pictures_go(ground: Ground) -> None:
    await ground.delete_chat(await ground.answer())

    assert not await ground.is_pinned()


async def test_another_answer_holds_the_same_picture(ground: Ground) -> None:
    await ground.delete_chat(await ground.answer())
    await ground.answer()

    assert await ground.is_pinned()


async def test_a_deleted_answer_lets_its_pictures_go(ground: Ground) -> None:
    await ground.answer()
    await ground.run("delete from messages")

    assert not await ground.is_pinned()


async def test_a_deleted_document_lets_its_pictures_go(ground: Ground) -> None:
    await ground.answer()
    async with ground.database.uow() as uow:
        await uow.documents.delete(ground.document_id, user_id=ground.user_id)
        await uow.commit()

    assert not await ground.is_pinned()


async def test_what_a_running_job_drew_stays_pinned(ground: Ground) -> None:
    await ground.run(
        "insert into jobs (id, user_id, family, queue, state, payload, deadline_at, created_at) values "
        "(:id, :user, 'analysis', 'interactive', 'running', '{}', now(), now() - interval '3 hours')",
        id=new_id(),
        user=ground.user_id,
    )

    assert await ground.is_pinned()


async def test_what_was_just_drawn_stays_pinned(ground: Ground) -> None:
    await ground.run("update renders set used_at = now()")

    assert await ground.is_pinned()
