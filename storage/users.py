"""Users, credentials, settings and the audit trail as rows."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from advanced_alchemy.exceptions import IntegrityError
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chats import Settings
from domain.errors import Conflict, NotFound
from domain.ids import new_id
from storage.batching import Batches
from storage.direct import Direct
from storage.tables.users import AuditRow, CredentialRow, RevokedTokenRow, UserRow, UserSettingsRow


class User(msgspec.Struct, frozen=True):
    id: UUID
    username: str
    role: str
    status: str
    email: str | None = None
    created_at: datetime | None = None
    last_seen_at: datetime | None = None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


class _Users(SQLAlchemyAsyncRepository[UserRow]):
    model_type = UserRow


class UserRepository:
    """See `domain.ports.Users`; the rest serves the api."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._users = _Users(session=session)

    async def count(self) -> int:
        return await self._users.count()

    async def add(self, username: str, role: str) -> User:
        """Raises Conflict when the name is taken."""
        try:
            row = await self._users.add(UserRow(username=username, role=role), auto_refresh=True)
        except IntegrityError as error:
            raise Conflict(
                "username taken", public_ru="Имя пользователя занято.", public_en="The username is taken."
            ) from error
        return _user_of(row)

    async def get(self, user_id: UUID) -> User:
        row = await self._users.get_one_or_none(UserRow.id == user_id)
        if row is None:
            raise NotFound(f"user {user_id}")
        return _user_of(row)

    async def by_name(self, username: str) -> User | None:
        row = await self._users.get_one_or_none(UserRow.username == username)
        return _user_of(row) if row else None

    async def list_of(self, *, limit: int, offset: int) -> list[User]:
        rows = await self._session.scalars(select(UserRow).order_by(UserRow.id).limit(limit).offset(offset))
        return [_user_of(row) for row in rows]

    async def change(self, user_id: UUID, changes: dict[str, Any]) -> User:
        """`changes` may hold role and status."""
        changed = await self._session.scalar(
            update(UserRow).where(UserRow.id == user_id).values(**changes).returning(UserRow)
        )
        if changed is None:
            raise NotFound(f"user {user_id}")
        return _user_of(changed)

    async def add_token(self, user_id: UUID, token: str, name: str, expires_at: datetime | None = None) -> UUID:
        """Keep the sha256 of a static token (its 256 random bits need no slow hash)."""
        credential_id = new_id()
        self._session.add(
            CredentialRow(
                id=credential_id,
                user_id=user_id,
                kind="token",
                name=name,
                secret_hash=token_hash(token),
                expires_at=expires_at,
            )
        )
        await self._session.flush()
        return credential_id

    async def by_token(self, token: str) -> User | None:
        """The user of a static token that is neither revoked nor expired, whatever their status; notes its use."""
        user_id = await self._session.scalar(
            update(CredentialRow)
            .where(
                CredentialRow.kind == "token",
                CredentialRow.secret_hash == token_hash(token),
                CredentialRow.revoked_at.is_(None),
                (CredentialRow.expires_at.is_(None)) | (CredentialRow.expires_at > func.now()),
            )
            .values(last_used_at=func.now())
            .returning(CredentialRow.user_id)
        )
        if user_id is None:
            return None
        row = await self._session.scalar(
            update(UserRow).where(UserRow.id == user_id).values(last_seen_at=func.now()).returning(UserRow)
        )
        return _user_of(row) if row else None

    async def tokens(self, user_id: UUID) -> list[dict[str, Any]]:
        rows = await self._session.scalars(
            select(CredentialRow).where(CredentialRow.user_id == user_id, CredentialRow.kind == "token")
        )
        return [
            {
                "id": row.id,
                "name": row.name,
                "created_at": row.created_at,
                "expires_at": row.expires_at,
                "revoked_at": row.revoked_at,
                "last_used_at": row.last_used_at,
            }
            for row in rows
        ]

    async def revoke_token(self, user_id: UUID, credential_id: UUID) -> None:
        revoked = await self._session.scalar(
            update(CredentialRow)
            .where(CredentialRow.id == credential_id, CredentialRow.user_id == user_id, CredentialRow.kind == "token")
            .values(revoked_at=func.coalesce(CredentialRow.revoked_at, func.now()))
            .returning(CredentialRow.id)
        )
        if revoked is None:
            raise NotFound(f"credential {credential_id}")

    async def revoke_access(self, jti: UUID, expires_at: datetime) -> None:
        await self._session.execute(
            insert(RevokedTokenRow).values(jti=jti, expires_at=expires_at).on_conflict_do_nothing()
        )

    async def settings(self, user_id: UUID) -> Settings:
        changed = await self._session.scalar(select(UserSettingsRow.changed).where(UserSettingsRow.user_id == user_id))
        return msgspec.convert(changed or {}, type=Settings, strict=False)

    async def change_settings(self, user_id: UUID, changes: dict[str, Any]) -> Settings:
        """`changes` are checked values of `Settings` by name; others stay as they are."""
        statement = insert(UserSettingsRow).values(user_id=user_id, changed=changes)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[UserSettingsRow.user_id],
                set_={
                    "changed": UserSettingsRow.changed.op("||")(statement.excluded.changed),
                    "updated_at": func.now(),
                },
            )
        )
        return await self.settings(user_id)

    async def audit(self, actor_id: UUID | None, action: str, subject: str = "", **details: Any) -> None:
        self._session.add(
            AuditRow(actor_id=actor_id, action=action, subject=subject, details=msgspec.to_builtins(details))
        )
        await self._session.flush()


class Access:
    """Whose an access token is. It is asked at every request, of the database every time."""

    def __init__(self, auto: Direct) -> None:
        self._auto = auto
        self._batches = Batches(self._find)

    async def user_of(self, user_id: UUID, jti: UUID) -> User | None:
        """Null unless the user is active and the token was not logged out."""
        return await self._batches.get((user_id, jti))

    async def _find(self, asked: Sequence[tuple[UUID, UUID]]) -> list[User | None]:
        rows = await self._auto.every(_FOR_ACCESS, [one[0] for one in asked], [one[1] for one in asked])
        return [User(*row) if row[0] else None for row in rows]


_FOR_ACCESS = """
select u.id, u.username, u.role, u.status, u.email, u.created_at, u.last_seen_at
from unnest($1::uuid[], $2::uuid[]) with ordinality as asked(user_id, jti, no)
left join users u on u.id = asked.user_id and u.status = 'active'
  and not exists (select 1 from revoked_tokens r where r.jti = asked.jti)
order by asked.no
"""


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user_of(row: UserRow) -> User:
    return User(
        id=row.id,
        username=row.username,
        role=row.role,
        status=row.status,
        email=row.email,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )
