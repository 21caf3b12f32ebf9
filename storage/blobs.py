"""Bytes in S3 (MinIO or any other) by their sha256. Every call to the store runs in a thread of its own pool.

Quirks of `rclone serve s3` (dependencies.md §5): keys are paths, so a key must never be the folder of another; errors
of `get` come as text, which minio-py reports as `InvalidResponseError` instead of `S3Error`.
"""

import asyncio
import hashlib
import io
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import BinaryIO, TypeVar

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from domain.errors import BlobMissing, TooLarge, Unavailable

PIECE_BYTES = 1024 * 1024
PART_BYTES = 5 * 1024 * 1024
"""Of a multipart upload: the smallest that S3 allows; one part is in memory at a time."""

DIGEST_LENGTH = 64
LISTED = 500
"""Objects listed at a time; a guess."""

THREADS = 8
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 30.0
"""Without limits of its own minio-py waits five minutes, five times."""

PREFIX, RETIRED = "sha256", "retired"
"""Where blobs are, and those that nobody seems to need any more (`storage.blob_retiring`)."""

_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NotFound"})

T = TypeVar("T")


class MinioBlobs:
    """See `domain.ports.BlobStore`. Any call may raise Unavailable; it may be retried then."""

    def __init__(self, *, endpoint: str, access_key: str, secret_key: str, bucket: str, secure: bool = False) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=THREADS,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        # Without a region minio-py asks for it first.
        self._client = Minio(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region="us-east-1",
            http_client=self._pool,
        )
        self._bucket = bucket
        self._bucket_exists = False
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="blobs")

    async def prepare(self) -> None:
        """Make the bucket if it is missing; the first write does so too."""
        await self._run(self._make_bucket)

    async def put(self, data: bytes, mime_type: str) -> str:
        """Store the bytes and return their digest."""
        return await self._run(lambda: self._put(data, mime_type))

    async def put_stream(self, pieces: AsyncIterator[bytes], *, limit_bytes: int, mime_type: str) -> tuple[str, int]:
        """Store what comes, hashed on the way, and return digest and size; at most some MiB are in memory.

        Raises TooLarge as soon as the limit is exceeded; nothing is stored then.
        """
        digest = hashlib.sha256()
        size = 0
        with tempfile.TemporaryFile() as spool:
            async for batch in _batched(pieces):
                size += len(batch)
                if size > limit_bytes:
                    raise TooLarge(f"more than {limit_bytes} bytes")
                await self._run(lambda batch=batch: (digest.update(batch), spool.write(batch)))
            spool.seek(0)
            await self._run(lambda: self._put_file(digest.hexdigest(), spool, size, mime_type))
        return digest.hexdigest(), size

    async def get(self, digest: str) -> bytes:
        """Raises BlobMissing."""
        return await self._run(lambda: b"".join(self._read(digest)))

    async def stream(self, digest: str) -> AsyncGenerator[bytes, None]:
        """Pieces of 1 MiB. Raises BlobMissing before the first."""
        pieces = self._read(digest)
        try:
            while (piece := await self._run(lambda: next(pieces, None))) is not None:
                yield piece
        finally:
            await self._run(pieces.close)

    async def fetch(self, digest: str, path: str) -> None:
        """Write the object to a local file, never whole in memory. Raises BlobMissing."""
        await self._run(lambda: self._copy(digest, path))

    async def exists(self, digest: str) -> bool:
        return await self._run(lambda: self._has(digest))

    async def delete(self, digest: str) -> None:
        """Safe to call twice."""
        await self._run(lambda: self._client.remove_object(self._bucket, key_of(digest)))

    async def move(self, source: str, target: str) -> None:
        """Move an object between two keys. Raises BlobMissing."""
        await self._run(lambda: self._move(source, target))

    async def remove(self, key: str) -> None:
        """Safe to call twice."""
        await self._run(lambda: self._client.remove_object(self._bucket, key))

    async def listed(self, folder: str) -> AsyncIterator[list[tuple[str, datetime]]]:
        """The objects in a folder, in batches: digest, and when it was written by the store's clock."""
        objects = await self._run(lambda: self._list(folder))
        while batch := await self._run(lambda: list(islice(objects, LISTED))):
            yield batch

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: _translated(call))

    def _put(self, data: bytes, mime_type: str) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._put_file(digest, io.BytesIO(data), len(data), mime_type)
        return digest

    def _put_file(self, digest: str, file: BinaryIO, size: int, mime_type: str) -> None:
        """What is there is not written again: others may be reading it."""
        self._make_bucket()
        if self._has(digest):
            return
        self._client.put_object(
            self._bucket,
            key_of(digest),
            file,
            size,
            content_type=mime_type,
            part_size=PART_BYTES if size > PART_BYTES else 0,
            num_parallel_uploads=1,
        )

    def _read(self, digest: str):
        response = self._open(digest)
        try:
            yield from response.stream(PIECE_BYTES)
        finally:
            response.close()
            response.release_conn()

    def _open(self, digest: str):
        """The blob, also a retired one: whoever needs it must not notice."""
        try:
            return self._client.get_object(self._bucket, key_of(digest))
        except MinioException as error:
            if not _is_missing(error):
                raise
        return self._client.get_object(self._bucket, retired_key_of(digest))

    def _copy(self, digest: str, path: str) -> None:
        with open(path, "wb") as file:
            for piece in self._read(digest):
                file.write(piece)

    def _has(self, digest: str) -> bool:
        try:
            self._client.stat_object(self._bucket, key_of(digest))
        except MinioException as error:
            if _is_missing(error):
                return False
            raise
        return True

    def _move(self, source: str, target: str) -> None:
        self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))
        self._client.remove_object(self._bucket, source)

    def _list(self, folder: str) -> Iterator[tuple[str, datetime]]:
        for found in self._client.list_objects(self._bucket, prefix=f"{folder}/", recursive=True):
            digest = (found.object_name or "").rpartition("/")[2]
            if len(digest) == DIGEST_LENGTH and found.last_modified is not None:
                yield digest, found.last_modified

    def _make_bucket(self) -> None:
        if self._bucket_exists:
            return
        if not self._client.bucket_exists(self._bucket):
            try:
                self._client.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        self._bucket_exists = True


def key_of(digest: str) -> str:
    """`sha256/ab/cd/<digest>`: small folders, and no key is the folder of another."""
    return f"{PREFIX}/{digest[:2]}/{digest[2:4]}/{digest}"


def retired_key_of(digest: str) -> str:
    return f"{RETIRED}/{digest[:2]}/{digest[2:4]}/{digest}"


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except MinioException as error:
        if _is_missing(error):
            raise BlobMissing(str(error)) from error
        raise Unavailable(f"blob store: {error}") from error
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"blob store: {type(error).__name__}") from error


def _is_missing(error: MinioException) -> bool:
    if isinstance(error, S3Error):
        return error.code in _MISSING
    if isinstance(error, InvalidResponseError):
        # It says the status in its words only.
        return f"Response code: {HTTPStatus.NOT_FOUND.value}" in str(error)
    return isinstance(error, ServerError) and error.status_code == HTTPStatus.NOT_FOUND


async def _batched(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of about 1 MiB: one thread hop each."""
    batch = bytearray()
    async for piece in pieces:
        batch += piece
        if len(batch) >= PIECE_BYTES:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)
