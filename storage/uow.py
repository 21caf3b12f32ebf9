"""The unit of work: one transaction, its repositories, and what is told after it.

Leaving the block without `commit()` rolls back. The outbox is delivered when the block has been left and the
connection is back in the pool: commit, leave, then ring or publish (DESIGN §4).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.budgets import Budget
from domain.events import Event
from domain.family import Ended
from domain.jobs import Claim
from storage.block_index import BlockIndexRepository
from storage.chats import ChatRepository
from storage.database import Sessions
from storage.direct import Direct
from storage.documents import DocumentRepository
from storage.feedback import FeedbackRepository
from storage.files import FileRepository
from storage.grants import GrantRepository
from storage.jobs import JobRepository, StageStarted
from storage.nodes import NodeRepository
from storage.outbox import Outbox
from storage.prompt_versions import PromptVersionRepository
from storage.quotas import QuotaRepository
from storage.replays import ReplayRepository
from storage.roles import RoleRepository
from storage.runs import Runs
from storage.submissions import SubmissionRepository
from storage.users import UserRepository


class Deliver(Protocol):
    """Publishes events and rings queues; never raises, never takes longer than a second."""

    async def __call__(self, outbox: Outbox, /) -> None: ...


class SqlUnitOfWork:
    """See `domain.ports.UnitOfWork`."""

    def __init__(
        self, session: AsyncSession, *, on_end: Mapping[str, Ended], queue_limit: int, job_micro_usd: int
    ) -> None:
        self.session = session
        self.outbox = Outbox()
        self._on_end = on_end
        self._queue_limit = queue_limit
        self._job_micro_usd = job_micro_usd

    @property
    def documents(self) -> DocumentRepository:
        return DocumentRepository(self.session)

    @property
    def drawings(self) -> BlockIndexRepository:
        return BlockIndexRepository(self.session)

    @property
    def files(self) -> FileRepository:
        return FileRepository(self.session)

    @property
    def nodes(self) -> NodeRepository:
        return NodeRepository(self.session)

    @property
    def grants(self) -> GrantRepository:
        return GrantRepository(self.session)

    @property
    def chats(self) -> ChatRepository:
        return ChatRepository(self.session)

    @property
    def feedback(self) -> FeedbackRepository:
        return FeedbackRepository(self.session)

    @property
    def users(self) -> UserRepository:
        return UserRepository(self.session)

    @property
    def submissions(self) -> SubmissionRepository:
        return SubmissionRepository(self.session)

    @property
    def prompts(self) -> PromptVersionRepository:
        return PromptVersionRepository(self.session)

    @property
    def roles(self) -> RoleRepository:
        return RoleRepository(self.session)

    @property
    def replays(self) -> ReplayRepository:
        return ReplayRepository(self.session)

    @property
    def quotas(self) -> QuotaRepository:
        return QuotaRepository(self.session, self._job_micro_usd)

    @property
    def jobs(self) -> JobRepository:
        return JobRepository(self.session, self, self.outbox, self._on_end, self._queue_limit)

    async def commit(self) -> None:
        await self.session.commit()
        self.committed = True

    committed = False


class Database:
    """Opens units of work. `on_end` are the families' hooks by name; `queue_limit` bounds each queue; `job_micro_usd`
    is what is set aside of a quota for one job."""

    def __init__(
        self,
        sessions: Sessions,
        deliver: Deliver,
        *,
        on_end: Mapping[str, Ended],
        queue_limit: int = 1000,
        job_micro_usd: int = Budget().cost_micro_usd,
    ) -> None:
        self._sessions = sessions
        self._deliver = deliver
        self._on_end = on_end
        self._queue_limit = queue_limit
        self._job_micro_usd = job_micro_usd
        self._auto = Direct(sessions.kw["bind"])

    def runs(
        self,
        *,
        queue: str,
        owner: str,
        user_cap: int,
        stage_started: StageStarted,
        long_room: Callable[[], Mapping[str, int]] = dict,
    ) -> Runs:
        """The jobs of a queue as the worker process `owner` runs them."""

        async def claim_one(without: Sequence[str]) -> Claim | None:
            try:
                async with self.uow() as uow:
                    claim = await uow.jobs.claim(
                        queue, owner=owner, user_cap=user_cap, stage_started=stage_started, without=without
                    )
                    await uow.commit()
            except IntegrityError:
                return None
            return claim

        async def tell(events: Sequence[Event]) -> None:
            await self._deliver(Outbox(events=list(events)))

        return Runs(
            self._auto,
            tell,
            queue=queue,
            owner=owner,
            user_cap=user_cap,
            stage_started=stage_started,
            claim_one=claim_one,
            long_room=long_room,
        )

    @asynccontextmanager
    async def uow(self) -> AsyncIterator[SqlUnitOfWork]:
        async with self._sessions() as session:
            uow = SqlUnitOfWork(
                session, on_end=self._on_end, queue_limit=self._queue_limit, job_micro_usd=self._job_micro_usd
            )
            yield uow
        if uow.committed:
            await self._deliver(uow.outbox)
