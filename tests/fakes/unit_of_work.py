"""Documents, chats and users in memory, behind the ports of `domain.ports`."""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any
from uuid import UUID

import msgspec

from domain.answers import Answer
from domain.chats import Chat, Message, Settings
from domain.documents import Block, Document, DocumentStatus, Page, PageContent, PageKey, Recognition, Word
from domain.drawings import Drawing, IndexRun
from domain.errors import NotFound
from domain.jobs import Job, JobError, NewJob
from domain.roles import RolePrompt


class FakeDocuments:
    """`grants` lists the documents a user may see besides own ones."""

    def __init__(self) -> None:
        self.stored: dict[UUID, Document] = {}
        self.contents: dict[UUID, dict[int, PageContent]] = {}
        self.grants: dict[UUID, set[UUID]] = {}
        self.crops_of: dict[UUID, dict[str, str]] = {}

    async def get(self, document_id: UUID, *, user_id: UUID | None = None) -> Document:
        document = self.stored.get(document_id)
        if document is None or not self._is_visible(document, user_id):
            raise NotFound(f"document {document_id}")
        return document

    async def visible_ids(self, user_id: UUID) -> list[UUID]:
        superseded = {document.supersedes_id for document in self.stored.values()}
        visible = [d.id for d in self.stored.values() if self._is_visible(d, user_id) and d.id not in superseded]
        return visible[::-1]

    async def readable(self, user_id: UUID, document_ids: Sequence[UUID]) -> list[Document]:
        found = [self.stored[document_id] for document_id in document_ids if document_id in self.stored]
        return [document for document in found if self._is_visible(document, user_id)]

    async def of_files(self, user_id: UUID, file_ids: Sequence[UUID]) -> list[UUID]:
        return [d.id for d in self.stored.values() if d.file_id in file_ids and self._is_visible(d, user_id)]

    async def add(self, document: Document) -> None:
        self.stored[document.id] = document

    async def set_page_count(self, document_id: UUID, page_count: int) -> None:
        self._change(document_id, page_count=page_count)

    async def crops(self, document_id: UUID) -> dict[str, str]:
        return self.crops_of.get(document_id, {})

    async def set_content(self, document_id: UUID, sha256: str) -> None:
        self._change(document_id, sha256=sha256)

    async def save_pages(self, document_id: UUID, contents: Sequence[PageContent]) -> None:
        pages = self.contents.setdefault(document_id, {})
        pages.update({content.page.page_no: content for content in contents})
        self._change(document_id, pages_done=len(pages))

    async def set_facts(self, document_id: UUID, pages: Sequence[Page]) -> None:
        stored = self.contents.get(document_id, {})
        for page in pages:
            known = stored[page.page_no]
            changed = msgspec.structs.replace(known.page, facts=page.facts)
            stored[page.page_no] = msgspec.structs.replace(known, page=changed)

    async def set_ready(self, document_id: UUID, stamp: dict[str, str]) -> None:
        self._change(document_id, status=DocumentStatus.READY, stamp=stamp)

    async def set_failed(self, document_id: UUID, error: JobError) -> None:
        self._change(
            document_id,
            status=DocumentStatus.FAILED,
            error_code=error.code,
            error_ru=error.message_ru,
            error_en=error.message_en,
        )

    async def set_reading(self, document_id: UUID, job_id: UUID) -> None:
        document = self.stored[document_id]
        if document.job_id == job_id and document.status is DocumentStatus.FAILED:
            self._change(document_id, status=DocumentStatus.READING, error_code=None, error_ru=None, error_en=None)

    async def set_recognition(self, document_id: UUID, recognition: Recognition) -> None:
        self._change(document_id, recognition=recognition)

    async def pages(self, document_id: UUID, page_nos: Sequence[int] | None = None) -> list[Page]:
        return [c.page for c in self._contents(document_id) if page_nos is None or c.page.page_no in page_nos]

    async def blocks(
        self,
        document_id: UUID,
        *,
        page_no: int | None = None,
        page_nos: Sequence[int] | None = None,
        block_ids: Sequence[str] | None = None,
    ) -> list[Block]:
        blocks = [block for content in self._contents(document_id) for block in content.blocks]
        return [
            block
            for block in blocks
            if (page_no is None or block.page_no == page_no)
            and (page_nos is None or block.page_no in page_nos)
            and (block_ids is None or block.id in block_ids)
        ]

    async def words(self, document_id: UUID, page_no: int) -> tuple[Word, ...]:
        content = self.contents.get(document_id, {}).get(page_no)
        return content.words if content else ()

    async def blocks_on(self, pages: Iterable[PageKey]) -> dict[PageKey, list[Block]]:
        return {(document_id, no): await self.blocks(document_id, page_no=no) for document_id, no in pages}

    async def blocks_named(self, names: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Block]:
        found = {}
        for document_id, block_id in names:
            for block in await self.blocks(document_id, block_ids=[block_id]):
                found[document_id, block.id] = block
        return found

    async def pages_on(self, pages: Iterable[PageKey]) -> dict[PageKey, Page]:
        return {(key[0], page.page_no): page for key in pages for page in await self.pages(key[0], [key[1]])}

    async def words_on(self, pages: Iterable[PageKey]) -> dict[PageKey, tuple[Word, ...]]:
        return {page: await self.words(*page) for page in pages}

    def _contents(self, document_id: UUID) -> list[PageContent]:
        return [content for _, content in sorted(self.contents.get(document_id, {}).items())]

    def _is_visible(self, document: Document, user_id: UUID | None) -> bool:
        return user_id is None or document.owner_id == user_id or document.id in self.grants.get(user_id, ())

    def _change(self, document_id: UUID, **changes: object) -> None:
        self.stored[document_id] = msgspec.structs.replace(self.stored[document_id], **changes)


class FakeChats:
    """`answers` holds what was saved, by the assistant's message id."""

    def __init__(self) -> None:
        self.stored: dict[UUID, Chat] = {}
        self.messages: list[Message] = []
        self.numbers: dict[UUID, int] = {}
        self.answers: dict[UUID, Answer] = {}

    async def get(self, chat_id: UUID, *, user_id: UUID | None = None) -> Chat:
        chat = self.stored.get(chat_id)
        if chat is None or user_id not in (None, chat.user_id):
            raise NotFound(f"chat {chat_id}")
        return chat

    async def next_no(self, chat_id: UUID) -> int:
        self.numbers[chat_id] = self.numbers.get(chat_id, 0) + 1
        return self.numbers[chat_id]

    async def add_message(self, message: Message, *, attachments: dict[str, Any] | None = None) -> Message:
        self.messages.append(message)
        return message

    async def set_job(self, message_id: UUID, job_id: UUID) -> None:
        self.messages = [
            msgspec.structs.replace(message, job_id=job_id) if message.id == message_id else message
            for message in self.messages
        ]

    async def message(self, message_id: UUID) -> Message:
        for message in self.messages:
            if message.id == message_id:
                return message
        raise NotFound(f"message {message_id}")

    async def history(self, chat_id: UUID, *, before: UUID, limit: int) -> list[Message]:
        own = [message for message in self.messages if message.chat_id == chat_id]
        places = [place for place, message in enumerate(own) if message.id == before]
        return own[: places[0]][-limit:] if places else []

    async def save_answer(
        self, *, message_id: UUID, chat_id: UUID, job_id: UUID, question_id: UUID, answer: Answer
    ) -> None:
        self.answers[message_id] = answer


class FakeUsers:
    def __init__(self) -> None:
        self.user_settings = Settings()

    async def settings(self, user_id: UUID) -> Settings:
        return self.user_settings


class FakeRoles:
    """Roles for everyone by id, in their newest version; former ones are not kept."""

    def __init__(self) -> None:
        self.stored: dict[int, RolePrompt] = {}
        self.pinned: dict[UUID, RolePrompt] = {}

    async def use(self, role_id: int, user_id: UUID, version: str | None = None) -> RolePrompt | None:
        return self.stored.get(role_id)

    async def pin(self, job_id: UUID, role: RolePrompt) -> None:
        self.pinned[job_id] = role


class FakeJobs:
    def __init__(self) -> None:
        self.accepted: list[NewJob] = []
        self.stored: dict[UUID, Job] = {}

    async def accept(self, job: NewJob) -> None:
        self.accepted.append(job)

    async def get(self, job_id: UUID) -> Job:
        if job_id not in self.stored:
            raise NotFound(f"job {job_id}")
        return self.stored[job_id]


class FakeQuotas:
    """`left` is what each user may still spend; who is not named has no quota."""

    def __init__(self) -> None:
        self.left: dict[UUID, int] = {}

    async def reserve(self, user_id: UUID) -> int:
        return self.left.get(user_id, 0)


class FakeDrawings:
    """`is_broken`: candidates cannot be read."""

    def __init__(self) -> None:
        self.stored: dict[UUID, dict[tuple[str, bool], Drawing]] = {}
        self.runs: dict[UUID, IndexRun] = {}
        self.is_broken = False

    async def entries(self, document_id: UUID) -> list[Drawing]:
        return sorted(self.stored.get(document_id, {}).values(), key=lambda entry: (entry.page_no, not entry.is_sheet))

    async def candidates(self, document_id: UUID) -> list[Drawing]:
        return [] if self.is_broken else [entry for entry in await self.entries(document_id) if entry.error is None]

    async def save(self, document_id: UUID, entries: Sequence[Drawing]) -> None:
        self.stored.setdefault(document_id, {}).update({entry.key: entry for entry in entries})

    async def keep_only(self, document_id: UUID, keys: Collection[tuple[str, bool]]) -> None:
        known = self.stored.get(document_id, {})
        self.stored[document_id] = {key: entry for key, entry in known.items() if key in keys}

    async def last_run(self, document_id: UUID, *, hold: bool = False) -> IndexRun | None:
        return self.runs.get(document_id)


class FakeUnitOfWork:
    """One store for all units of work; `commits` counts, nothing is rolled back."""

    def __init__(self) -> None:
        self.documents = FakeDocuments()
        self.chats = FakeChats()
        self.users = FakeUsers()
        self.roles = FakeRoles()
        self.jobs = FakeJobs()
        self.quotas = FakeQuotas()
        self.drawings = FakeDrawings()
        self.commits = 0
        self.is_open = False

    async def commit(self) -> None:
        self.commits += 1

    async def __aenter__(self) -> "FakeUnitOfWork":
        assert not self.is_open, "a unit of work inside a unit of work"
        self.is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_open = False
