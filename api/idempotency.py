"""`Idempotency-Key`: the same request sent twice is accepted once and answered alike (DESIGN §4.1)."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from domain.errors import Fault, InvalidInput
from storage.uow import Database, SqlUnitOfWork

Accept = Callable[[SqlUnitOfWork], Awaitable[Any]]
MAX_KEY = 200


async def accept_once(
    database: Database,
    *,
    user_id: UUID,
    route: str,
    key: str | None,
    request: Any,
    accept: Accept,
    status: int = 202,
) -> Response[Any]:
    """The answer of `accept`, run in one transaction with the key's row; a repeated key gets the first answer.

    `request` is what makes two requests the same: any JSON value. A refused request stores nothing. A concurrent twin
    waits for the first. Raises IdempotencyMismatch when the key was used with another request.
    """
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        fault = Fault("header:Idempotency-Key", f"needs 1 to {MAX_KEY} characters")
        raise InvalidInput("idempotency key", faults=(fault,))
    async with database.uow() as uow:
        if key is None:
            body = msgspec.to_builtins(await accept(uow))
            await uow.commit()
            return Response(body, status_code=status)
        digest = sha256(msgspec.json.encode(request, order="sorted")).digest()
        replay = await uow.submissions.take_key(user_id, route, key, digest)
        if replay is not None:
            return Response(replay.response, status_code=replay.status, headers={"Idempotent-Replayed": "true"})
        body = msgspec.to_builtins(await accept(uow))
        await uow.submissions.answer_key(user_id, route, key, status, body)
        await uow.commit()
        return Response(body, status_code=status)
