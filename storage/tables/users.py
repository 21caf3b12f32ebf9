"""Users, what they prove themselves with, what they may see, their settings, quotas, and the audit trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import Base, CreatedAt, PlainBase


class UserRow(Base):
    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role in ('user', 'premium', 'admin')", name="role_known"),
        CheckConstraint("status in ('active', 'inactive', 'blocked')", name="status_known"),
    )

    username: Mapped[str] = mapped_column(String(200), unique=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(20), server_default="user")
    status: Mapped[str] = mapped_column(String(20), server_default="active")
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[datetime | None]


class CredentialRow(Base):
    """One way of a user to prove who they are; `secret_hash` is sha256 of a token, or argon2id of a password."""

    __tablename__ = "credentials"
    __table_args__ = (
        Index("ix_credentials_kind_secret_hash", "kind", "secret_hash", unique=True),
        CheckConstraint("kind in ('token', 'password', 'oauth', 'provider_key')", name="kind_known"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200), server_default="")
    secret_hash: Mapped[str] = mapped_column(String(200))
    ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class ProviderKeyRow(PlainBase):
    """A user's own key of a model provider: AES-256-GCM, the nonce first, bound to user and provider. `key_version`
    names the master key; `last_four` are the last characters of the key, for its owner to know it by."""

    __tablename__ = "provider_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[str] = mapped_column(String(20))
    last_four: Mapped[str] = mapped_column(String(4))
    updated_at: Mapped[CreatedAt]


class RevokedTokenRow(PlainBase):
    """An access token that was logged out before it expired, by its `jti`."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UserSettingsRow(PlainBase):
    """The settings a user has changed, as JSON of `domain.chats.Settings`; absent keys are defaults."""

    __tablename__ = "user_settings"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    changed: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    updated_at: Mapped[CreatedAt]


class GrantRow(Base):
    """Who may see a document or a node of the project tree (inherited downwards); user null: everyone."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("num_nonnulls(node_id, document_id) = 1", name="one_object"),
        CheckConstraint("access in ('read', 'write')", name="access_known"),
        Index(
            "uq_grants_object_user",
            text("coalesce(node_id, document_id)"),
            text("coalesce(user_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            unique=True,
        ),
    )

    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("tree_nodes.id", ondelete="CASCADE"), index=True)
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    access: Mapped[str] = mapped_column(String(10), server_default="read")
    created_at: Mapped[CreatedAt]


class QuotaRow(PlainBase):
    """What a user may spend in a period (`2026-11`), in units of `kind` (jobs, micro_usd). No row: no limit."""

    __tablename__ = "quotas"
    __table_args__ = (CheckConstraint("used >= 0 and reserved >= 0", name="not_negative"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    cap: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reserved: Mapped[int] = mapped_column(BigInteger, server_default="0")


class AuditRow(PlainBase):
    """What was done with authority: appended, never changed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    at: Mapped[CreatedAt]
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(Text, server_default="")
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
