"""Vectors of a job's questions, kept with the job, and given again where the job is replayed: a replay asks no
embedding provider, and finds what the job has found."""

import hashlib
from array import array
from collections.abc import Callable, Mapping
from uuid import UUID

from domain.ports import SearchIndex
from storage.direct import Direct
from storage.vectors.asking import Pay, Questions, Vector
from storage.vectors.search import FusedSearch

_NOTE = """
insert into question_vectors (job_id, step_no, epoch, question, model, vector) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_NOTED = """
select distinct on (step_no, question) step_no, question, model, vector from question_vectors
where job_id = $1 order by step_no, question, epoch desc
"""
"""The last run of a stage is the one that led on."""

Asked = tuple[int, bytes]
"""The number of the step that the stage ends with, and the question's `key_of`."""

Where = Callable[[], int]
"""That number, for the stage that runs."""


class QuestionLog:
    def __init__(self, auto: Direct) -> None:
        self._auto = auto

    async def note(self, job_id: UUID, epoch: int, asked: Asked, model: str, vector: Vector | None) -> None:
        """The first word counts: one stage of one run is told one thing of a question."""
        await self._auto.every(_NOTE, job_id, asked[0], epoch, asked[1], model, _packed(vector))

    async def of_job(self, job_id: UUID) -> dict[Asked, tuple[str, Vector | None]]:
        """Model and vector; null: there was none in time."""
        rows = await self._auto.every(_NOTED, job_id)
        return {(row["step_no"], row["question"]): (row["model"], _unpacked(row["vector"])) for row in rows}


class NotedQuestions:
    """Asks as ever, notes what came of it, and tells it again within the stage, also that nothing came in time."""

    def __init__(self, questions: Questions, log: QuestionLog, job_id: UUID, epoch: int, where: Where) -> None:
        self.embedder = questions.embedder
        self._questions = questions
        self._log = log
        self._job_id = job_id
        self._epoch = epoch
        self._where = where
        self._told: dict[Asked, Vector | None] = {}

    async def of(self, question: str, pay: Pay) -> Vector | None:
        asked = (self._where(), key_of(question))
        if asked not in self._told:
            # Of two that ask at once, the first to be answered answers both.
            vector = self._told.setdefault(asked, await self._questions.of(question, pay))
            await self._log.note(self._job_id, self._epoch, asked, self.embedder.model, vector)
        return self._told[asked]


class RecordedQuestions:
    """Gives what is noted. What is not, has no vector, or in a trial is asked of the provider. Vectors of another model
    than the configured one are none: nothing could be compared with them."""

    def __init__(
        self,
        questions: Questions,
        noted: Mapping[Asked, tuple[str, Vector | None]],
        where: Where,
        *,
        is_strict: bool,
    ) -> None:
        self.embedder = questions.embedder
        self._live = None if is_strict else questions
        self._noted = noted
        self._where = where

    async def of(self, question: str, pay: Pay) -> Vector | None:
        noted = self._noted.get((self._where(), key_of(question)))
        if noted is not None:
            model, vector = noted
            return vector if model == self.embedder.model else None
        return await self._live.of(question, pay) if self._live is not None else None


def asking(search: SearchIndex, wrapped: Callable[[Questions], Questions]) -> SearchIndex:
    """The same search with another source of vectors; one by words asks for none."""
    return search.asking(wrapped(search.questions)) if isinstance(search, FusedSearch) else search


def key_of(question: str) -> bytes:
    """The question's sha256: its words are kept elsewhere, or not at all."""
    return hashlib.sha256(question.encode()).digest()


def _packed(vector: Vector | None) -> bytes | None:
    """Doubles as they came: rounded otherwise, neighbours as near as one another could change places."""
    return None if vector is None else array("d", vector).tobytes()


def _unpacked(packed: bytes | None) -> Vector | None:
    if packed is None:
        return None
    vector = array("d")
    vector.frombytes(packed)
    return vector
