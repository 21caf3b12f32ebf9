"""What the domain needs from outside, as protocols. `storage` and `workers` implement them; fakes: tests/fakes."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from domain.answers import Answer
from domain.chats import Chat, Message, Settings
from domain.counting.traces import TraceAsk, Traced
from domain.counting.types import SAME_SIZE, Shape, ShapesFound
from domain.documents import Block, Box, Document, Hit, Page, PageContent, PageKey, Recognition, Word
from domain.drawings import Drawing, IndexRun
from domain.embedding import Embeddings
from domain.evidence import Picture, RenderSpec
from domain.jobs import Job, JobError, NewJob
from domain.llm import LLMCall, Usage
from domain.prompts import Prompt
from domain.recognition import RecognitionChoice
from domain.revisions.types import PageDrawing, PictureDifference
from domain.roles import RolePrompt


class Documents(Protocol):
    """Documents with their pages, blocks and words. `user_id` null means: by the engine, without a caller."""

    async def get(self, document_id: UUID, *, user_id: UUID | None = None) -> Document:
        """Raises NotFound for missing, deleted and invisible documents alike."""
        ...

    async def visible_ids(self, user_id: UUID) -> list[UUID]:
        """All that the user may see (own + granted), superseded ones left out, newest first."""
        ...

    async def readable(self, user_id: UUID, document_ids: Sequence[UUID]) -> list[Document]:
        """Those of the given documents that the user may see, in the given order."""
        ...

    async def add(self, document: Document) -> None: ...

    async def set_page_count(self, document_id: UUID, page_count: int) -> None: ...

    async def crops(self, document_id: UUID) -> dict[str, str]:
        """Digests of the pictures of blocks that came with a prepared document, by block id."""
        ...

    async def set_content(self, document_id: UUID, sha256: str) -> None:
        """The file that pages are drawn from is another one: without its password."""
        ...

    async def save_pages(self, document_id: UUID, contents: Sequence[PageContent]) -> None:
        """Store pages with blocks, words and search postings, replacing those pages; adds to `pages_done`."""
        ...

    async def set_facts(self, document_id: UUID, pages: Sequence[Page]) -> None:
        """Replace the facts of stored pages, and nothing else of them."""
        ...

    async def set_ready(self, document_id: UUID, stamp: dict[str, str]) -> None: ...

    async def set_failed(self, document_id: UUID, error: JobError) -> None: ...

    async def set_reading(self, document_id: UUID, job_id: UUID) -> None:
        """The job that could not read the document tries again; nothing where another one has read it."""
        ...

    async def set_recognition(self, document_id: UUID, recognition: Recognition) -> None: ...

    async def pages(self, document_id: UUID, page_nos: Sequence[int] | None = None) -> list[Page]: ...

    async def blocks(
        self,
        document_id: UUID,
        *,
        page_no: int | None = None,
        page_nos: Sequence[int] | None = None,
        block_ids: Sequence[str] | None = None,
    ) -> list[Block]:
        """In reading order; all of the document, of one page or some, or those with the given ids."""
        ...

    async def words(self, document_id: UUID, page_no: int) -> tuple[Word, ...]:
        """The words of a page in reading order; empty for pages without coordinates."""
        ...

    async def blocks_on(self, pages: Iterable[PageKey]) -> dict[PageKey, list[Block]]:
        """The blocks of each of the pages in reading order; one round trip however many documents."""
        ...

    async def blocks_named(self, names: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Block]:
        """Those of the blocks that exist."""
        ...

    async def pages_on(self, pages: Iterable[PageKey]) -> dict[PageKey, Page]:
        """Those of the pages that exist."""
        ...

    async def words_on(self, pages: Iterable[PageKey]) -> dict[PageKey, tuple[Word, ...]]:
        """The words of each of the pages in reading order."""
        ...


class Chats(Protocol):
    async def get(self, chat_id: UUID, *, user_id: UUID | None = None) -> Chat: ...

    async def next_no(self, chat_id: UUID) -> int:
        """The place in line of the chat's next job; holds the chat's row until the commit."""
        ...

    async def add_message(self, message: Message, *, attachments: dict[str, Any] | None = None) -> Message: ...

    async def message(self, message_id: UUID) -> Message: ...

    async def history(self, chat_id: UUID, *, before: UUID, limit: int) -> list[Message]:
        """The newest `limit` messages before the message `before`, oldest first."""
        ...

    async def set_job(self, message_id: UUID, job_id: UUID) -> None:
        """The job that answers a question now."""
        ...

    async def save_answer(
        self, *, message_id: UUID, chat_id: UUID, job_id: UUID, question_id: UUID, answer: Answer
    ) -> None:
        """Store the assistant's message with its answer, citations and claims; once per job run."""
        ...


class Users(Protocol):
    async def settings(self, user_id: UUID) -> Settings: ...


class Roles(Protocol):
    async def use(self, role_id: int, user_id: UUID, version: str | None = None) -> RolePrompt | None:
        """A role that the user may choose, as it is or as a job was given it before; null when there is none."""
        ...

    async def pin(self, job_id: UUID, role: RolePrompt) -> None:
        """Note in the job which version of the role it uses."""
        ...


class Jobs(Protocol):
    async def accept(self, job: NewJob) -> None:
        """Insert the job with its event 1. Raises QueueFull when its queue holds as many due jobs as allowed."""
        ...

    async def get(self, job_id: UUID) -> Job:
        """Raises NotFound."""
        ...


class Quotas(Protocol):
    async def reserve(self, user_id: UUID) -> int:
        """Set aside what one job may spend this month, in millionths of a US dollar; 0 for a user without a quota.

        Raises QuotaExceeded.
        """
        ...


class Drawings(Protocol):
    """The block index: what the drawings of documents are. It picks candidates and is no evidence."""

    async def entries(self, document_id: UUID) -> list[Drawing]:
        """All that is stored, in the order of pages: stale ones and errors too."""
        ...

    async def candidates(self, document_id: UUID) -> list[Drawing]:
        """Those that tell something of the document's present file and whose block is there. Empty also when they
        cannot be read: nothing may depend on them. To be the last thing that is asked of its unit of work."""
        ...

    async def save(self, document_id: UUID, entries: Sequence[Drawing]) -> None:
        """Store entries with what they are found by, in place of those with the same keys."""
        ...

    async def keep_only(self, document_id: UUID, keys: Collection[tuple[str, bool]]) -> None:
        """Forget entries with other keys."""
        ...

    async def last_run(self, document_id: UUID, *, hold: bool = False) -> IndexRun | None:
        """The newest job that was to describe the document's drawings. `hold` keeps others from accepting one until
        the commit."""
        ...


class UnitOfWork(Protocol):
    """One transaction. Nothing is saved without `commit()`; leaving the block without it rolls back."""

    @property
    def documents(self) -> Documents: ...

    @property
    def chats(self) -> Chats: ...

    @property
    def users(self) -> Users: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def jobs(self) -> Jobs: ...

    @property
    def quotas(self) -> Quotas: ...

    @property
    def drawings(self) -> Drawings: ...

    async def commit(self) -> None: ...


class SearchIndex(Protocol):
    async def search(
        self,
        query: str,
        document_ids: Sequence[UUID],
        *,
        level: str = "block",
        limit: int = 20,
        with_boxes: bool = True,
    ) -> list[Hit]:
        """Best first. `level` is page or block. Boxes cost most: `with_boxes` false leaves them out. Only the given
        documents are searched: the caller has checked them."""
        ...

    async def search_levels(
        self, query: str, document_ids: Sequence[UUID], *, blocks: int, pages: int
    ) -> tuple[list[Hit], list[Hit]]:
        """What `search` finds of either level, at most so many of each and without boxes, weighed once for both."""
        ...


class Embedder(Protocol):
    """One embedding model of one provider. Raises `ProviderLimited` (wait), `ProviderFailed` (passing) or
    `ProviderRefused` (final); never retries by itself."""

    model: str
    """`provider:model`. Vectors of different models or dimensions are never compared."""

    dimensions: int
    batch: int
    """The most texts that `embed_documents` takes at once."""

    price_micro_usd: int
    """For a million tokens; 0 for a model of one's own."""

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings: ...

    async def embed_query(self, text: str) -> Embeddings:
        """Of a question: one vector."""
        ...

    async def close(self) -> None: ...


class BlobStore(Protocol):
    """Bytes by their sha256 (hex). Writing the same bytes twice is one object."""

    async def put(self, data: bytes, mime_type: str) -> str:
        """Store and return the digest."""
        ...

    async def get(self, digest: str) -> bytes:
        """Raises BlobMissing."""
        ...

    def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        """Pieces of 1 MiB; to be closed by who does not read it to its end. Raises BlobMissing before the first."""
        ...

    async def fetch(self, digest: str, path: str) -> None:
        """Copy the object to a local file, never whole in memory. Raises BlobMissing."""
        ...


class PromptStore(Protocol):
    def names(self) -> frozenset[str]: ...

    async def get(self, name: str, version: str | None = None) -> Prompt:
        """That version of a prompt, or the live one, which may be a second old. Raises NotFound for an unknown one."""
        ...

    async def pin(self, job: Job, pins: Mapping[str, str], *, over: bool = False) -> Mapping[str, str]:
        """Fix versions for the running job, by the prompts' names, and return all that are fixed. What was fixed
        before stays, unless `over` says otherwise. Raises LeaseLost."""
        ...


class LLMLog(Protocol):
    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        """Keep one call, in a transaction of its own: what was paid stays known when the job's lease is lost. The same
        call may be told again as more is known of it; `with_request` false: what was sent is kept already."""
        ...

    async def spent(self, job_id: UUID) -> tuple[Usage, float]:
        """What all calls of the job have used, and the seconds they took."""
        ...


class Purse(Protocol):
    """What the months of users have left for their running jobs."""

    async def extend(self, job: Job, reserved_micro_usd: int) -> int | None:
        """Set aside more of the user's quota, up to that sum for this job, as far as there is; what is set aside then,
        or null for a user without a quota. Raises LeaseLost."""
        ...


class UserKeys(Protocol):
    """Users' own keys of model providers."""

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        """The user's keys by provider. Raises `ProviderRefused` when one is kept but cannot be read."""
        ...


class PageReader(Protocol):
    """Reads files in separate, limited processes. Raises DocumentRejected and its subclasses."""

    async def count_pages(self, sha256: str) -> int: ...

    async def read_pages(
        self, sha256: str, first: int, last: int, *, on_page: Callable[[int], None] | None = None
    ) -> list[PageContent]:
        """Pages `first` to `last`, both from 1 and inclusive. `on_page` is told each page's number once it is read."""
        ...

    async def read_drawing(self, sha256: str, page_no: int) -> PageDrawing:
        """The lines and curves of a page. Raises DocumentRejected and its subclasses."""
        ...

    async def read_shape(self, sha256: str, page_no: int, box: Box) -> Shape:
        """The strokes that lie whole in a box, given in points of the page as seen. Raises DocumentRejected and its
        subclasses."""
        ...

    async def find_shapes(
        self, sha256: str, page_no: int, shape: Shape, scales: tuple[float, float] = SAME_SIZE
    ) -> ShapesFound:
        """Where a page shows these strokes. Raises DocumentRejected and its subclasses."""
        ...

    async def trace(self, sha256: str, page_no: int, ask: TraceAsk) -> Traced:
        """The contour around a place of a page, or the lines through it. Raises DocumentRejected and its subclasses."""
        ...

    async def decrypt(self, sha256: str, password: str) -> bytes:
        """The whole file without its encryption. Raises DocumentPasswordWrong too."""
        ...


class Recogniser(Protocol):
    """Reads pictures of pages without a model. `choice` says who may recognise pages at all."""

    @property
    def choice(self) -> RecognitionChoice: ...

    async def is_installed(self) -> bool: ...

    async def recognise(self, sha256: str, page: Page) -> PageContent:
        """The page with what is seen on it as its text, with boxes of words.

        Raises RecognitionFailed, DocumentRejected and its subclasses, BlobMissing, Unavailable.
        """
        ...


class Vault(Protocol):
    """Secrets on their way from the api to a worker, for minutes."""

    async def take(self, owner: UUID) -> str | None:
        """The secret, which is gone then; null when there is none."""
        ...


class PictureComparer(Protocol):
    async def compare(self, earlier: str, later: str, px_per_mm: float) -> PictureDifference:
        """What two pictures of one sheet differ in, given their digests and the scale of the later one.

        A shift, a small turn and a small change of scale are undone first. Raises BlobMissing, DocumentDamaged.
        """
        ...


class Renderer(Protocol):
    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Picture:
        """The picture from the render cache or drawn now; `pinned` keeps it for ever.

        Raises RegionOutsidePage, DocumentRejected, Unavailable.
        """
        ...
