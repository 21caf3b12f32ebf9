"""What a job's searches were told of their questions is kept with the job, and told again in its replay: PostgreSQL."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import ProviderFailed
from domain.llm import Usage
from storage.direct import Direct
from storage.uow import Database
from storage.vectors.asking import QuestionVectors
from storage.vectors.recording import NotedQuestions, QuestionLog, RecordedQuestions, key_of
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.jobs import accept, new_job

QUESTION = "Какой насос?"


@pytest.fixture
def log(engine: AsyncEngine) -> QuestionLog:
    return QuestionLog(Direct(engine))


@pytest.fixture
async def job_id(database: Database, user_id: UUID) -> UUID:
    [accepted] = await accept(database, new_job(user_id))
    return accepted


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


async def pay(_: Usage) -> None:
    return


def noted(
    embedder: FakeEmbedder, log: QuestionLog, job_id: UUID, *, epoch: int = 1, step_no: int = 2
) -> NotedQuestions:
    questions = QuestionVectors(embedder, pause_s=0.0)
    return NotedQuestions(questions, log, job_id, epoch, lambda: step_no)


async def recorded(
    embedder: FakeEmbedder, log: QuestionLog, job_id: UUID, *, step_no: int = 2, is_strict: bool = True
) -> RecordedQuestions:
    told = await log.of_job(job_id)
    return RecordedQuestions(QuestionVectors(embedder), told, lambda: step_no, is_strict=is_strict)


async def test_a_vector_is_given_again_as_it_was_and_nobody_is_asked(
    log: QuestionLog, job_id: UUID, embedder: FakeEmbedder
) -> None:
    vector = await noted(embedder, log, job_id).of(QUESTION, pay)
    assert embedder.asked == [QUESTION]

    again = await (await recorded(embedder, log, job_id)).of(QUESTION, pay)

    assert list(again or ()) == list(vector or ())
    assert embedder.asked == [QUESTION]


async def test_what_did_not_come_in_time_does_not_come_within_the_stage_nor_in_the_replay(
    log: QuestionLog, job_id: UUID, embedder: FakeEmbedder
) -> None:
    questions = noted(embedder, log, job_id)
    embedder.failure = ProviderFailed("down")
    first = await questions.of(QUESTION, pay)
    embedder.failure = None

    assert (first, await questions.of(QUESTION, pay)) == (None, None)
    assert await (await recorded(embedder, log, job_id)).of(QUESTION, pay) is None
    assert await noted(embedder, log, job_id, step_no=3).of(QUESTION, pay) is not None


async def test_the_last_run_of_a_stage_is_the_one_that_counts(
    log: QuestionLog, job_id: UUID, embedder: FakeEmbedder
) -> None:
    embedder.failure = ProviderFailed("down")
    await noted(embedder, log, job_id, epoch=1).of(QUESTION, pay)
    embedder.failure = None
    await noted(embedder, log, job_id, epoch=2).of(QUESTION, pay)

    assert await (await recorded(embedder, log, job_id)).of(QUESTION, pay) is not None


async def test_what_is_not_recorded_is_asked_in_a_trial_only(
    log: QuestionLog, job_id: UUID, embedder: FakeEmbedder
) -> None:
    replay = await recorded(embedder, log, job_id)
    trial = await recorded(embedder, log, job_id, is_strict=False)

    assert await replay.of(QUESTION, pay) is None
    assert embedder.asked == []
    assert await trial.of(QUESTION, pay) is not None


async def test_vectors_of_another_model_are_none(log: QuestionLog, job_id: UUID, embedder: FakeEmbedder) -> None:
    await noted(embedder, log, job_id).of(QUESTION, pay)

    other = await recorded(FakeEmbedder(model="fake:other"), log, job_id)

    assert await other.of(QUESTION, pay) is None
    assert list(await log.of_job(job_id)) == [(2, key_of(QUESTION))]
