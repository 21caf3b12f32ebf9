"""The render pool of a worker process: implements `PageReader`, and draws for the render cache.

A hostile file costs at most its own task: whatever it does to a child, the child is replaced.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog

from domain.counting.traces import TraceAsk, Traced
from domain.counting.types import SAME_SIZE, Shape, ShapesFound
from domain.documents import Box, Page, PageContent, PageFacts
from domain.errors import DocumentDamaged, DocumentRejected, DocumentTooHeavy, DomainError, PageNotLoadable
from domain.evidence import Drawing, RenderSpec
from domain.ports import BlobStore
from domain.revisions.types import PageDrawing
from domain.rules_rejections import rejection
from workers.rendering.child_process import ChildDied, ChildProcess
from workers.rendering.file_cache import CACHE_LIMIT_BYTES, FileCache
from workers.rendering.protocol import (
    UNREAD,
    Counted,
    CountPages,
    Decrypt,
    DrawingRead,
    Drawn,
    DrawRegion,
    Failed,
    FindShapes,
    PageBegun,
    PageRead,
    PathsTraced,
    Piece,
    ReadDrawing,
    ReadPages,
    ReadRecognised,
    ReadShape,
    Reply,
    ShapeRead,
    ShapesRead,
    Task,
    TracePaths,
)
from workers.rendering.recognising_types import SeenPage

TASK_TIMEOUT_S = 20.0
"""Wall clock per answer: one picture drawn (reliability.md §5.1)."""

READ_TIMEOUT_S = 15.0
"""One page read, one file opened: with the stages around it, a hostile file is done with in 20 s."""

LOST_PAGES_LIMIT = 3
"""Pages of one call that may kill their child before the document counts as too heavy."""

CRASH_TRIES = 2
"""A child may also die of what is not the document's doing (a kill from outside), hence one more try."""

_log = structlog.get_logger()


class RenderPool:
    """`size` children at most, started when first needed and kept. Lives in one event loop.

    `work_dir` is for local copies of files; several processes may share it.
    """

    def __init__(
        self,
        blobs: BlobStore,
        work_dir: Path,
        *,
        size: int = 2,
        task_timeout_s: float = TASK_TIMEOUT_S,
        cache_limit_bytes: int = CACHE_LIMIT_BYTES,
    ) -> None:
        self._files = FileCache(blobs, work_dir, limit_bytes=cache_limit_bytes)
        self._free = asyncio.Semaphore(size)
        self._idle: list[ChildProcess] = []
        self._refills: set[asyncio.Task[None]] = set()
        self._children: set[ChildProcess] = set()
        self._task_timeout_s = task_timeout_s
        self._read_timeout_s = min(task_timeout_s, READ_TIMEOUT_S)

    async def warm_up(self) -> None:
        """Start one child, so that the first task does not wait for it."""
        async with self._child():
            pass

    async def count_pages(self, sha256: str) -> int:
        """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(sha256, CountPages())
        assert isinstance(reply, Counted)
        return reply.page_count

    async def read_pages(
        self, sha256: str, first: int, last: int, *, on_page: Callable[[int], None] | None = None
    ) -> list[PageContent]:
        """Pages `first` to `last`, both from 1 and inclusive; never fewer. `on_page` is told each page's number.

        A page that cannot be read stands there empty, with a warning. Raises DocumentRejected and its subclasses
        when none of the pages could be read or more than three were too heavy.
        """
        reading = _Reading(first, on_page)
        while reading.next_page_no <= last:
            try:
                await self._read_on(sha256, reading, last)
            except (DocumentTooHeavy, DocumentDamaged) as error:
                reading.lose_page(error)
                _log.warning("page_lost", sha256=sha256, page_no=reading.next_page_no - 1, reason=str(error))
        if not any(content.page.facts.read_by != UNREAD for content in reading.read):
            raise reading.lost[0] if reading.lost else PageNotLoadable("no page could be loaded")
        return reading.read

    async def decrypt(self, sha256: str, password: str) -> bytes:
        """The file without its encryption. Raises DocumentPasswordWrong and the other DocumentRejected, BlobMissing."""
        pieces: list[bytes] = []

        def keep(reply: Reply) -> None:
            if isinstance(reply, Piece):
                pieces.append(reply.data)

        try:
            reply = await self._ask(sha256, Decrypt(password), keep)
        except ChildDied as death:
            raise DocumentDamaged(f"the child died: {death}") from death
        if isinstance(reply, Failed):
            raise rejection(reply.code, reply.detail)
        return b"".join(pieces)

    async def read_drawing(self, sha256: str, page_no: int) -> PageDrawing:
        """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(sha256, ReadDrawing(page_no))
        assert isinstance(reply, DrawingRead)
        return reply.drawing

    async def read_shape(self, sha256: str, page_no: int, box: Box) -> Shape:
        """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(sha256, ReadShape(page_no, box))
        assert isinstance(reply, ShapeRead)
        return reply.shape

    async def find_shapes(
        self, sha256: str, page_no: int, shape: Shape, scales: tuple[float, float] = SAME_SIZE
    ) -> ShapesFound:
        """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(sha256, FindShapes(page_no, shape, scales))
        assert isinstance(reply, ShapesRead)
        return reply.found

    async def trace(self, sha256: str, page_no: int, ask: TraceAsk) -> Traced:
        """Raises DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(sha256, TracePaths(page_no, ask))
        assert isinstance(reply, PathsTraced)
        return reply.traced

    async def read_recognised(self, sha256: str, seen: SeenPage, read_by: str) -> PageContent:
        """The page with what was recognised on its picture as its text.

        Raises DocumentRejected and its subclasses, BlobMissing, Unavailable.
        """
        read: list[PageContent] = []

        def keep(reply: Reply) -> None:
            if isinstance(reply, PageRead):
                read.append(reply.content)

        await self._ask_twice(sha256, ReadRecognised(seen, read_by), keep)
        return read[-1]

    async def draw(self, spec: RenderSpec) -> Drawing:
        """Raises RegionOutsidePage, DocumentRejected and its subclasses, BlobMissing, Unavailable."""
        reply = await self._ask_twice(spec.sha256, DrawRegion(spec))
        assert isinstance(reply, Drawn)
        return reply.drawing

    async def close(self) -> None:
        """End all children and remove the local files."""
        for refill in self._refills:
            refill.cancel()
        await asyncio.gather(*self._refills, return_exceptions=True)
        for child in list(self._children):
            await self._discard(child)
        self._idle.clear()
        self._files.close()

    def children(self) -> list[ChildProcess]:
        """The living children, for metrics and tests."""
        return list(self._children)

    def child_pids(self) -> list[int]:
        return [child.pid for child in self._children]

    async def _read_on(self, sha256: str, reading: "_Reading", last: int) -> None:
        """Reads as far as it goes. A child that died is forgiven once per page."""
        started_at = reading.next_page_no
        try:
            reply = await self._ask(sha256, ReadPages(started_at, last), reading.hear)
        except ChildDied as death:
            if reading.died_on == reading.next_page_no:
                raise DocumentDamaged(f"the child died twice: {death}") from death
            reading.died_on = reading.next_page_no
            return
        if isinstance(reply, Failed):
            raise rejection(reply.code, reply.detail)
        if reading.next_page_no <= last:
            raise DocumentDamaged("fewer pages than promised")

    async def _ask_twice(self, sha256: str, task: Task, heard: Callable[[Reply], None] | None = None) -> Reply:
        """The last reply. A task whose child died is asked once more."""
        for _ in range(CRASH_TRIES):
            try:
                reply = await self._ask(sha256, task, heard)
            except ChildDied as death:
                _log.warning("render_child_died", sha256=sha256, reason=str(death))
                continue
            if isinstance(reply, Failed):
                raise rejection(reply.code, reply.detail)
            return reply
        raise DocumentDamaged("the child died twice")

    async def _ask(self, sha256: str, task: Task, heard: Callable[[Reply], None] | None = None) -> Reply:
        descriptor = await self._files.open(sha256)
        try:
            async with self._child(sha256) as child:
                child.holds = sha256 if isinstance(task, DrawRegion) else ""
                is_long = isinstance(task, (DrawRegion, FindShapes))
                limit_s = self._task_timeout_s if is_long else self._read_timeout_s
                return await child.ask(task, descriptor, timeout_s=limit_s, heard=heard)
        finally:
            os.close(descriptor)

    @contextlib.asynccontextmanager
    async def _child(self, sha256: str = "") -> AsyncIterator[ChildProcess]:
        async with self._free:
            child = self._take(sha256) if self._idle else await self._start()
            try:
                yield child
            finally:
                if child.is_usable():
                    self._idle.append(child)
                else:
                    await asyncio.shield(self._discard(child))
                    self._refill()

    def _take(self, sha256: str) -> ChildProcess:
        """The idle child that has the document open, else the one that has been idle longest."""
        child = next((child for child in self._idle if child.holds == sha256), self._idle[0])
        self._idle.remove(child)
        return child

    def _refill(self) -> None:
        """Start the successor of a child before somebody waits for it."""
        refill = asyncio.create_task(self._add_idle())
        self._refills.add(refill)
        refill.add_done_callback(self._refills.discard)

    async def _add_idle(self) -> None:
        async with self._free:
            if not self._idle:
                with contextlib.suppress(ChildDied, DocumentTooHeavy):
                    self._idle.append(await self._start())

    async def _start(self) -> ChildProcess:
        child = ChildProcess()
        self._children.add(child)
        try:
            await child.wait_ready()
        except BaseException:
            await asyncio.shield(self._discard(child))
            raise
        return child

    async def _discard(self, child: ChildProcess) -> None:
        self._children.discard(child)
        await child.kill()


class _Reading:
    """Pages as they come, so that a page that kills its child costs no other."""

    def __init__(self, first: int, on_page: Callable[[int], None] | None) -> None:
        self.read: list[PageContent] = []
        self._on_page = on_page
        self.lost: list[DocumentRejected] = []
        self.died_on: int | None = None
        self._first = first
        self._begun: PageBegun | None = None

    @property
    def next_page_no(self) -> int:
        return self._first + len(self.read)

    def hear(self, reply: Reply) -> None:
        if isinstance(reply, PageBegun):
            self._begun = reply
        elif isinstance(reply, PageRead) and reply.content.page.page_no == self.next_page_no:
            self._keep(reply.content)

    def lose_page(self, error: DocumentRejected) -> None:
        """Keeps the page as an empty one; raises `error` if it was not about a page or is one too many."""
        self.lost.append(error)
        if self._begun is None or len(self.lost) > LOST_PAGES_LIMIT:
            raise error
        self._keep(_lost_page(self._begun, error))

    def _keep(self, content: PageContent) -> None:
        self.read.append(content)
        self._begun = None
        if self._on_page is not None:
            self._on_page(content.page.page_no)


def _lost_page(begun: PageBegun, error: DomainError) -> PageContent:
    facts = PageFacts(needs_ocr=True, read_by=UNREAD, warnings=(error.code,))
    page = Page(
        page_no=begun.page_no,
        width_pt=begun.width_pt,
        height_pt=begun.height_pt,
        rotation=begun.rotation,
        facts=facts,
    )
    return PageContent(page=page)
