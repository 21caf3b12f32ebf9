"""Chats, their messages and the settings a user has for answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.evidence import Region

DEFAULT_TITLE = "Новый чат"


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    title: str
    description: str | None = None
    document_ids: tuple[UUID, ...] = ()
    is_archived: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """`reply_to_id` is the question of an answer, or the message that a question replies to."""

    id: UUID
    chat_id: UUID
    role: Role
    content: str
    message_type: str = "text"
    job_id: UUID | None = None
    reply_to_id: UUID | None = None
    created_at: datetime | None = None


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The documents a message asks about. `document_ids` null: the chat's, else all that the caller may see."""

    document_ids: tuple[UUID, ...] | None = None
    compare_document_ids_a: tuple[UUID, ...] = ()
    compare_document_ids_b: tuple[UUID, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an analysis job: ids and the pointing of one message. `scope` null: not yet known.

    `picture_document_ids` are documents made of pasted pictures: evidence from the start, beside the scope.
    """

    message_id: UUID
    chat_id: UUID
    scope: Scope | None = None
    regions: tuple[Region, ...] = ()
    picture_document_ids: tuple[UUID, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The seven settings of a user (spec/aizoomdoc.md §1.3) and the language of answers (`auto`: the question's)."""

    model_profile: Annotated[str, msgspec.Meta(pattern="^(simple|complex)$")] = "simple"
    selected_role_prompt_id: int | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 1.0
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.95
    thinking_enabled: bool = True
    thinking_budget: Annotated[int, msgspec.Meta(ge=0, le=24576)] = 0
    media_resolution: Annotated[str, msgspec.Meta(pattern="^(low|medium|high)$")] = "high"


def title_of(question: str) -> str:
    """The title a chat gets from its first question: its first line, at most 80 characters, cut at a word."""
    line = " ".join(question.split("\n", 1)[0].split())
    if len(line) <= 80:
        return line or DEFAULT_TITLE
    return line[:80].rsplit(" ", 1)[0].rstrip(" ,.;:—-") + "…"
