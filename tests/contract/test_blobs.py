"""Every blob store keeps bytes by their digest: the fake and S3 (rclone)."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.errors import BlobMissing, TooLarge, Unavailable
from storage.blobs import MinioBlobs
from tests.conftest import Servers
from tests.fakes.blobs import FakeBlobs

NOWHERE = "0" * 64


@pytest.fixture(params=["fake", "s3"])
def blobs(request: pytest.FixtureRequest) -> Iterator[FakeBlobs | MinioBlobs]:
    if request.param == "fake":
        yield FakeBlobs()
        return
    s3 = request.getfixturevalue("servers").s3
    store = MinioBlobs(
        endpoint=s3.env["S3_ENDPOINT"],
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        bucket="made-by-the-first-write",
    )
    yield store
    store.close()


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_bytes_come_back_by_their_sha256(blobs: MinioBlobs):
    digest = await blobs.put(b"hello", "text/plain")

    assert digest == hashlib.sha256(b"hello").hexdigest()
    assert await blobs.get(digest) == b"hello"
    assert await blobs.exists(digest)


async def test_writing_the_same_bytes_twice_is_one_object(blobs: MinioBlobs):
    assert await blobs.put(b"twice", "text/plain") == await blobs.put(b"twice", "image/png")


async def test_a_stream_is_hashed_while_it_is_stored(blobs: MinioBlobs):
    parts = [bytes([number]) * 700_000 for number in range(20)]

    digest, size = await blobs.put_stream(pieces(*parts), limit_bytes=10**9, mime_type="application/pdf")

    assert size == 14_000_000
    assert digest == hashlib.sha256(b"".join(parts)).hexdigest()
    received = hashlib.sha256()
    async for piece in blobs.stream(digest):
        received.update(piece)
    assert received.hexdigest() == digest


async def test_an_empty_stream_is_an_empty_object(blobs: MinioBlobs):
    digest, size = await blobs.put_stream(pieces(), limit_bytes=10, mime_type="text/plain")

    assert (await blobs.get(digest), size) == (b"", 0)


async def test_a_stream_beyond_the_limit_is_refused_and_not_kept(blobs: MinioBlobs):
    parts = [b"x" * 1_000_000] * 3

    with pytest.raises(TooLarge):
        await blobs.put_stream(pieces(*parts), limit_bytes=2_500_000, mime_type="text/plain")

    assert not await blobs.exists(hashlib.sha256(b"".join(parts)).hexdigest())


async def test_an_object_is_copied_to_a_file(blobs: MinioBlobs, tmp_path: Path):
    digest = await blobs.put(b"to a file", "text/plain")

    await blobs.fetch(digest, str(tmp_path / "copy"))

    assert (tmp_path / "copy").read_bytes() == b"to a file"


async def test_what_is_not_there_is_said_to_be_missing(blobs: MinioBlobs, tmp_path: Path):
    with pytest.raises(BlobMissing):
        await blobs.get(NOWHERE)
    with pytest.raises(BlobMissing):
        await blobs.fetch(NOWHERE, str(tmp_path / "copy"))
    with pytest.raises(BlobMissing):
        async for _ in blobs.stream(NOWHERE):
            pass


async def test_a_deleted_object_is_gone_and_may_be_deleted_again(blobs: MinioBlobs):
    digest = await blobs.put(b"for a while", "text/plain")

    await blobs.delete(digest)
    await blobs.delete(digest)

    assert not await blobs.exists(digest)


async def test_a_store_that_does_not_answer_is_unavailable(servers: Servers):
    store = MinioBlobs(endpoint="127.0.0.1:1", access_key="a", secret_key="b", bucket="nowhere")

    with pytest.raises(Unavailable):
        await store.get(NOWHERE)

    store.close()
