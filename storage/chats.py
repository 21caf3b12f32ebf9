"""Chats, messages and answers as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import case, delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.answers import Answer
from domain.chats import DEFAULT_TITLE, Chat, Message, Role, title_of
from domain.errors import NotFound
from storage.answers import add_answer, answers_of
from storage.forgetting import forget_jobs_of_chat, forget_requests_of_chat
from storage.replays import forget_dialogues
from storage.tables.chats import ChatRow, MessageRow

_TURN = "select pg_advisory_xact_lock(hashtextextended(chat_id::text, 0)) from messages where id = $1"


class _Chats(SQLAlchemyAsyncRepository[ChatRow]):
    model_type = ChatRow


class ChatRepository:
    """See `domain.ports.Chats`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._chats = _Chats(session=session)

    async def add(self, chat: Chat) -> Chat:
        row = await self._chats.add(
            ChatRow(
                id=chat.id,
                user_id=chat.user_id,
                title=chat.title,
                title_is_own=chat.title != DEFAULT_TITLE,
                description=chat.description,
                document_ids=[str(i) for i in chat.document_ids],
            ),
            auto_refresh=True,
        )
        return _chat_of(row)

    async def get(self, chat_id: UUID, *, user_id: UUID | None = None) -> Chat:
        """Raises NotFound also for another user's chat when `user_id` is given."""
        return _chat_of(await self._row(chat_id, user_id))

    async def list_of(self, user_id: UUID, *, limit: int, offset: int) -> Sequence[Chat]:
        """Not archived, newest first."""
        rows = await self._session.scalars(
            select(ChatRow)
            .where(ChatRow.user_id == user_id, ChatRow.deleted_at.is_(None), ChatRow.is_archived.is_(False))
            .order_by(ChatRow.created_at.desc(), ChatRow.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_chat_of(row) for row in rows]

    async def rename(self, chat_id: UUID, user_id: UUID, *, changes: dict[str, Any]) -> Chat:
        """`changes` may hold title, description, document_ids and is_archived."""
        row = await self._row(chat_id, user_id)
        if "title" in changes:
            row.title, row.title_is_own = changes["title"], True
        if "description" in changes:
            row.description = changes["description"]
        if "document_ids" in changes:
            row.document_ids = [str(i) for i in changes["document_ids"]]
        if "is_archived" in changes:
            row.is_archived = changes["is_archived"]
        await self._session.flush()
        await self._session.execute(update(ChatRow).where(ChatRow.id == chat_id).values(updated_at=func.now()))
        await self._session.refresh(row)
        return _chat_of(row)

    async def delete(self, chat_id: UUID, user_id: UUID) -> None:
        """The chat with messages, answers, citations and what models were asked is gone when this commits; what its
        jobs hold is marked, and emptied within a minute."""
        row = await self._row(chat_id, user_id)
        await forget_jobs_of_chat(self._session, chat_id)
        await forget_dialogues(self._session, chat_id)
        await self._session.delete(row)
        await self._session.flush()
        await forget_requests_of_chat(self._session, chat_id, user_id)

    async def next_no(self, chat_id: UUID) -> int:
        """The place in line of the chat's next job; holds the chat's row until the commit."""
        number = await self._session.scalar(
            update(ChatRow)
            .where(ChatRow.id == chat_id)
            .values(next_no=ChatRow.next_no + 1, updated_at=func.now())
            .returning(ChatRow.next_no - 1)
        )
        if number is None:
            raise NotFound(f"chat {chat_id}")
        return number

    async def add_message(self, message: Message, *, attachments: dict[str, Any] | None = None) -> Message:
        """Append to the chat, whose row it holds until the commit; the first question of an unnamed chat names it."""
        await self._session.execute(update(ChatRow).where(ChatRow.id == message.chat_id).values(updated_at=func.now()))
        number = await self._session.scalar(
            select(func.coalesce(func.max(MessageRow.no), 0) + 1).where(MessageRow.chat_id == message.chat_id)
        )
        row = MessageRow(
            id=message.id,
            no=number,
            chat_id=message.chat_id,
            role=message.role.value,
            content=message.content,
            message_type=message.message_type,
            job_id=message.job_id,
            reply_to_id=message.reply_to_id,
            attachments=attachments or {},
        )
        self._session.add(row)
        await self._session.flush()
        if message.role is Role.USER:
            await self._session.execute(
                update(ChatRow)
                .where(ChatRow.id == message.chat_id, ChatRow.title_is_own.is_(False), ChatRow.title == DEFAULT_TITLE)
                .values(title=title_of(message.content))
            )
        await self._session.refresh(row, ["created_at"])
        return _message_of(row)

    async def take_turn(self, message_id: UUID) -> None:
        """Of several that ask a question of the message's chat anew or otherwise, one goes on at a time, until its
        commit. Rows would be locked in another order than by workers, who hold their job before its chat."""
        connection = await self._session.connection()
        await connection.exec_driver_sql(_TURN, (message_id,))

    async def message(self, message_id: UUID) -> Message:
        row = await self._session.get(MessageRow, message_id)
        if row is None:
            raise NotFound(f"message {message_id}")
        return _message_of(row)

    async def messages(self, chat_id: UUID, *, with_superseded: bool = False) -> list[Message]:
        """In order; those that an edited question or a newer answer took the place of only on demand."""
        is_wanted = true() if with_superseded else MessageRow.superseded_by_id.is_(None)
        rows = await self._session.scalars(
            select(MessageRow).where(MessageRow.chat_id == chat_id, is_wanted).order_by(MessageRow.no)
        )
        return [_message_of(row) for row in rows]

    async def history(self, chat_id: UUID, *, before: UUID, limit: int) -> list[Message]:
        own = select(MessageRow.no).where(MessageRow.id == before).scalar_subquery()
        rows = await self._session.scalars(
            select(MessageRow)
            .where(MessageRow.chat_id == chat_id, MessageRow.no < own, MessageRow.superseded_by_id.is_(None))
            .order_by(MessageRow.no.desc())
            .limit(limit)
        )
        return [_message_of(row) for row in reversed(rows.all())]

    async def save_answer(
        self, *, message_id: UUID, chat_id: UUID, job_id: UUID, question_id: UUID, answer: Answer
    ) -> None:
        """A requeued job writes its answer anew: the former one of the same job is replaced. Answers of other jobs to
        the same question are superseded."""
        await self._session.execute(
            delete(MessageRow).where(MessageRow.job_id == job_id, MessageRow.role == Role.ASSISTANT.value)
        )
        await self.add_message(
            Message(
                id=message_id,
                chat_id=chat_id,
                role=Role.ASSISTANT,
                content=answer.text,
                job_id=job_id,
                reply_to_id=question_id,
            )
        )
        await self._place_answer(message_id, question_id)
        await add_answer(self._session, message_id, job_id, answer)

    async def _place_answer(self, message_id: UUID, question_id: UUID) -> None:
        """It takes the place of former answers; if its question was edited meanwhile, it has no place itself."""
        question = aliased(MessageRow)
        successor = select(question.superseded_by_id).where(question.id == question_id).scalar_subquery()
        answers = update(MessageRow).where(
            MessageRow.reply_to_id == question_id,
            MessageRow.role == Role.ASSISTANT.value,
            MessageRow.superseded_by_id.is_(None),
        )
        placed = case((MessageRow.id == message_id, successor), else_=message_id)
        await self._session.execute(
            answers.values(superseded_by_id=placed), execution_options={"synchronize_session": False}
        )

    async def answers(self, chat_id: UUID) -> dict[UUID, Answer]:
        """The answers of a chat by their message, each whole; four queries in all."""
        return await answers_of(self._session, chat_id)

    async def supersede(self, message: Message, successor_id: UUID) -> None:
        """The message and all after it are no longer part of the chat: `successor_id`, an edited one, goes on there."""
        own = select(MessageRow.no).where(MessageRow.id == message.id).scalar_subquery()
        rows = update(MessageRow).where(
            MessageRow.chat_id == message.chat_id,
            MessageRow.no >= own,
            MessageRow.id != successor_id,
            MessageRow.superseded_by_id.is_(None),
        )
        await self._session.execute(rows.values(superseded_by_id=successor_id))

    async def set_job(self, message_id: UUID, job_id: UUID) -> None:
        """The job that answers a question now."""
        await self._session.execute(update(MessageRow).where(MessageRow.id == message_id).values(job_id=job_id))

    async def _row(self, chat_id: UUID, user_id: UUID | None) -> ChatRow:
        row = await self._chats.get_one_or_none(ChatRow.id == chat_id, ChatRow.deleted_at.is_(None))
        if row is None or (user_id is not None and row.user_id != user_id):
            raise NotFound(f"chat {chat_id}")
        return row


def _chat_of(row: ChatRow) -> Chat:
    return Chat(
        id=row.id,
        user_id=row.user_id,
        title=row.title,
        description=row.description,
        document_ids=tuple(UUID(i) for i in row.document_ids or ()),
        is_archived=bool(row.is_archived),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _message_of(row: MessageRow) -> Message:
    return Message(
        id=row.id,
        chat_id=row.chat_id,
        role=Role(row.role),
        content=row.content,
        message_type=row.message_type,
        job_id=row.job_id,
        reply_to_id=row.reply_to_id,
        created_at=row.created_at,
    )
