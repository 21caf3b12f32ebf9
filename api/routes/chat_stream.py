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
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter

from api.auth import AuthRequest, seconds_left, user_of_token
from api.errors import domain_error_of, language_of
from api.routes.chats import NewMessage, ask
from api.routes.jobs import cursor_of
from api.scopes import StreamScope, scope_of_stream
from api.services import Services
from api.streams import SSEResponse
from domain.chats import Scope
from domain.errors import Conflict, DomainError, InvalidInput, NotAuthenticated, NotFound
from domain.jobs import TERMINAL, Job
from domain.submission import check_visible
from storage.uow import SqlUnitOfWork


@get(
    "/{chat_id:uuid}/stream",
    tags=["chats"],
    media_type="text/event-stream",
    summary="The chat's newest job, live, with the former systems' event names",
    responses={204: ResponseSpec(None, description="Nothing comes after the id: the job has ended")},
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

    The token is taken from the Authorization header, else from `?token=`; the scope of messages that bring none, from
    the address as for the event stream.
    """
    header = socket.headers.get("authorization", "").partition(" ")[2]
    try:
        user, token = await user_of_token(services, header or socket.query_params.get("token", ""))
        scope = scope_of_stream(_query_of(socket))
        async with services.database.uow() as uow:
            await uow.chats.get(chat_id, user_id=user.id)
            newest = await uow.jobs.newest_of_chat(chat_id)
            await _bring(uow, user.id, newest, scope)
            await uow.commit()
        with services.streams.taken(user.id):
            await socket.accept()
            caller = _Caller(user.id, seconds_left(token), language_of(socket), scope or Scope())
            await _converse(socket, services, caller, chat_id, newest)
    except NotAuthenticated:
        await socket.close(code=4401, reason="not authenticated")
    except DomainError as error:
        await socket.close(code=4404 if isinstance(error, NotFound) else 4429, reason=error.code)


class _Caller(msgspec.Struct, frozen=True):
    """Who talks over a socket, for how long, in what language, and what unscoped messages are about."""

    user_id: UUID
    life_s: float
    language: str
    scope: Scope


async def _converse(
    socket: WebSocket[Any, Any, Any], services: Services, caller: _Caller, chat_id: UUID, newest: UUID | None
) -> None:
    """Relay the newest job, then the job of every message that comes, until the client leaves or the token ends.

    A relay that fails ends the conversation: the client shall not wait for frames that will not come.
    """
    jobs: asyncio.Queue[UUID] = asyncio.Queue()
    if newest is not None:
        jobs.put_nowait(newest)

    async def listen() -> None:
        while True:
            frame = await socket.receive_text()
            if (job_id := await _posted(socket, services, caller, chat_id, frame)) is not None:
                jobs.put_nowait(job_id)

    async def tell() -> None:
        while True:
            await _relay(socket, services, await jobs.get(), caller)

    try:
        async with asyncio.timeout(caller.life_s), asyncio.TaskGroup() as tasks:
            tasks.create_task(listen())
            tasks.create_task(tell())
    except* (WebSocketDisconnect, TimeoutError, OSError):
        # uvicorn tells by an OSError that it has nobody to send to any more.
        pass
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close()


async def _posted(
    socket: WebSocket[Any, Any, Any], services: Services, caller: _Caller, chat_id: UUID, frame: str
) -> UUID | None:
    """The job of a message frame; a refused one is told as an `error` frame."""
    try:
        message = msgspec.json.decode(frame, type=NewMessage)
        if message.document_ids is None:
            message.document_ids = list(caller.scope.document_ids or ())
            message.compare_document_ids_a = message.compare_document_ids_a or list(caller.scope.compare_document_ids_a)
            message.compare_document_ids_b = message.compare_document_ids_b or list(caller.scope.compare_document_ids_b)
        accepted = await ask(services, caller.user_id, chat_id, message, None)
    except msgspec.MsgspecError as error:
        await socket.send_json({"event": "error", "data": {"code": "invalid_input", "message": str(error)}})
        return None
    except Exception as error:
        known = error if isinstance(error, DomainError) else domain_error_of(error)
        if known is None:
            raise
        text = known.public_en if caller.language == "en" else known.public_ru
        await socket.send_json({"event": "error", "data": {"code": known.code, "message": text}})
        return None
    return UUID(str(msgspec.to_builtins(accepted.content)["job_id"]))


async def _relay(socket: WebSocket[Any, Any, Any], services: Services, job_id: UUID, caller: _Caller) -> None:
    told = services.streams.chat_messages(job_id, after=0, life_s=caller.life_s, language=caller.language)
    async with contextlib.aclosing(told) as frames:
        async for frame in frames:
            await socket.send_json(frame)


def _query_of(socket: WebSocket[Any, Any, Any]) -> StreamScope:
    """Raises InvalidInput."""
    query: dict[str, Any] = {}
    for name in StreamScope.__struct_fields__:
        values = socket.query_params.getall(name, [])
        if values:
            query[name] = values if name.endswith(("_ids", "_a", "_b")) else values[-1]
    try:
        return msgspec.convert(query, StreamScope)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error)) from error


async def _bring(uow: SqlUnitOfWork, user_id: UUID, job_id: UUID | None, scope: Scope | None) -> None:
    """Tell the scope to a message that still waits for one."""
    if job_id is not None and scope is not None:
        await check_visible(uow, user_id, scope)
        await uow.jobs.set_scope(job_id, msgspec.to_builtins(scope))


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
        await _bring(uow, user_id, job_id, scope)
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
