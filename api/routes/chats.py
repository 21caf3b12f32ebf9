"""`/chats`: chats, their messages, and the live view of the newest job."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from api.auth import AuthRequest
from api.idempotency import accept_once
from api.scopes import MAX_OFFSET, Ids, MessageScope, scope_of_message
from api.services import Services
from domain import rules_jobs
from domain.answers import Answer
from domain.chats import DEFAULT_TITLE, Chat, Message, Role, Scope
from domain.evidence import Region
from domain.ids import new_id
from domain.jobs import JobState
from domain.submission import check_visible, submit_question
from storage.uow import SqlUnitOfWork

MAX_QUESTION = 32_000
"""Characters of one message; a longer text is a document to be uploaded."""

Title = Annotated[str, Meta(min_length=1, max_length=300)]
Content = Annotated[str, Meta(min_length=1, max_length=MAX_QUESTION, pattern=r"\S")]


class NewChat(msgspec.Struct, kw_only=True):
    title: Title | None = None
    description: str | None = None
    document_ids: Ids = []


class ChatChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    title: Title | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    document_ids: Ids | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET


class NewMessage(MessageScope, msgspec.Struct, kw_only=True):
    """A message. Without any of the document fields its scope comes with the stream request, as former clients do."""

    content: Content
    google_file_uris: Annotated[list[str], Meta(max_length=100)] = []
    regions: Annotated[list[Region], Meta(max_length=100)] = []
    client_id: str | None = None


class ChatView(msgspec.Struct, kw_only=True):
    id: UUID
    title: str
    description: str | None
    user_id: UUID
    document_ids: tuple[UUID, ...]
    created_at: datetime | None
    updated_at: datetime | None


class MessageView(msgspec.Struct, kw_only=True):
    """`answer` is the whole structured answer; `images` its evidence pictures; `status` that of the message's job."""

    id: UUID
    chat_id: UUID
    role: str
    content: str
    message_type: str
    created_at: datetime | None
    job_id: UUID | None = None
    status: str | None = None
    images: list[Any] = []
    answer: Answer | None = None


class ChatWithMessages(ChatView, kw_only=True):
    chat: ChatView
    messages: list[MessageView]


class Links(msgspec.Struct, kw_only=True):
    job: str
    events: str
    stream: str
    cancel: str


class AcceptedMessage(MessageView, kw_only=True):
    links: Links


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
    return _chat_view(chat)


@get("/", tags=["chats"])
async def list_chats(
    request: AuthRequest,
    services: NamedDependency[Services],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    offset: Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET)] = 0,
) -> list[ChatView]:
    """The caller's chats, newest first."""
    async with services.database.uow() as uow:
        return [_chat_view(chat) for chat in await uow.chats.list_of(request.user.id, limit=limit, offset=offset)]


@get("/{chat_id:uuid}", tags=["chats"])
async def get_chat(
    request: AuthRequest, chat_id: FromPath[UUID], services: NamedDependency[Services]
) -> ChatWithMessages:
    """The chat with all messages; answers come whole, with citations and checked claims."""
    async with services.database.uow() as uow:
        chat = _chat_view(await uow.chats.get(chat_id, user_id=request.user.id))
        messages = await _messages(uow, chat_id)
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
    return _chat_view(chat)


@delete("/{chat_id:uuid}", status_code=202, tags=["chats"])
async def delete_chat(request: AuthRequest, chat_id: FromPath[UUID], services: NamedDependency[Services]) -> Deleted:
    """The chat is gone at once; its unfinished jobs are cancelled."""
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=request.user.id)
        for job_id in await uow.jobs.unfinished_of_chat(chat_id):
            await uow.jobs.transition(job_id, rules_jobs.Cancel())
        await uow.chats.delete(chat_id, request.user.id)
        await uow.commit()
    return Deleted(message="deleted", chat_id=chat_id)


@get("/{chat_id:uuid}/messages", tags=["chats"])
async def list_messages(
    request: AuthRequest, chat_id: FromPath[UUID], services: NamedDependency[Services]
) -> list[MessageView]:
    async with services.database.uow() as uow:
        await uow.chats.get(chat_id, user_id=request.user.id)
        return await _messages(uow, chat_id)


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

    async def accept(uow: SqlUnitOfWork) -> AcceptedMessage:
        submitted = await submit_question(
            uow,
            user_id=user_id,
            chat_id=chat_id,
            content=data.content,
            scope=await scope_of_message(uow, user_id, data),
            regions=data.regions,
            attachments={**msgspec.to_builtins(data), "content": None},
        )
        view = msgspec.structs.asdict(_message_view(submitted.message, None, JobState.QUEUED))
        return AcceptedMessage(**view, links=_links(chat_id, submitted.job.id))

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


async def _messages(uow: SqlUnitOfWork, chat_id: UUID) -> list[MessageView]:
    answers = await uow.chats.answers(chat_id)
    states = await uow.jobs.states_of_chat(chat_id)
    return [
        _message_view(message, answers.get(message.id), states.get(message.job_id))
        for message in await uow.chats.messages(chat_id)
    ]


def _chat_view(chat: Chat) -> ChatView:
    return ChatView(
        id=chat.id,
        title=chat.title,
        description=chat.description,
        user_id=chat.user_id,
        document_ids=chat.document_ids,
        created_at=chat.created_at,
        updated_at=chat.updated_at,
    )


def _message_view(message: Message, answer: Answer | None, state: JobState | None) -> MessageView:
    return MessageView(
        id=message.id,
        chat_id=message.chat_id,
        role=Role(message.role).value,
        content=message.content,
        message_type=message.message_type,
        created_at=message.created_at,
        job_id=message.job_id,
        status=state.value if state else None,
        answer=answer,
    )


def _links(chat_id: UUID, job_id: UUID) -> Links:
    return Links(
        job=f"/jobs/{job_id}",
        events=f"/jobs/{job_id}/events",
        stream=f"/chats/{chat_id}/stream",
        cancel=f"/jobs/{job_id}/cancel",
    )


router = Router(
    "/chats",
    route_handlers=[create_chat, list_chats, get_chat, change_chat, delete_chat, list_messages, post_message],
)
