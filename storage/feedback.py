"""What users think of answers, one opinion of each user for each message."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables.chats import FeedbackRow, MessageRow


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    message_id: UUID
    rating: bool | None
    comment: str | None
    created_at: datetime
    updated_at: datetime


class FeedbackRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def give(self, message_id: UUID, user_id: UUID, *, rating: bool | None, comment: str | None) -> Feedback:
        """Replaces the user's former opinion of the message."""
        values = {"rating": rating, "comment": comment}
        statement = insert(FeedbackRow).values(message_id=message_id, user_id=user_id, **values)
        row = await self._session.scalar(
            statement.on_conflict_do_update(
                index_elements=[FeedbackRow.message_id, FeedbackRow.user_id],
                set_={**values, "updated_at": func.now()},
            ).returning(FeedbackRow),
            execution_options={"populate_existing": True},
        )
        assert row is not None
        return _feedback_of(row)

    async def of_chat(self, chat_id: UUID, user_id: UUID) -> dict[UUID, Feedback]:
        """By message."""
        rows = await self._session.scalars(
            select(FeedbackRow)
            .join(MessageRow, MessageRow.id == FeedbackRow.message_id)
            .where(MessageRow.chat_id == chat_id, FeedbackRow.user_id == user_id)
        )
        return {row.message_id: _feedback_of(row) for row in rows}


def _feedback_of(row: FeedbackRow) -> Feedback:
    return Feedback(
        message_id=row.message_id,
        rating=row.rating,
        comment=row.comment,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
