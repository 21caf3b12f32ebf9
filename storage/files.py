"""Uploaded files as rows; their bytes are blobs."""

from uuid import UUID

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents import StoredFile
from domain.errors import NotFound
from storage.tables.documents import FileRow


class _Files(SQLAlchemyAsyncRepository[FileRow]):
    model_type = FileRow


class FileRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._files = _Files(session=session)

    async def add(self, file: StoredFile) -> StoredFile:
        row = await self._files.add(
            FileRow(
                id=file.id,
                owner_id=file.owner_id,
                filename=file.filename,
                mime_type=file.mime_type,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
            ),
            auto_refresh=True,
        )
        return _file_of(row)

    async def get(self, file_id: UUID, user_id: UUID) -> StoredFile:
        """Raises NotFound also for another user's file."""
        row = await self._files.get_one_or_none(
            FileRow.id == file_id, FileRow.owner_id == user_id, FileRow.deleted_at.is_(None)
        )
        if row is None:
            raise NotFound(f"file {file_id}")
        return _file_of(row)

    async def list_of(self, user_id: UUID, *, limit: int, offset: int) -> list[StoredFile]:
        rows = await self._session.scalars(
            select(FileRow)
            .where(FileRow.owner_id == user_id, FileRow.deleted_at.is_(None))
            .order_by(FileRow.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [_file_of(row) for row in rows]

    async def delete(self, file_id: UUID, user_id: UUID) -> None:
        """Hide the file, forget its name; its documents are the caller's to hide. Raises NotFound."""
        await self.get(file_id, user_id)
        hidden = {"deleted_at": func.now(), "filename": ""}
        await self._session.execute(update(FileRow).where(FileRow.id == file_id).values(hidden))


def _file_of(row: FileRow) -> StoredFile:
    return StoredFile(
        id=row.id,
        owner_id=row.owner_id,
        filename=row.filename,
        mime_type=row.mime_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
    )
