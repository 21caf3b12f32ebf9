"""Bytes that no row needs leave the store, and nobody who needs them ever misses them: PostgreSQL and S3 (rclone)."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.documents import Document, DocumentFile, DocumentStatus, StoredFile
from domain.errors import BlobMissing
from domain.ids import new_id
from storage.blob_references import named_in_columns, named_in_objects
from storage.blob_retiring import RetiringBlobs
from storage.blob_sweep import Swept, sweep
from storage.blobs import MinioBlobs
from storage.database import in_autocommit
from storage.direct import Direct
from storage.uow import Database
from tests.conftest import Servers

NO_GRACE_S = -60.0
"""The clocks of the store and of this process may differ by a second."""


class Ground:
    def __init__(self, database: Database, engine: Any, blobs: MinioBlobs, user_id: UUID) -> None:
        self.database = database
        self.direct: Direct = in_autocommit(engine)
        self.blobs = blobs
        self.user_id = user_id

    async def sweep(self, grace_s: float = NO_GRACE_S) -> Swept:
        return await sweep(self.direct, RetiringBlobs(self.blobs), grace_s=grace_s)

    async def add_file(self, digest: str) -> UUID:
        file = StoredFile(
            id=new_id(), owner_id=self.user_id, filename="a.pdf", mime_type="x", size_bytes=1, sha256=digest
        )
        async with self.database.uow() as uow:
            await uow.files.add(file)
            await uow.commit()
        return file.id

    async def add_prepared(self, crop: str) -> UUID:
        document = Document(id=new_id(), owner_id=self.user_id, name="a", status=DocumentStatus.READY)
        part = DocumentFile(
            id=new_id(),
            document_id=document.id,
            file_type="crop",
            file_name="ABCD-ABCD-ABC.png",
            mime_type="image/png",
            size_bytes=1,
            sha256=crop,
        )
        async with self.database.uow() as uow:
            await uow.documents.add(document)
            await uow.nodes.add_files([part])
            await uow.commit()
        return document.id

    async def add_job(self, family: str, state: str, result: str = "{}") -> UUID:
        job_id = new_id()
        await self.run(
            "insert into jobs (id, user_id, family, queue, state, payload, result, deadline_at) values "
            "(:id, :user, :family, 'background', :state, '{}', cast(:result as jsonb), now())",
            id=job_id,
            user=self.user_id,
            family=family,
            state=state,
            result=result,
        )
        return job_id

    async def run(self, statement: str, **values: Any) -> None:
        async with self.database.uow() as uow:
            await uow.session.execute(text(statement), values)
            await uow.commit()


@pytest.fixture
async def ground(
    database: Database, engine: Any, user_id: UUID, servers: Servers, request: pytest.FixtureRequest
) -> AsyncIterator[Ground]:
    bucket = f"swept-{hashlib.sha256(request.node.name.encode()).hexdigest()[:20]}"
    s3 = servers.s3
    blobs = MinioBlobs(
        endpoint=s3.env["S3_ENDPOINT"], access_key=s3.access_key, secret_key=s3.secret_key, bucket=bucket
    )
    await blobs.prepare()
    yield Ground(database, engine, blobs, user_id)
    blobs.close()


async def test_bytes_without_a_row_are_moved_aside_and_removed_a_grace_later(ground: Ground) -> None:
    digest = await ground.blobs.put(b"nobody's", "text/plain")

    first = await ground.sweep()
    while_retired = await ground.blobs.get(digest)
    second = await ground.sweep()

    assert (first, second) == (Swept(retired=1), Swept(purged=1))
    assert while_retired == b"nobody's"
    with pytest.raises(BlobMissing):
        await ground.blobs.get(digest)


async def test_what_is_young_stays(ground: Ground) -> None:
    digest = await ground.blobs.put(b"in flight", "text/plain")

    assert await ground.sweep(grace_s=3600.0) == Swept()
    assert await ground.blobs.exists(digest)


async def test_the_file_of_a_row_stays_until_the_row_is_deleted(ground: Ground) -> None:
    digest = await ground.blobs.put(b"a file", "text/plain")
    file_id = await ground.add_file(digest)
    kept = await ground.sweep()

    async with ground.database.uow() as uow:
        await uow.files.delete(file_id, ground.user_id)
        await uow.commit()

    assert (kept, await ground.sweep()) == (Swept(), Swept(retired=1))


async def test_the_parts_of_a_prepared_document_go_with_it(ground: Ground) -> None:
    document_id = await ground.add_prepared(await ground.blobs.put(b"a crop", "image/png"))
    kept = await ground.sweep()

    async with ground.database.uow() as uow:
        await uow.documents.delete(document_id, user_id=ground.user_id)
        await uow.commit()

    assert (kept, await ground.sweep()) == (Swept(), Swept(retired=1))


async def test_the_same_bytes_uploaded_again_while_they_are_swept_are_never_missed(ground: Ground) -> None:
    """The worst moment: the upload finds the bytes there and writes nothing, they are moved aside, its row comes."""
    digest = await ground.blobs.put(b"twice", "text/plain")
    assert await ground.blobs.put(b"twice", "text/plain") == digest
    await ground.sweep()
    await ground.add_file(digest)
    before = await ground.blobs.get(digest)

    swept = await ground.sweep()

    assert (swept, before, await ground.blobs.get(digest)) == (Swept(restored=1), b"twice", b"twice")
    assert await ground.sweep() == Swept()


async def test_bytes_uploaded_after_they_were_moved_aside_outlive_the_removal(ground: Ground) -> None:
    digest = await ground.blobs.put(b"back again", "text/plain")
    await ground.sweep()
    await ground.blobs.put(b"back again", "text/plain")
    await RetiringBlobs(ground.blobs).purge(digest)

    assert await ground.blobs.get(digest) == b"back again"


async def test_two_sweeps_at_once_harm_nothing(ground: Ground) -> None:
    digest = await ground.blobs.put(b"shared", "text/plain")
    retiring = RetiringBlobs(ground.blobs)
    await retiring.retire(digest)

    with pytest.raises(BlobMissing):
        await retiring.retire(digest)

    assert await ground.sweep() == Swept(purged=1)


async def test_blobs_that_only_objects_name_do_not_hide_what_comes_after_them(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.blob_sweep.MOST_SUSPECTS", 1)
    for data in (b"1", b"2", b"3", b"4"):
        digest = await ground.blobs.put(data, "image/png")
        await ground.add_job("comparison", "succeeded", result='{"overlay": "' + digest + '"}')
    await ground.blobs.put(b"nobody's", "text/plain")

    assert await ground.sweep() == Swept(retired=1)


async def test_what_a_job_names_in_its_result_is_needed(ground: Ground) -> None:
    await ground.add_job("compare", "succeeded", result='{"pages": [{"overlay": "' + "a" * 64 + '"}]}')

    assert await named_in_objects(ground.direct, ["a" * 64, "b" * 64]) == {"a" * 64}


async def test_what_an_ended_ingest_was_given_is_needed_by_its_document_alone(ground: Ground) -> None:
    await ground.add_job("ingest", "succeeded", result='{"digest": "' + "a" * 64 + '"}')

    assert await named_in_objects(ground.direct, ["a" * 64]) == set()


@pytest.mark.parametrize(
    ("family", "state", "needed"),
    [
        ("analysis", "running", {"a" * 64}),
        ("analysis", "succeeded", set()),
        # May be requeued.
        ("comparison", "failed", {"a" * 64}),
        # Shown as far as it came.
        ("matrix", "cancelled", {"a" * 64}),
    ],
)
async def test_what_stands_in_the_state_of_a_job_is_needed_as_long_as_it_is_used(
    ground: Ground, family: str, state: str, needed: set[str]
) -> None:
    job_id = await ground.add_job(family, state)
    await ground.run(
        "insert into job_steps (job_id, step_no, stage, epoch, status, next_stage, state, duration_ms) "
        "values (:id, 1, 'crop', 1, 'done', 'answer', :state, 1)",
        id=job_id,
        state=b'{"digest": "' + b"a" * 64 + b'"}',
    )

    assert await named_in_objects(ground.direct, ["a" * 64]) == needed


async def test_every_statement_over_the_tables_runs(ground: Ground) -> None:
    digests = ["d" * 64]

    assert await named_in_columns(ground.direct, digests) | await named_in_objects(ground.direct, digests) == set()
