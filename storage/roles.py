"""Roles as rows: those of the service and users' own, each with all its versions."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Conflict, NotFound
from domain.prompts import saved_number, saved_version
from domain.roles import MAX_OWN, RolePrompt, RoleTexts, pin_of
from storage.tables.jobs import JobRow
from storage.tables.prompts import RolePromptRow, RoleVersionRow
from storage.tables.users import UserRow, UserSettingsRow

TEXTS = ("name", "name_en", "content", "description", "focus")


class RoleRepository:
    """See `domain.ports.Roles`; the rest serves the api. `owner_id` null means the roles of the service."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def use(self, role_id: int, user_id: UUID, version: str | None = None) -> RolePrompt | None:
        """A role that the user may choose; null when it is gone or another's. `version` is one that a job was given
        before: it stays when the role was changed or removed since."""
        chosen = _visible(user_id) if version is None else _whose(user_id)
        row = await self._session.scalar(select(RolePromptRow).where(RolePromptRow.id == role_id, chosen))
        if row is None:
            return None
        wanted = saved_number(version) if version is not None else None
        found = row if wanted in (None, row.version) else await self._version(role_id, wanted)
        texts = found or row
        return RolePrompt(
            id=role_id,
            version=texts.version,
            name=texts.name,
            content=texts.content,
            focus=tuple(texts.focus),
        )

    async def pin(self, job_id: UUID, role: RolePrompt) -> None:
        """Note in the job which version of the role it uses."""
        pins = {pin_of(role.id): saved_version(role.version)}
        await self._session.execute(
            update(JobRow).where(JobRow.id == job_id).values(prompt_pins=JobRow.prompt_pins.op("||")(pins))
        )

    async def list_of(self, user_id: UUID) -> list[RolePromptRow]:
        """Roles for everyone and the user's own, active ones, by id."""
        rows = await self._session.scalars(select(RolePromptRow).where(_visible(user_id)).order_by(RolePromptRow.id))
        return list(rows)

    async def of_service(self) -> list[RolePromptRow]:
        """Also the removed ones."""
        statement = select(RolePromptRow).where(RolePromptRow.owner_id.is_(None)).order_by(RolePromptRow.id)
        return list(await self._session.scalars(statement))

    async def add(self, owner_id: UUID | None, texts: RoleTexts, *, author_id: UUID) -> RolePromptRow:
        """Raises Conflict when the owner has as many as allowed."""
        if owner_id is not None:
            await self._check_room(owner_id)
        row = RolePromptRow(owner_id=owner_id, version=1, **_columns(texts))
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        await self._keep(row, author_id, "")
        return row

    async def change(
        self,
        role_id: int,
        owner_id: UUID | None,
        changes: Mapping[str, Any],
        *,
        author_id: UUID,
        seen_version: int | None = None,
        note: str = "",
    ) -> RolePromptRow:
        """A new version with these texts changed. Raises NotFound, and Conflict when the role is no longer as seen."""
        row = await self._locked(role_id, owner_id)
        if seen_version not in (None, row.version):
            raise Conflict(
                f"role {role_id}: version {row.version}, seen {seen_version}",
                public_ru="Роль изменена кем-то другим. Откройте её заново.",
                public_en="Somebody else has changed the role. Open it again.",
            )
        for name, value in changes.items():
            setattr(row, name, value)
        row.version += 1
        await self._session.flush()
        await self._session.execute(
            update(RolePromptRow).where(RolePromptRow.id == role_id).values(updated_at=func.now())
        )
        await self._session.refresh(row)
        await self._keep(row, author_id, note)
        return row

    async def roll_back(
        self, role_id: int, owner_id: UUID | None, version: int, *, author_id: UUID, seen_version: int | None = None
    ) -> RolePromptRow:
        """A new version equal to a former one. Raises as `change` does."""
        await self._locked(role_id, owner_id)
        former = await self._version(role_id, version)
        if former is None:
            raise NotFound(f"role {role_id} version {version}")
        changes = {name: getattr(former, name) for name in TEXTS}
        note = f"rollback to {version}"
        return await self.change(role_id, owner_id, changes, author_id=author_id, seen_version=seen_version, note=note)

    async def remove(self, role_id: int, owner_id: UUID | None) -> None:
        """Nobody can choose it any more, and who had chosen it has no role; jobs that used it keep its texts."""
        row = await self._locked(role_id, owner_id)
        row.is_active = False
        chosen = UserSettingsRow.changed["selected_role_prompt_id"].as_string()
        await self._session.execute(
            update(UserSettingsRow)
            .where(chosen == str(role_id))
            .values(changed=UserSettingsRow.changed.op("-")("selected_role_prompt_id"), updated_at=func.now())
        )
        await self._session.flush()

    async def versions(self, role_id: int, owner_id: UUID | None, *, limit: int = 100) -> list[RoleVersionRow]:
        """Newest first. Raises NotFound."""
        await self._locked(role_id, owner_id)
        rows = await self._session.scalars(
            select(RoleVersionRow)
            .where(RoleVersionRow.role_id == role_id)
            .order_by(RoleVersionRow.version.desc())
            .limit(limit)
        )
        return list(rows)

    async def _locked(self, role_id: int, owner_id: UUID | None) -> RolePromptRow:
        whose = RolePromptRow.owner_id.is_(None) if owner_id is None else RolePromptRow.owner_id == owner_id
        row = await self._session.scalar(
            select(RolePromptRow).where(RolePromptRow.id == role_id, RolePromptRow.is_active, whose).with_for_update()
        )
        if row is None:
            raise NotFound(f"role {role_id}")
        return row

    async def _version(self, role_id: int, version: int | None) -> RoleVersionRow | None:
        return await self._session.scalar(
            select(RoleVersionRow).where(RoleVersionRow.role_id == role_id, RoleVersionRow.version == version)
        )

    async def _keep(self, row: RolePromptRow, author_id: UUID, note: str) -> None:
        texts = {name: getattr(row, name) for name in TEXTS}
        self._session.add(RoleVersionRow(role_id=row.id, version=row.version, note=note, author_id=author_id, **texts))
        await self._session.flush()

    async def _check_room(self, owner_id: UUID) -> None:
        # Two that are added at once are counted one after the other.
        await self._session.execute(select(UserRow.id).where(UserRow.id == owner_id).with_for_update(key_share=True))
        own = select(func.count()).where(RolePromptRow.owner_id == owner_id, RolePromptRow.is_active)
        if (await self._session.scalar(own) or 0) >= MAX_OWN:
            raise Conflict(
                f"user {owner_id} has {MAX_OWN} roles",
                public_ru=f"Своих ролей может быть не больше {MAX_OWN}.",
                public_en=f"You may have at most {MAX_OWN} roles of your own.",
            )


def _visible(user_id: UUID) -> ColumnElement[bool]:
    return RolePromptRow.is_active & _whose(user_id)


def _whose(user_id: UUID) -> ColumnElement[bool]:
    return or_(RolePromptRow.owner_id.is_(None), RolePromptRow.owner_id == user_id)


def _columns(texts: RoleTexts) -> dict[str, Any]:
    return {**msgspec.structs.asdict(texts), "focus": list(texts.focus)}
