"""What makes accepting a request safe to repeat: idempotency keys."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import IdempotencyMismatch
from storage.events import first

_TAKE = """
insert into idempotency_keys (user_id, route, key, request_hash) values ($1, $2, $3, $4)
on conflict do nothing returning 1
"""
_KNOWN = (
    "select request_hash, status, response::text from idempotency_keys where user_id = $1 and route = $2 and key = $3"
)
_ANSWERED = """
update idempotency_keys set status = $4, response = $5::jsonb where user_id = $1 and route = $2 and key = $3
"""


class Replay(msgspec.Struct, frozen=True):
    """The answer that an earlier request with the same key was given."""

    status: int
    response: dict[str, Any]


class SubmissionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take_key(self, user_id: UUID, route: str, key: str, request_hash: bytes) -> Replay | None:
        """Null: the key is this request's now. A concurrent twin waits here until the first commits.

        Raises IdempotencyMismatch when the key was used with another request.
        """
        connection = await self._session.connection()
        if await first(connection, _TAKE, user_id, route, key, request_hash) is not None:
            return None
        known = await first(connection, _KNOWN, user_id, route, key)
        if known is None or bytes(known[0]) != request_hash:
            raise IdempotencyMismatch(route)
        return Replay(known[1], msgspec.json.decode(known[2]))

    async def answer_key(self, user_id: UUID, route: str, key: str, status: int, response: dict[str, Any]) -> None:
        connection = await self._session.connection()
        body = msgspec.json.encode(response).decode()
        await connection.exec_driver_sql(_ANSWERED, (user_id, route, key, status, body))
