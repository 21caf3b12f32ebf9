"""The unit of work: one transaction, its repositories, and what is told after it.

Leaving the block without `commit()` rolls back. The outbox is delivered when the block has been left and the
connection is back in the pool: commit, leave, then ring or publish (DESIGN §4).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from domain.family import Ended
from storage.chats import ChatRepository
from storage.database import Sessions
from storage.documents import DocumentRepository
from storage.files import FileRepository
from storage.jobs import JobRepository
from storage.outbox import Outbox
from storage.submissions import SubmissionRepository
from storage.users import UserRepository


class Deliver(Protocol):
    """Publishes events and rings queues; never raises, never takes longer than a second."""

    async def __call__(self, outbox: Outbox, /) -> None: ...


class SqlUnitOfWork:
    """See `domain.ports.UnitOfWork`."""

    def __init__(self, session: AsyncSession, *, on_end: Mapping[str, Ended], queue_limit: int) -> None:
        self.session = session
        self.outbox = Outbox()
        self._on_end = on_end
        self._queue_limit = queue_limit

    @property
    def documents(self) -> DocumentRepository:
        return DocumentRepository(self.session)

    @property
    def files(self) -> FileRepository:
        return FileRepository(self.session)

    @property
    def chats(self) -> ChatRepository:
        return ChatRepository(self.session)

    @property
    def users(self) -> UserRepository:
        return UserRepository(self.session)

    @property
    def submissions(self) -> SubmissionRepository:
        return SubmissionRepository(self.session)

    @property
    def jobs(self) -> JobRepository:
        return JobRepository(self.session, self, self.outbox, self._on_end, self._queue_limit)

    async def commit(self) -> None:
        await self.session.commit()
        self.committed = True

    committed = False


class Database:
    """Opens units of work. `on_end` are the families' hooks by name; `queue_limit` bounds each queue."""

    def __init__(
        self, sessions: Sessions, deliver: Deliver, *, on_end: Mapping[str, Ended], queue_limit: int = 1000
    ) -> None:
        self._sessions = sessions
        self._deliver = deliver
        self._on_end = on_end
        self._queue_limit = queue_limit

    @asynccontextmanager
    async def uow(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self._sessions() as session:
            uow = SqlUnitOfWork(session, on_end=self._on_end, queue_limit=self._queue_limit)
            yield uow
        if uow.committed:
            await self._deliver(uow.outbox)
