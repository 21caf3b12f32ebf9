"""Roles and prompts kept in the database. Of a prompt, the live version stands over the file of the same name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class PromptRow(Base):
    """A saved text of a prompt, never changed: `version` is dense from 1 per name. One that was never live is a
    draft."""

    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("name", "version"),)

    name: Mapped[str] = mapped_column(String(200), index=True)
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    author_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    live_at: Mapped[datetime | None]


class PromptStateRow(PlainBase):
    """Which version of a prompt new jobs take; null: the file's. `revision` grows with every change, also with one
    that only saves a draft: of two editors who saw the same revision, one wins."""

    __tablename__ = "prompt_states"
    __table_args__ = (ForeignKeyConstraint(["name", "live_version"], ["prompts.name", "prompts.version"]),)

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    live_version: Mapped[int | None] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer, server_default="0")
    updated_at: Mapped[CreatedAt]


class PromptFileRow(PlainBase):
    """The text of a prompt file that a worker was started with, by the hash of its content: jobs that began with it end
    with it, whatever was deployed since."""

    __tablename__ = "prompt_files"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]


class RolePromptRow(PlainBase):
    """A role a user may choose (Инженер, Экономист …); ids are integers (DESIGN §10). Owner null: for everyone.

    `content` is what the model is told, `focus` are words of what the role looks for first. `version` is that of the
    newest row of `role_prompt_versions`, which holds the same texts. `key` names the roles that come with the product.
    """

    __tablename__ = "role_prompts"
    __table_args__ = (Index("uq_role_prompts_key", "key", unique=True, postgresql_where=text("key is not null")),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key: Mapped[str | None] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), server_default="")
    content: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    focus: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    is_active: Mapped[bool] = mapped_column(server_default="true")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class RoleVersionRow(PlainBase):
    """What a role was at one time, never changed."""

    __tablename__ = "role_prompt_versions"

    role_id: Mapped[int] = mapped_column(ForeignKey("role_prompts.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), server_default="")
    content: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    focus: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    note: Mapped[str] = mapped_column(Text, server_default="")
    author_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
