"""Grants: who may see or change a document, or all below a node of the project tree."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import Grant
from domain.errors import NotFound
from domain.ids import new_id
from storage.tables.users import GrantRow, UserRow

_UNIQUE = [
    text("coalesce(node_id, document_id)"),
    text("coalesce(user_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
]
"""As the index `uq_grants_object_user` is written: an argument in place of the zeros would not be taken for it."""


class GrantRepository:
    """Whoever calls has checked that the object may be changed by the user who asks."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def give(
        self,
        *,
        document_id: UUID | None = None,
        node_id: UUID | None = None,
        user_id: UUID | None = None,
        access: str = "read",
    ) -> None:
        """One grant for the object and the user (null: everyone); given again, its access is changed.

        Raises NotFound for an unknown user.
        """
        statement = insert(GrantRow).values(
            id=new_id(), document_id=document_id, node_id=node_id, user_id=user_id, access=access
        )
        statement = statement.on_conflict_do_update(index_elements=_UNIQUE, set_={"access": access})
        try:
            await self._session.execute(statement)
        except IntegrityError as error:
            raise NotFound(f"user {user_id}") from error

    async def take(
        self, *, document_id: UUID | None = None, node_id: UUID | None = None, user_id: UUID | None = None
    ) -> None:
        """Safe to call twice."""
        await self._session.execute(
            delete(GrantRow).where(
                _same(GrantRow.document_id, document_id),
                _same(GrantRow.node_id, node_id),
                _same(GrantRow.user_id, user_id),
            )
        )

    async def list_of(self, *, document_id: UUID | None = None, node_id: UUID | None = None) -> list[Grant]:
        """Those given on the object itself, oldest first."""
        query = (
            select(GrantRow, UserRow.username)
            .outerjoin(UserRow, UserRow.id == GrantRow.user_id)
            .where(_same(GrantRow.document_id, document_id), _same(GrantRow.node_id, node_id))
            .order_by(GrantRow.id)
        )
        return [
            Grant(user_id=row.user_id, access=row.access, username=username, created_at=row.created_at)
            for row, username in await self._session.execute(query)
        ]

    async def user_named(self, username: str) -> UUID:
        """Raises NotFound."""
        user_id = await self._session.scalar(select(UserRow.id).where(UserRow.username == username))
        if user_id is None:
            raise NotFound(f"user {username}")
        return user_id


def _same(column: Any, value: UUID | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
