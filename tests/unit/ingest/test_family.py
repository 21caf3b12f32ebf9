"""The stages of ingest over fakes, run as the engine runs them."""

from uuid import UUID

import msgspec
import pytest

from domain.documents import Document, DocumentStatus
from domain.errors import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentMisnamed,
    DocumentPasswordWrong,
    DocumentRejected,
    DocumentTooHeavy,
    UnsupportedFormat,
)
from domain.families.ingest.family import FAMILY
from domain.families.ingest.types import Reader, ReadingState, Source
from domain.ids import new_id
from domain.jobs import JobError
from domain.stage import Finished, Next
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import page_of
from tests.fakes.reader import FakeReader, unread_page
from tests.fakes.recogniser import FakeRecogniser
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.fakes.vault import FakeVault

OWNER = new_id()
PREPARED = "# d\n\n## СТРАНИЦА 1\n### BLOCK [TEXT]: AAAA-BBBB-CCC\nНасос\n## СТРАНИЦА 2\n"


class Setting:
    """A context with a stored document, whose job is run stage by stage."""

    def __init__(self, reader: FakeReader) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = FakeStageContext(self.uow, OWNER)
        self.ctx.blobs = FakeBlobs()
        self.ctx.reader = reader
        self.document_id = new_id()
        self.checkpoints: list[bytes] = []

    @property
    def document(self) -> Document:
        return self.uow.documents.stored[self.document_id]

    async def add(self, name: str = "sheet.pdf", data: bytes = b"%PDF-1.7 ...") -> None:
        await self.uow.documents.add(
            Document(
                id=self.document_id,
                owner_id=OWNER,
                name=name,
                status=DocumentStatus.READING,
                sha256=await self.ctx.blobs.put(data, ""),
            )
        )

    async def run(
        self, *, stop_after: int | None = None, digests: dict[str, str] | None = None, is_locked: bool = False
    ) -> Finished | ReadingState:
        """Run to the end, or until so many checkpoints are written. States go through JSON, as in the engine."""
        payload = {"document_id": str(self.document_id), "mode": "file", "is_locked": is_locked}
        state = FAMILY.start(payload | ({"mode": "prepared", "digests": digests} if digests else {}))
        return await self.resume(FAMILY.stages[0].name, state, stop_after)

    async def resume(self, name: str, state: ReadingState, stop_after: int | None = None) -> Finished | ReadingState:
        while True:
            outcome = await FAMILY.stage(name).run(self.ctx, state)
            assert isinstance(outcome, (Next, Finished))
            if outcome.write:
                await outcome.write(self.uow)
            if isinstance(outcome, Finished):
                return outcome
            self.checkpoints.append(msgspec.json.encode(outcome.state))
            state = msgspec.json.decode(self.checkpoints[-1], type=ReadingState)
            following = FAMILY.after(name)
            name = outcome.goto or (following.name if following else "")
            if stop_after == len(self.checkpoints):
                return state


def pages(count: int):
    return [page_of(number, f"Text of page {number}") for number in range(1, count + 1)]


async def test_all_pages_are_stored_and_the_document_is_ready():
    setting = Setting(FakeReader(*pages(20)))
    await setting.add()

    finished = await setting.run()

    assert isinstance(finished, Finished)
    assert (setting.document.status, setting.document.page_count, setting.document.pages_done) == ("ready", 20, 20)
    assert finished.result["pages"] == 20


async def test_a_killed_worker_resumes_at_the_batch_it_was_in():
    setting = Setting(FakeReader(*pages(30)))
    await setting.add()
    state = await setting.run(stop_after=2)
    assert isinstance(state, ReadingState)
    setting.ctx.reader.asked.clear()

    await setting.resume("read", state)

    assert setting.ctx.reader.asked == [(9, 24), (25, 30)]
    assert setting.document.pages_done == 30


async def test_the_stamp_of_the_first_page_that_has_one_is_the_documents():
    first, second = pages(2)
    facts = msgspec.structs.replace(second.page.facts, stamp={"code": "АР4", "sheet": "2"})
    second = msgspec.structs.replace(second, page=msgspec.structs.replace(second.page, facts=facts))
    setting = Setting(FakeReader(first, second))
    await setting.add()

    await setting.run()

    assert setting.document.stamp == {"code": "АР4"}


async def test_a_batch_that_cannot_be_read_costs_no_other_batch():
    setting = Setting(FakeReader(*pages(20), fails={9: DocumentTooHeavy()}))
    await setting.add()

    finished = await setting.run()

    assert isinstance(finished, Finished)
    assert (setting.document.status, finished.result["lost_pages"]) == ("ready", 12)


async def test_a_document_whose_every_page_is_lost_fails_with_the_reason():
    setting = Setting(FakeReader(unread_page(1), fails={}))
    await setting.add()

    with pytest.raises(DocumentTooHeavy):
        await setting.run()


@pytest.mark.parametrize("error", [DocumentEncrypted(), DocumentDamaged()])
async def test_a_file_that_cannot_be_opened_fails_at_once(error: Exception):
    setting = Setting(FakeReader(fails={0: error}))  # pyright: ignore[reportArgumentType]
    await setting.add()

    with pytest.raises(type(error)):
        await setting.run()


async def test_a_prepared_document_is_read_from_its_text():
    setting = Setting(FakeReader())
    await setting.add()
    digest = await setting.ctx.blobs.put(PREPARED.encode(), "text/markdown")

    await setting.run(digests={"document": digest})

    assert setting.document.status is DocumentStatus.READY
    assert [block.id for block in await setting.uow.documents.blocks(setting.document_id)] == ["AAAA-BBBB-CCC"]


async def test_an_uploaded_prepared_document_is_read_as_one():
    setting = Setting(FakeReader())
    await setting.add("notes.md", PREPARED.encode())

    await setting.run()

    assert [block.id for block in await setting.uow.documents.blocks(setting.document_id)] == ["AAAA-BBBB-CCC"]


async def test_an_uploaded_text_is_read_in_a_render_child():
    setting = Setting(FakeReader(*pages(1)))
    await setting.add("notes.md", "Насос\n\nДвигатель".encode())

    await setting.run()

    assert setting.ctx.reader.asked == [(1, 1)]


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        pytest.param("sheet.pdf", b"<!doctype html><p>404</p>", DocumentMisnamed, id="html as pdf"),
        pytest.param("sheet.pdf", b"PK\x03\x04", DocumentMisnamed, id="zip as pdf"),
        pytest.param("sheet.txt", b"%PDF-1.7", DocumentMisnamed, id="pdf as text"),
        pytest.param("sheet.dwg", b"AC1032" + b"\0" * 9, UnsupportedFormat, id="dwg"),
        pytest.param("sheet.dxf", b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", UnsupportedFormat, id="dxf"),
        pytest.param("sheet", b"\x00\x01\x02", UnsupportedFormat, id="unknown"),
    ],
)
async def test_what_is_no_document_says_so(name: str, data: bytes, error: type[DocumentRejected]):
    setting = Setting(FakeReader(*pages(1)))
    await setting.add(name, data)

    with pytest.raises(error) as failure:
        await setting.run()

    assert name not in ("sheet.dwg", "sheet.dxf") or "PDF" in failure.value.public_en


async def test_a_password_is_used_once_and_the_readable_file_is_the_documents():
    setting = Setting(FakeReader(*pages(1)))
    setting.ctx.vault = FakeVault({setting.ctx.job.id: "secret"})
    await setting.add()
    locked = setting.document.sha256

    await setting.run(is_locked=True)

    assert setting.ctx.vault.secrets == {}
    assert setting.document.sha256 != locked
    assert await setting.ctx.blobs.get(setting.document.sha256 or "") == b"%PDF-1.7 decrypted"


@pytest.mark.parametrize(
    ("password", "error"),
    [
        pytest.param("wrong", DocumentPasswordWrong, id="wrong"),
        pytest.param(None, DocumentEncrypted, id="gone"),
    ],
)
async def test_a_password_that_does_not_open_the_file_says_so(password: str | None, error: type[Exception]):
    setting = Setting(FakeReader(*pages(1)))
    setting.ctx.vault = FakeVault({setting.ctx.job.id: password} if password else {})
    await setting.add()

    with pytest.raises(error):
        await setting.run(is_locked=True)


async def test_boxes_of_a_prepared_document_come_from_its_pdf():
    page = page_of(1, "Насос ЦНС 60-198 в осях 1-2")
    setting = Setting(FakeReader(page))
    await setting.add()
    text = "## СТРАНИЦА 1\n### BLOCK [TEXT]: AAAA-BBBB-CCC\nНасос ЦНС 60-198\n"
    digests = {
        "document": await setting.ctx.blobs.put(text.encode(), ""),
        "pdf": await setting.ctx.blobs.put(b"%PDF-", ""),
    }

    await setting.run(digests=digests)

    (block,) = await setting.uow.documents.blocks(setting.document_id)
    assert block.box is not None
    (stored,) = await setting.uow.documents.pages(setting.document_id)
    assert stored.width_pt == page.page.width_pt


async def test_progress_is_told_for_every_page():
    setting = Setting(FakeReader(*pages(10)))
    await setting.add()

    await setting.run()

    told = [payload["progress"] for _, payload in setting.ctx.events]
    assert sorted(set(told)) == [page_no / 10 for page_no in range(1, 11)]


@pytest.mark.parametrize(
    ("error", "code"),
    [(JobError(code="worker_crashed", message_ru="р", message_en="e"), "worker_crashed"), (None, "cancelled")],
)
async def test_a_job_that_ends_early_marks_the_document(error: JobError | None, code: str):
    setting = Setting(FakeReader())
    await setting.add()
    job = msgspec.structs.replace(setting.ctx.job, payload={"document_id": str(setting.document_id)})
    assert FAMILY.on_end is not None

    await FAMILY.on_end(setting.uow, job, error)  # pyright: ignore[reportArgumentType]

    assert (setting.document.status, setting.document.error_code) == (DocumentStatus.FAILED, code)
    assert isinstance(setting.document.id, UUID)


async def test_a_revision_that_was_read_is_compared_with_the_one_it_replaces() -> None:
    setting = Setting(FakeReader(page_of(1, "Насос")))
    await setting.add()
    former = new_id()
    await setting.uow.documents.add(
        Document(id=former, owner_id=OWNER, name="изм. 1.pdf", status=DocumentStatus.READY, sha256="0" * 64)
    )
    setting.uow.documents.stored[setting.document_id] = msgspec.structs.replace(setting.document, supersedes_id=former)

    await setting.run()

    (job,) = setting.uow.jobs.accepted
    assert (job.family, job.payload["a"], job.payload["b"]) == ("comparison", str(former), str(setting.document_id))


async def test_pages_without_text_are_left_to_a_job_of_their_own_that_is_waited_for() -> None:
    setting = Setting(FakeReader(page_of(1, "Насос"), page_of(2, needs_ocr=True)))
    setting.ctx.recogniser = FakeRecogniser("tesseract")
    await setting.add()

    finished = await setting.run()

    (job,) = setting.uow.jobs.accepted
    recognition = setting.document.recognition
    assert isinstance(finished, Finished)
    assert (job.family, job.document_id, job.parent_id) == ("recognition", setting.document_id, setting.ctx.job.id)
    assert finished.result["recognition_job_id"] == str(job.id) == str(recognition.job_id)
    assert (setting.document.status, recognition.state, recognition.pages) == ("ready", "pending", 1)
    assert setting.document.is_awaited
    assert setting.ctx.recogniser.asked == []


async def test_where_recognition_is_switched_off_pages_say_so_and_nothing_is_waited_for() -> None:
    setting = Setting(FakeReader(page_of(1, "Насос"), page_of(2, needs_ocr=True)))
    setting.ctx.recogniser = FakeRecogniser("off")
    await setting.add()

    finished = await setting.run()

    _, page = await setting.uow.documents.pages(setting.document_id)
    assert page.facts.warnings == ("recognition_off",)
    assert isinstance(finished, Finished)
    assert (finished.result["pages_for_ocr"], finished.result["recognition_job_id"]) == (1, None)
    assert (setting.uow.jobs.accepted, setting.document.is_awaited) == ([], False)


async def test_pages_of_prepared_documents_are_never_recognised() -> None:
    setting = Setting(FakeReader())
    setting.ctx.recogniser = FakeRecogniser("tesseract")
    await setting.add()
    state = ReadingState(
        source=Source(document_id=setting.document_id), reader=Reader(kind="prepared"), page_count=1, pages_for_ocr=1
    )

    await setting.resume("finish", state)

    assert setting.uow.jobs.accepted == []


async def test_a_requeued_reading_is_waited_for_unless_another_job_has_taken_over() -> None:
    setting = Setting(FakeReader())
    await setting.add()
    job = msgspec.structs.replace(setting.ctx.job, payload={"document_id": str(setting.document_id)})
    failed = msgspec.structs.replace(setting.document, status=DocumentStatus.FAILED, error_code="x", job_id=job.id)
    setting.uow.documents.stored[setting.document_id] = failed
    assert FAMILY.on_requeue

    await FAMILY.on_requeue(setting.uow, msgspec.structs.replace(job, id=new_id()))  # pyright: ignore[reportArgumentType]
    untouched = setting.document.status
    await FAMILY.on_requeue(setting.uow, job)  # pyright: ignore[reportArgumentType]

    assert (untouched, setting.document.status, setting.document.error_code) == ("failed", "reading", None)
