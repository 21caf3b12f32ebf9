"""`/chats/{id}/stream`: the chat's live view as Server-Sent Events and over a WebSocket, with the former systems' event
names. The first stream request after a message may bring the message's scope (DESIGN §5)."""

import asyncio
import contextlib
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.auth import AuthRequest, seconds_left, user_of_token
from api.errors import language_of
from api.routes.chats import NewMessage, ask
from api.routes.jobs import cursor_of
from api.scopes import StreamScope, scope_of_stream
from api.services import Services
from api.streams import SSEResponse
from domain.errors import Conflict, DomainError, InvalidInput, NotAuthenticated, NotFound
from domain.jobs import TERMINAL, Job
from domain.submission import check_visible


@get(
    "/{chat_id:uuid}/stream",
    tags=["chats"],
    media_type="text/event-stream",
    summary="The chat's newest job, live, with the former systems' event names",
)
async def chat_stream(
    request: AuthRequest,
    chat_id: FromPath[UUID],
    services: NamedDependency[Services],
    client_id: Annotated[str | None, QueryParameter()] = None,
    document_ids: Annotated[list[UUID] | None, QueryParameter()] = None,
    compare_document_ids_a: Annotated[list[UUID] | None, QueryParameter()] = None,
    compare_document_ids_b: Annotated[list[UUID] | None, QueryParameter()] = None,
    google_files: Annotated[str | None, QueryParameter()] = None,
    tree_files: Annotated[str | None, QueryParameter()] = None,
    after: Annotated[str | None, QueryParameter()] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> Response[Any]:
    """Ends after exactly one `completed` or `error`; with nothing running it replays the newest job. Resume with
    Last-Event-ID (`<job_id>:<seq>`). 204: nothing comes after that id."""
    query = StreamScope(
        client_id=client_id,
        document_ids=document_ids or [],
        compare_document_ids_a=compare_document_ids_a or [],
        compare_document_ids_b=compare_document_ids_b or [],
        google_files=google_files,
        tree_files=tree_files,
    )
    job, cursor = await _attach(services, request.user.id, chat_id, query, after or last_event_id)
    if job.state in TERMINAL and cursor == job.last_seq:
        return Response(None, status_code=204)
    return SSEResponse(
        services.streams.chat_stream(
            request.user.id,
            job.id,
            after=cursor,
            life_s=seconds_left(request.auth),
            language=language_of(request),
        )
    )


@websocket("/{chat_id:uuid}/stream")
async def chat_socket(
    socket: WebSocket[Any, Any, Any], chat_id: FromPath[UUID], services: NamedDependency[Services]
) -> None:
    """The same over a WebSocket: a frame `{content, …}` equals the POST, frames `{id, event, data}` come back.

    The token is taken from the Authorization header, else from `?token=`.
    """
    header = socket.headers.get("authorization", "").partition(" ")[2]
    try:
        user, token = await user_of_token(services, header or socket.query_params.get("token", ""))
        async with services.database.uow() as uow:
            await uow.chats.get(chat_id, user_id=user.id)
        with services.streams.taken(user.id):
            await socket.accept()
            await _converse(socket, services, user.id, chat_id, seconds_left(token), language_of(socket))
    except NotAuthenticated:
        await socket.close(code=4401, reason="not authenticated")
    except DomainError as error:
        await socket.close(code=4404 if isinstance(error, NotFound) else 4429, reason=error.code)


async def _converse(
    socket: WebSocket[Any, Any, Any], services: Services, user_id: UUID, chat_id: UUID, life_s: float, language: str
) -> None:
    """Relay the newest job, then the job of every message that comes, until the client leaves or the token ends."""
    relay: asyncio.Task[None] | None = None

    async def start(job_id: UUID) -> None:
        nonlocal relay
        if relay is not None and not relay.done():
            await asyncio.wait({relay})
        relay = asyncio.create_task(_relay(socket, services, job_id, life_s, language))

    async with services.database.uow() as uow:
        newest = await uow.jobs.newest_of_chat(chat_id)
    if newest is not None:
        await start(newest)
    try:
        async with asyncio.timeout(life_s):
            while True:
                frame = await socket.receive_text()
                if (job_id := await _posted(socket, services, user_id, chat_id, frame, language)) is not None:
                    await start(job_id)
    except (WebSocketDisconnect, TimeoutError):
        pass
    finally:
        if relay is not None:
            relay.cancel()
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close()


async def _posted(
    socket: WebSocket[Any, Any, Any], services: Services, user_id: UUID, chat_id: UUID, frame: str, language: str
) -> UUID | None:
    """The job of a message frame; a refused one is told as an `error` frame."""
    try:
        message = msgspec.json.decode(frame, type=NewMessage)
        if message.document_ids is None:
            message.document_ids = []
        accepted = await ask(services, user_id, chat_id, message, None)
    except msgspec.MsgspecError as error:
        await socket.send_json({"event": "error", "data": {"code": "invalid_input", "message": str(error)}})
        return None
    except DomainError as error:
        text = error.public_en if language == "en" else error.public_ru
        await socket.send_json({"event": "error", "data": {"code": error.code, "message": text}})
        return None
    return UUID(str(msgspec.to_builtins(accepted.content)["job_id"]))


async def _relay(
    socket: WebSocket[Any, Any, Any], services: Services, job_id: UUID, life_s: float, language: str
) -> None:
    async with contextlib.aclosing(
        services.streams.chat_messages(job_id, after=0, life_s=life_s, language=language)
    ) as frames:
        async for frame in frames:
            await socket.send_json(frame)


async def _attach(
    services: Services, user_id: UUID, chat_id: UUID, query: StreamScope, event_id: str | None
) -> tuple[Job, int]:
    """The job to follow and the cursor in it. Brings the scope to a message that still waits for one.

    Raises NotFound for a foreign chat and one without messages, Conflict for a cursor beyond the end.
    """
    scope = scope_of_stream(query)
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=user_id)
        asked_id, cursor = _split(event_id)
        job_id = asked_id or await uow.jobs.newest_of_chat(chat_id)
        if job_id is None:
            raise NotFound(f"chat {chat_id} has no message")
        if scope is not None:
            await check_visible(uow, user_id, scope)
            await uow.jobs.set_scope(job_id, msgspec.to_builtins(scope))
        job = await uow.jobs.get(job_id)
        if job.chat_id != chat_id:
            raise NotFound(f"job {job_id}")
        if cursor > job.last_seq:
            raise Conflict(f"cursor {cursor} > {job.last_seq}")
        await uow.commit()
    return job, cursor


def _split(event_id: str | None) -> tuple[UUID | None, int]:
    """`<job_id>:<seq>`; nothing means the newest job from its start."""
    if not event_id:
        return None, 0
    job, _, seq = event_id.partition(":")
    try:
        return UUID(job), cursor_of(seq)
    except ValueError as error:
        raise InvalidInput(
            "event id", public_ru="Неверный Last-Event-ID.", public_en="The Last-Event-ID is not valid."
        ) from error


router = Router("/chats", route_handlers=[chat_stream, chat_socket])
