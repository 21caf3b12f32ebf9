"""Saved texts of prompts: drafts, what is live, what was. A text is never changed; every change counts a revision."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Conflict, NotFound
from domain.prompts import saved_number, saved_version
from storage.tables.jobs import JobRow
from storage.tables.prompts import PromptFileRow, PromptRow, PromptStateRow


class PromptState(msgspec.Struct, frozen=True, kw_only=True):
    """`live` is the version that stands over the file, null: none does. `revision` is 0 before the first change."""

    name: str
    live: str | None = None
    revision: int = 0
    updated_at: datetime | None = None


class SavedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """`live_at` is when it was last made live; null: a draft."""

    name: str
    version: str
    text: str
    note: str
    author_id: UUID | None
    created_at: datetime
    live_at: datetime | None


class PromptVersionRepository:
    """The callers check that names are those of prompts, and texts by `domain.rules_prompts`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def states(self) -> dict[str, PromptState]:
        """Of all prompts that were ever changed, by name."""
        return {row.name: _state_of(row) for row in await self._session.scalars(select(PromptStateRow))}

    async def state(self, name: str) -> PromptState:
        row = await self._session.scalar(select(PromptStateRow).where(PromptStateRow.name == name))
        return _state_of(row) if row else PromptState(name=name)

    async def saved(self, name: str, version: str) -> SavedPrompt:
        """Raises NotFound; the text of a former file is found too."""
        number = saved_number(version)
        if number is None:
            return await self._former_file(name, version)
        row = await self._session.scalar(select(PromptRow).where(*_of(name, number)))
        if row is None:
            raise NotFound(f"prompt {name} {version}")
        return _saved_of(row)

    async def history(self, name: str, *, before: str | None = None, limit: int = 50) -> list[SavedPrompt]:
        """Newest first; `before` is the last version of the former page."""
        statement = select(PromptRow).where(PromptRow.name == name).order_by(PromptRow.version.desc()).limit(limit)
        if before is not None:
            statement = statement.where(PromptRow.version < (saved_number(before) or 0))
        return [_saved_of(row) for row in await self._session.scalars(statement)]

    async def save(
        self,
        name: str,
        text: str,
        *,
        author_id: UUID,
        note: str = "",
        live: bool = True,
        seen_revision: int | None = None,
    ) -> SavedPrompt:
        """Add a version, live or as a draft that jobs use only when it is pinned for them.

        `seen_revision` null: whatever was before. Raises Conflict when the prompt was changed since it was seen.
        """
        await self._lock(name, seen_revision)
        last = await self._session.scalar(select(func.max(PromptRow.version)).where(PromptRow.name == name))
        row = PromptRow(name=name, version=(last or 0) + 1, body=text, note=note, author_id=author_id)
        self._session.add(row)
        await self._session.flush()
        await self._set(name, {"live_version": row.version} if live else {})
        if live:
            await self._note_live(name, row.version)
        await self._session.refresh(row)
        return _saved_of(row)

    async def publish(self, name: str, version: str | None, *, seen_revision: int | None = None) -> None:
        """Make a saved version live; null: the file's text. Raises NotFound, and Conflict as `save` does."""
        await self._lock(name, seen_revision)
        number = saved_number(version) if version is not None else None
        if version is not None:
            if number is None or await self._session.scalar(select(PromptRow.id).where(*_of(name, number))) is None:
                raise NotFound(f"prompt {name} {version}")
            await self._note_live(name, number)
        await self._set(name, {"live_version": number})

    async def pin(self, job_id: UUID, pins: Mapping[str, str]) -> None:
        """Let a job that has not run yet use these versions, drafts too, whatever is live: to be called in the
        transaction that accepts it. Prompts that are not named are pinned to the live ones when it first asks.

        Raises NotFound for a version that is not stored.
        """
        for name, version in pins.items():
            await self.saved(name, version)
        await self._session.execute(
            update(JobRow).where(JobRow.id == job_id).values(prompt_pins=JobRow.prompt_pins.op("||")(dict(pins)))
        )

    async def unpin(self, job_id: UUID) -> None:
        """Let a job take the live versions when it next asks."""
        await self._session.execute(update(JobRow).where(JobRow.id == job_id).values(prompt_pins={}))

    async def _former_file(self, name: str, version: str) -> SavedPrompt:
        row = await self._session.scalar(
            select(PromptFileRow).where(PromptFileRow.name == name, PromptFileRow.version == version)
        )
        if row is None:
            raise NotFound(f"prompt {name} {version}")
        return SavedPrompt(
            name=name,
            version=version,
            text=row.body,
            note="",
            author_id=None,
            created_at=row.created_at,
            live_at=row.created_at,
        )

    async def _lock(self, name: str, seen_revision: int | None) -> None:
        """Hold the prompt's row until the commit."""
        await self._session.execute(insert(PromptStateRow).values(name=name).on_conflict_do_nothing())
        revision = await self._session.scalar(
            select(PromptStateRow.revision).where(PromptStateRow.name == name).with_for_update()
        )
        if seen_revision not in (None, revision):
            raise Conflict(
                f"prompt {name}: revision {revision}, seen {seen_revision}",
                public_ru="Промпт изменён кем-то другим. Откройте его заново.",
                public_en="Somebody else has changed the prompt. Open it again.",
            )

    async def _set(self, name: str, values: Mapping[str, int | None]) -> None:
        await self._session.execute(
            update(PromptStateRow)
            .where(PromptStateRow.name == name)
            .values(revision=PromptStateRow.revision + 1, updated_at=func.now(), **values)
        )

    async def _note_live(self, name: str, number: int) -> None:
        await self._session.execute(update(PromptRow).where(*_of(name, number)).values(live_at=func.now()))


def _of(name: str, number: int) -> Sequence[ColumnElement[bool]]:
    return PromptRow.name == name, PromptRow.version == number


def _state_of(row: PromptStateRow) -> PromptState:
    live = None if row.live_version is None else saved_version(row.live_version)
    return PromptState(name=row.name, live=live, revision=row.revision, updated_at=row.updated_at)


def _saved_of(row: PromptRow) -> SavedPrompt:
    return SavedPrompt(
        name=row.name,
        version=saved_version(row.version),
        text=row.body,
        note=row.note,
        author_id=row.author_id,
        created_at=row.created_at,
        live_at=row.live_at,
    )
