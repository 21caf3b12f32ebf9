"""Chats, messages and answers as clients see them, with the field names of spec/aizoomdoc.md §1.1."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from api.pictures import picture_path
from api.settings import ApiSettings
from domain.answers import Answer
from domain.chats import Chat, Message, Role
from domain.evidence import EvidencePicture
from domain.jobs import JobState
from domain.submission import Submitted
from storage.estimates import Estimate
from storage.feedback import Feedback
from storage.uow import SqlUnitOfWork


class ImageView(msgspec.Struct, kw_only=True):
    """An evidence picture with the names of spec/aizoomdoc.md §1.1; its place is in the answer. `glyph_px` is the
    height of its smallest letters as the model saw them."""

    id: str
    file_id: str
    image_type: str
    description: str
    width: int
    height: int
    url: str
    glyph_px: float | None = None
    reason: str = ""
    reason_ru: str = ""
    reason_en: str = ""


class ChatView(msgspec.Struct, kw_only=True):
    id: UUID
    title: str
    description: str | None
    user_id: UUID
    document_ids: tuple[UUID, ...]
    created_at: datetime | None
    updated_at: datetime | None


class MessageView(msgspec.Struct, kw_only=True):
    """`answer` is the whole structured answer; `images` its evidence pictures; `status` that of the message's job;
    `feedback` is the caller's."""

    id: UUID
    chat_id: UUID
    role: str
    content: str
    message_type: str
    created_at: datetime | None
    job_id: UUID | None = None
    reply_to_id: UUID | None = None
    status: str | None = None
    images: list[ImageView] = []
    answer: Answer | None = None
    feedback: Feedback | None = None


class ChatWithMessages(ChatView, kw_only=True):
    chat: ChatView
    messages: list[MessageView]


class Links(msgspec.Struct, kw_only=True):
    job: str
    events: str
    stream: str
    cancel: str


class AcceptedMessage(MessageView, kw_only=True):
    """`estimate` is what jobs of this kind cost and took; its parts are null while too few are known."""

    links: Links
    estimate: Estimate


def accepted_view(submitted: Submitted, estimates: Mapping[str, Estimate]) -> AcceptedMessage:
    """A question whose job was just accepted. `estimates` are by mode."""
    view = msgspec.structs.asdict(_message_view(submitted.message, JobState.QUEUED))
    links = _links(submitted.message.chat_id, submitted.job.id)
    return AcceptedMessage(**view, links=links, estimate=estimates.get(submitted.job.mode, Estimate()))


async def messages_view(
    uow: SqlUnitOfWork, settings: ApiSettings, chat_id: UUID, user_id: UUID, *, with_superseded: bool
) -> list[MessageView]:
    answers = await uow.chats.answers(chat_id)
    states = await uow.jobs.states_of_chat(chat_id)
    opinions = await uow.feedback.of_chat(chat_id, user_id)
    shown: list[MessageView] = []
    for message in await uow.chats.messages(chat_id, with_superseded=with_superseded):
        view = _message_view(message, states.get(message.job_id))
        view.answer = answers.get(message.id)
        view.feedback = opinions.get(message.id)
        view.images = [_image_view(settings, picture) for picture in view.answer.pictures] if view.answer else []
        shown.append(view)
    return shown


def chat_view(chat: Chat) -> ChatView:
    return ChatView(
        id=chat.id,
        title=chat.title,
        description=chat.description,
        user_id=chat.user_id,
        document_ids=chat.document_ids,
        created_at=chat.created_at,
        updated_at=chat.updated_at,
    )


def _message_view(message: Message, state: JobState | None) -> MessageView:
    return MessageView(
        id=message.id,
        chat_id=message.chat_id,
        role=Role(message.role).value,
        content=message.content,
        message_type=message.message_type,
        created_at=message.created_at,
        job_id=message.job_id,
        reply_to_id=message.reply_to_id,
        status=state.value if state else None,
    )


def _image_view(settings: ApiSettings, picture: EvidencePicture) -> ImageView:
    return ImageView(
        id=picture.ref,
        file_id=picture.digest,
        image_type=picture.kind.value,
        description=picture.block_id or picture.sheet,
        width=picture.width_px,
        height=picture.height_px,
        url=picture_path(settings, picture.digest),
        glyph_px=picture.glyph_px,
        reason=picture.reason,
        reason_ru=picture.reason_ru,
        reason_en=picture.reason_en,
    )


def _links(chat_id: UUID, job_id: UUID) -> Links:
    return Links(
        job=f"/jobs/{job_id}",
        events=f"/jobs/{job_id}/events",
        stream=f"/chats/{chat_id}/stream",
        cancel=f"/jobs/{job_id}/cancel",
    )
