"""`/chats`: chats, their messages, and the live view of the newest job."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from api.auth import AuthRequest
from api.chat_views import (
    AcceptedMessage,
    ChatView,
    ChatWithMessages,
    MessageView,
    accepted_view,
    chat_view,
    messages_view,
)
from api.idempotency import accept_once
from api.routes.estimates import ANALYSIS, ANALYSIS_MODES
from api.scopes import MAX_OFFSET, Ids, MessageScope, pictures_of_message, scope_of_message
from api.services import Services
from domain import rules_jobs
from domain.chats import DEFAULT_TITLE, Chat, Scope
from domain.evidence import Region
from domain.ids import new_id
from domain.submission import check_visible, submit_question
from storage.uow import SqlUnitOfWork

MAX_PICTURES = 6
"""Pasted into one message: as many as are shown to a model from the start."""

MAX_QUESTION = 32_000
"""Characters of one message; a longer text is a document to be uploaded."""

MAX_DESCRIPTION = 10_000
MAX_URI = 2_000
"""Characters. Guesses."""

Title = Annotated[str, Meta(min_length=1, max_length=300)]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION)]
Content = Annotated[str, Meta(min_length=1, max_length=MAX_QUESTION, pattern=r"\S")]


class NewChat(msgspec.Struct, kw_only=True):
    title: Title | None = None
    description: Description | None = None
    document_ids: Ids = []


class ChatChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    document_ids: Ids | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET


class NewMessage(MessageScope, msgspec.Struct, kw_only=True):
    """A message. Without any of the document fields its scope comes with the stream request, as former clients do.

    `regions` and `pictures` (uploaded image files, by id) are evidence from the start; they do not narrow the scope.
    """

    content: Content
    google_file_uris: Annotated[list[Annotated[str, Meta(max_length=MAX_URI)]], Meta(max_length=100)] = []
    regions: Annotated[list[Region], Meta(max_length=100)] = []
    pictures: Annotated[list[UUID], Meta(max_length=MAX_PICTURES)] = []
    reply_to_id: UUID | None = None
    client_id: Annotated[str, Meta(max_length=200)] | None = None


class Deleted(msgspec.Struct, kw_only=True):
    message: str
    chat_id: UUID


@post("/", status_code=201, tags=["chats"])
async def create_chat(request: AuthRequest, data: JSONBody[NewChat], services: NamedDependency[Services]) -> ChatView:
    async with services.database.uow() as uow:
        await _check_documents(uow, request.user.id, data.document_ids)
        chat = await uow.chats.add(
            Chat(
                id=new_id(),
                user_id=request.user.id,
                title=data.title or DEFAULT_TITLE,
                description=data.description,
                document_ids=tuple(data.document_ids),
            )
        )
        await uow.commit()
    return chat_view(chat)


@get("/", tags=["chats"])
async def list_chats(
    request: AuthRequest,
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    offset: Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET)] = 0,
) -> list[ChatView]:
    """The caller's chats, newest first."""
    async with services.database.uow() as uow:
        return [chat_view(chat) for chat in await uow.chats.list_of(request.user.id, limit=limit, offset=offset)]


@get("/{chat_id:uuid}", tags=["chats"])
async def get_chat(
    request: AuthRequest,
    chat_id: FromPath[UUID],
    services: NamedDependency[Services],
    superseded: Annotated[bool, QueryParameter()] = False,
) -> ChatWithMessages:
    """The chat with its messages; answers come whole, with citations, evidence pictures and checked claims. Questions
    that were edited and answers that were given anew are left out, unless `superseded` is true."""
    async with services.database.uow() as uow:
        chat = chat_view(await uow.chats.get(chat_id, user_id=request.user.id))
        messages = await messages_view(uow, services.settings, chat_id, request.user.id, with_superseded=superseded)
    return ChatWithMessages(**msgspec.structs.asdict(chat), chat=chat, messages=messages)


@patch("/{chat_id:uuid}", tags=["chats"])
async def change_chat(
    request: AuthRequest, chat_id: FromPath[UUID], data: JSONBody[ChatChange], services: NamedDependency[Services]
) -> ChatView:
    changes = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    async with services.database.uow() as uow:
        await _check_documents(uow, request.user.id, changes.get("document_ids", []))
        chat = await uow.chats.rename(chat_id, request.user.id, changes=changes)
        await uow.commit()
    return chat_view(chat)


@delete("/{chat_id:uuid}", status_code=202, tags=["chats"])
async def delete_chat(request: AuthRequest, chat_id: FromPath[UUID], services: NamedDependency[Services]) -> Deleted:
    """The chat is gone at once; its unfinished jobs are cancelled, and what its jobs hold is forgotten but for their
    figures."""
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=request.user.id)
        for job_id in await uow.jobs.unfinished_of_chat(chat_id):
            await uow.jobs.transition(job_id, rules_jobs.Cancel())
        await uow.chats.delete(chat_id, request.user.id)
        await uow.commit()
    return Deleted(message="deleted", chat_id=chat_id)


@get("/{chat_id:uuid}/messages", tags=["chats"])
async def list_messages(
    request: AuthRequest,
    chat_id: FromPath[UUID],
    services: NamedDependency[Services],
    superseded: Annotated[bool, QueryParameter()] = False,
) -> list[MessageView]:
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=request.user.id)
        return await messages_view(uow, services.settings, chat_id, request.user.id, with_superseded=superseded)


@post("/{chat_id:uuid}/messages", status_code=202, tags=["chats"])
async def post_message(
    request: AuthRequest,
    chat_id: FromPath[UUID],
    data: JSONBody[NewMessage],
    services: NamedDependency[Services],
    key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Response[AcceptedMessage]:
    """Ask. The answer is a job: follow `links.stream`, or poll `links.job`."""
    return await ask(services, request.user.id, chat_id, data, key)


async def ask(
    services: Services, user_id: UUID, chat_id: UUID, data: NewMessage, key: str | None
) -> Response[AcceptedMessage]:
    """Accept a message, once for each key."""
    estimates = await services.estimates.of(ANALYSIS, ANALYSIS_MODES)

    async def accept(uow: SqlUnitOfWork) -> AcceptedMessage:
        submitted = await submit_question(
            uow,
            user_id=user_id,
            chat_id=chat_id,
            content=data.content,
            scope=await scope_of_message(uow, user_id, data),
            regions=data.regions,
            picture_document_ids=await pictures_of_message(uow, user_id, data.pictures),
            reply_to_id=data.reply_to_id,
            attachments={**msgspec.to_builtins(data), "content": None},
        )
        return accepted_view(submitted, estimates)

    return await accept_once(
        services.database,
        user_id=user_id,
        route="POST /chats/{id}/messages",
        key=key,
        request={"chat_id": chat_id, "body": data},
        accept=accept,
    )


async def _check_documents(uow: SqlUnitOfWork, user_id: UUID, document_ids: list[UUID]) -> None:
    await check_visible(uow, user_id, Scope(document_ids=tuple(document_ids)))


router = Router(
    "/chats",
    route_handlers=[create_chat, list_chats, get_chat, change_chat, delete_chat, list_messages, post_message],
)
