"""Chats, messages and answers as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.answers import Answer, Claim, Verdict
from domain.chats import DEFAULT_TITLE, Chat, Message, Role, title_of
from domain.errors import NotFound
from domain.evidence import Citation, CitationKind
from storage.tables.chats import AnswerRow, ChatRow, CitationRow, ClaimRow, MessageRow


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
        """The chat with messages, answers and citations is gone when this commits."""
        row = await self._row(chat_id, user_id)
        await self._session.delete(row)
        await self._session.flush()

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

    async def message(self, message_id: UUID) -> Message:
        row = await self._session.get(MessageRow, message_id)
        if row is None:
            raise NotFound(f"message {message_id}")
        return _message_of(row)

    async def messages(self, chat_id: UUID) -> list[Message]:
        rows = await self._session.scalars(
            select(MessageRow).where(MessageRow.chat_id == chat_id).order_by(MessageRow.no)
        )
        return [_message_of(row) for row in rows]

    async def history(self, chat_id: UUID, *, before: UUID, limit: int) -> list[Message]:
        own = select(MessageRow.no).where(MessageRow.id == before).scalar_subquery()
        rows = await self._session.scalars(
            select(MessageRow)
            .where(MessageRow.chat_id == chat_id, MessageRow.no < own)
            .order_by(MessageRow.no.desc())
            .limit(limit)
        )
        return [_message_of(row) for row in reversed(rows.all())]

    async def save_answer(
        self, *, message_id: UUID, chat_id: UUID, job_id: UUID, question_id: UUID, answer: Answer
    ) -> None:
        """A requeued job writes its answer anew: the former one of the same job is replaced."""
        await self._session.execute(
            delete(MessageRow).where(MessageRow.job_id == job_id, MessageRow.role == Role.ASSISTANT.value)
        )
        await self.add_message(
            Message(id=message_id, chat_id=chat_id, role=Role.ASSISTANT, content=answer.text, job_id=job_id)
        )
        builtins = msgspec.to_builtins(answer)
        self._session.add(
            AnswerRow(
                message_id=message_id,
                job_id=job_id,
                model=answer.model,
                offline=answer.offline,
                needs_more_evidence=answer.needs_more_evidence,
                issues=builtins["issues"],
                recommendations=builtins["recommendations"],
                diff=builtins["diff"],
            )
        )
        self._session.add_all([_citation_row(message_id, citation) for citation in answer.citations])
        self._session.add_all([_claim_row(message_id, claim) for claim in answer.claims])
        await self._session.flush()

    async def answers(self, chat_id: UUID) -> dict[UUID, Answer]:
        """The answers of a chat by their message, each with citations and claims; three queries in all."""
        rows = await self._session.execute(
            select(AnswerRow, MessageRow.content)
            .join(MessageRow, MessageRow.id == AnswerRow.message_id)
            .where(MessageRow.chat_id == chat_id)
        )
        answers = {row.AnswerRow.message_id: (row.AnswerRow, row.content) for row in rows}
        citations = await self._by_message(CitationRow, CitationRow.number, answers)
        claims = await self._by_message(ClaimRow, ClaimRow.claim_id, answers)
        return {
            message_id: _answer_of(row, text, citations.get(message_id, []), claims.get(message_id, []))
            for message_id, (row, text) in answers.items()
        }

    async def _by_message(self, table: Any, order: Any, answers: dict[UUID, Any]) -> dict[UUID, list[Any]]:
        found: dict[UUID, list[Any]] = {}
        for row in await self._session.scalars(
            select(table).where(table.message_id.in_(answers)).order_by(table.message_id, order)
        ):
            found.setdefault(row.message_id, []).append(row)
        return found

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
        created_at=row.created_at,
    )


def _citation_row(message_id: UUID, citation: Citation) -> CitationRow:
    return CitationRow(
        message_id=message_id,
        number=citation.number,
        document_id=citation.document_id,
        document_name=citation.document_name,
        page_no=citation.page_no,
        sheet=citation.sheet,
        block_id=citation.block_id,
        kind=citation.kind.value,
        boxes=[list(box) for box in citation.boxes],
        quote=citation.quote,
        note=citation.note,
    )


def _claim_row(message_id: UUID, claim: Claim) -> ClaimRow:
    return ClaimRow(
        message_id=message_id,
        claim_id=claim.claim_id,
        start=claim.start,
        end=claim.end,
        kind=claim.kind,
        claim_text=claim.text,
        verdict=claim.verdict.value,
        label=claim.label,
        unit=claim.unit,
        citation_number=claim.citation_number,
        boxes=[list(box) for box in claim.boxes],
    )


def _answer_of(row: AnswerRow, text: str, citations: list[CitationRow], claims: list[ClaimRow]) -> Answer:
    return Answer(
        text=text,
        citations=tuple(
            Citation(
                number=c.number,
                document_id=c.document_id,
                document_name=c.document_name,
                page_no=c.page_no,
                sheet=c.sheet,
                kind=CitationKind(c.kind),
                block_id=c.block_id,
                boxes=tuple(tuple(box) for box in c.boxes),
                quote=c.quote,
                note=c.note,
            )
            for c in citations
        ),
        claims=tuple(
            Claim(
                claim_id=c.claim_id,
                start=c.start,
                end=c.end,
                kind=c.kind,
                text=c.claim_text,
                verdict=Verdict(c.verdict),
                label=c.label,
                unit=c.unit,
                citation_number=c.citation_number,
                boxes=tuple(tuple(box) for box in c.boxes),
            )
            for c in claims
        ),
        issues=msgspec.convert(row.issues, type=Answer.__annotations__["issues"]),
        recommendations=msgspec.convert(row.recommendations, type=Answer.__annotations__["recommendations"]),
        diff=msgspec.convert(row.diff, type=Answer.__annotations__["diff"]),
        needs_more_evidence=row.needs_more_evidence,
        model=row.model,
        offline=row.offline,
    )
