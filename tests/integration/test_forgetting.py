"""What is deleted leaves no word anywhere in the database: a canary is planted wherever a chat's or a document's jobs
keep texts, and looked for in every row afterwards."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import rules_jobs
from domain.chats import Message, Role
from domain.documents import Document, DocumentStatus, StoredFile
from domain.events import EventType, NewEvent
from domain.ids import new_id
from domain.jobs import Claim, JobError, JobState
from domain.llm import LLMCall, LLMRequest, TextPart, Usage
from storage.checkpoints import save_checkpoint
from storage.database import open_sessions
from storage.direct import Direct
from storage.events import append_events, read_events
from storage.forgetting_sweep import ROWS, empty_forgotten
from storage.llm_log import DatabaseLLMLog
from storage.llm_retention import expire_dialogues
from storage.uow import Database
from storage.vectors.recording import QuestionLog, key_of
from tests.fakes.drawing_pages import drawn_page
from tests.fakes.jobs import accept, checkpoint_of, claim_one, command, get, new_job

CANARY = "канарейка"
STEM = "канарейк"
TOLD = {"text": CANARY}
NO_GRACE_S = -1.0

Planted = Callable[..., Awaitable[UUID]]
Found = Callable[[], Awaitable[set[str]]]


@pytest.fixture
def direct(engine: AsyncEngine) -> Direct:
    return Direct(engine)


@pytest.fixture
def plant(database: Database, engine: AsyncEngine, direct: Direct, user_id: UUID) -> Planted:
    """A job with the canary wherever a job has texts: ended, or running."""

    async def planted(*, ends: bool = True, events: int = 1, **fields: object) -> UUID:
        [job_id] = await accept(database, new_job(user_id, **{"payload": TOLD, **fields}))
        claimed = await claim_one(database)
        state = msgspec.json.encode(TOLD)
        checkpoint = msgspec.structs.replace(checkpoint_of(1, "search", "answer"), state=state)
        async with database.uow() as uow:
            await save_checkpoint(uow.session, job_id=job_id, epoch=claimed.job.epoch, checkpoint=checkpoint, events=())
            await uow.commit()
        deltas = [NewEvent(type=EventType.ANSWER_DELTA, stage="answer", payload=TOLD)] * events
        await append_events(direct, job_id=job_id, epoch=claimed.job.epoch, append_no=1, events=deltas)
        await DatabaseLLMLog(open_sessions(engine)).write(_call(job_id, user_id))
        if ends:
            await _finish(database, claimed)
        return job_id

    return planted


@pytest.fixture
def found(engine: AsyncEngine) -> Found:
    """The tables in which the canary still stands."""

    async def tables() -> set[str]:
        async with engine.connect() as connection:
            names = await connection.execute(text("select tablename from pg_tables where schemaname = 'public'"))
            signs = {"sign": f"%{STEM}%", "bytes": f"%{STEM.encode().hex()}%"}
            return {
                name
                for (name,) in names.all()
                if (
                    await connection.execute(
                        text(f'select 1 from "{name}" t where t::text like :sign or t::text like :bytes limit 1'), signs
                    )
                ).first()
            }

    return tables


async def test_a_deleted_chat_leaves_no_word_but_its_figures(
    database: Database,
    direct: Direct,
    plant: Planted,
    found: Found,
    user_id: UUID,
    chat_id: UUID,
) -> None:
    job_id = await plant(chat_id=chat_id, ordering_key=chat_id)
    vectors = QuestionLog(direct)
    await vectors.note(job_id, 1, (1, key_of(CANARY)), "a:model", [0.5])
    async with database.uow() as uow:
        await uow.chats.add_message(
            Message(id=new_id(), chat_id=chat_id, role=Role.USER, content=CANARY, job_id=job_id)
        )
        await uow.submissions.take_key(user_id, "POST /chats/{id}/messages", "key", b"hash")
        said = {"chat_id": str(chat_id), "content": CANARY}
        await uow.submissions.answer_key(user_id, "POST /chats/{id}/messages", "key", 202, said)
        await uow.commit()
    assert await found() >= {"jobs", "job_events", "job_steps", "llm_calls", "messages", "idempotency_keys"}

    async with database.uow() as uow:
        await uow.chats.delete(chat_id, user_id)
        await uow.commit()
    emptied = await empty_forgotten(direct, grace_s=NO_GRACE_S)

    assert (emptied, await found(), await vectors.of_job(job_id)) == (1, set(), {})
    assert await empty_forgotten(direct, grace_s=NO_GRACE_S) == 0
    job = await get(database, job_id)
    assert (job.state, job.usage.cost_micro_usd, job.payload, job.result) == (JobState.SUCCEEDED, 7, {}, None)
    assert job.finished_at is not None
    assert job.forgotten_at is not None
    [call] = await direct.every("select cost_micro_usd, input_tokens from llm_calls where job_id = $1", job_id)
    assert tuple(call) == (7, 100)


async def test_a_deleted_document_leaves_no_word_of_its_pages_and_jobs(
    database: Database, direct: Direct, plant: Planted, found: Found, user_id: UUID
) -> None:
    document_id, other_id, file_id = new_id(), new_id(), new_id()
    page = drawn_page(1, ((0.1, 0.1, 0.9, 0.9), CANARY))
    file = StoredFile(id=file_id, owner_id=user_id, filename=CANARY, mime_type="x", size_bytes=1, sha256="ab" * 32)
    async with database.uow() as uow:
        await uow.files.add(file)
        for id_, name in ((document_id, CANARY), (other_id, "other")):
            await uow.documents.add(Document(id=id_, owner_id=user_id, name=name, status=DocumentStatus.READING))
        await uow.documents.save_pages(document_id, [page])
        await uow.documents.set_ready(document_id, {"title": CANARY})
        await uow.commit()
    for fields in ({"family": "ingest"}, {"family": "indexing"}, {"family": "matrix"}):
        await plant(document_id=document_id, **fields)
    await plant(family="comparison", document_id=other_id, payload={"a": str(document_id), **TOLD})
    assert await found() >= {"documents", "files", "pages", "blocks", "postings", "jobs", "job_events", "llm_calls"}

    async with database.uow() as uow:
        await uow.documents.delete(document_id, user_id=user_id)
        await uow.files.delete(file_id, user_id)
        await uow.commit()
    emptied = await empty_forgotten(direct, grace_s=NO_GRACE_S)

    assert (emptied, await found()) == (5, set())


async def test_what_a_chat_says_of_a_deleted_document_stays_with_the_chat(
    database: Database, direct: Direct, plant: Planted, user_id: UUID, chat_id: UUID, document_ids: list[UUID]
) -> None:
    scope = {"scope": {"document_ids": [str(document_ids[0])]}}
    job_id = await plant(chat_id=chat_id, ordering_key=chat_id, payload=scope)

    async with database.uow() as uow:
        await uow.documents.delete(document_ids[0], user_id=user_id)
        await uow.commit()
    await empty_forgotten(direct, grace_s=NO_GRACE_S)

    assert (await get(database, job_id)).result == TOLD
    assert await read_events(direct, job_id, after=0)


async def test_a_running_job_is_emptied_after_its_end_and_the_log_in_batches(
    database: Database, direct: Direct, plant: Planted, user_id: UUID, chat_id: UUID
) -> None:
    job_id = await plant(ends=False, events=ROWS + 1, chat_id=chat_id, ordering_key=chat_id)
    async with database.uow() as uow:
        await uow.jobs.transition(job_id, rules_jobs.Cancel())
        await uow.chats.delete(chat_id, user_id)
        await uow.commit()

    running = await empty_forgotten(direct, grace_s=NO_GRACE_S)
    await command(database, job_id, rules_jobs.AckCancel(epoch=1))
    young = await empty_forgotten(direct)
    old = await empty_forgotten(direct, grace_s=NO_GRACE_S)

    assert (running, young, old) == (0, 0, 1)
    assert await read_events(direct, job_id, after=0) == []


async def test_a_reply_that_comes_after_its_chat_was_deleted_is_emptied_too(
    database: Database,
    engine: AsyncEngine,
    direct: Direct,
    plant: Planted,
    found: Found,
    user_id: UUID,
    chat_id: UUID,
) -> None:
    job_id = await plant(chat_id=chat_id, ordering_key=chat_id)
    log, call = DatabaseLLMLog(open_sessions(engine)), _call(job_id, user_id)
    await log.write(call)
    async with database.uow() as uow:
        await uow.chats.delete(chat_id, user_id)
        await uow.commit()

    await log.write(call, with_request=False)
    await empty_forgotten(direct, grace_s=NO_GRACE_S)
    early = await found()
    await log.write(call)
    await log.write(msgspec.structs.replace(call, id=new_id(), job_id=new_id()))
    await expire_dialogues(direct, days=None)

    assert (early, await found()) == (set(), set())


async def test_what_an_upload_was_answered_goes_with_the_document(
    database: Database, found: Found, user_id: UUID, document_ids: list[UUID]
) -> None:
    async with database.uow() as uow:
        await uow.submissions.take_key(user_id, "POST /files", "key", b"hash")
        said = {"document_id": str(document_ids[0]), "filename": CANARY}
        await uow.submissions.answer_key(user_id, "POST /files", "key", 201, said)
        await uow.commit()

    async with database.uow() as uow:
        await uow.documents.delete(document_ids[0], user_id=user_id)
        await uow.commit()

    assert await found() == set()


async def test_a_job_that_was_accepted_while_its_chat_was_deleted_is_found(
    database: Database, direct: Direct, plant: Planted
) -> None:
    job_id = await plant(id=new_id(), chat_id=new_id())

    assert await empty_forgotten(direct, grace_s=NO_GRACE_S) == 1

    assert (await get(database, job_id)).result is None


async def test_of_a_failure_the_code_stays(
    database: Database, direct: Direct, plant: Planted, user_id: UUID, chat_id: UUID
) -> None:
    job_id = await plant(ends=False, chat_id=chat_id, ordering_key=chat_id)
    error = JobError(code="document_failed", message_ru=CANARY, message_en=CANARY)
    await command(database, job_id, rules_jobs.Fail(epoch=1, error=error, retryable=False))
    async with database.uow() as uow:
        await uow.chats.delete(chat_id, user_id)
        await uow.commit()

    await empty_forgotten(direct, grace_s=NO_GRACE_S)

    job = await get(database, job_id)
    assert (job.state, job.error) == (JobState.FAILED, JobError(code="document_failed", message_ru="", message_en=""))


async def _finish(database: Database, claimed: Claim) -> None:
    usage = Usage(calls=1, cost_micro_usd=7)
    wish = rules_jobs.Finish(epoch=claimed.job.epoch)
    await command(database, claimed.job.id, wish, result=TOLD, usage=usage)


def _call(job_id: UUID, user_id: UUID) -> LLMCall:
    request = LLMRequest(
        model="gemini:flash",
        purpose="analysis/answer",
        system=CANARY,
        parts=(TextPart(text=CANARY),),
        variables={},
    )
    return LLMCall(
        job_id=job_id,
        user_id=user_id,
        stage="answer",
        role="flash",
        request=request,
        prompt_version="abc123",
        response=CANARY,
        thinking=CANARY,
        finish_reason="stop",
        usage=Usage(input_tokens=100, output_tokens=50, cost_micro_usd=7, calls=1),
    )
