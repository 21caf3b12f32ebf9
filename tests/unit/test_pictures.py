"""Signed addresses of pictures, and the bytes that the api keeps."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.pictures import LINK_LIFE_S, LINK_STEP_S, PictureBytes, check_link, is_known, picture_path
from api.settings import ApiSettings, read_api_settings
from domain.errors import BlobMissing, LinkExpired, LinkInvalid
from tests.fakes.blobs import FakeBlobs

DIGEST = "ab" * 32
NOW_S = 1_790_000_000.0


def _settings(secret: str = "s" * 32) -> ApiSettings:
    names = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    return read_api_settings({**dict.fromkeys(names, "x"), "AIZOOMDOC_SECRET": secret})


def _parts(path: str) -> tuple[str, int, str]:
    split = urlsplit(path)
    query = parse_qs(split.query)
    return split.path.removeprefix("/pictures/"), int(query["exp"][0]), query["sig"][0]


def test_an_address_works_for_a_day_and_then_no_more() -> None:
    digest, expires_at, signature = _parts(picture_path(_settings(), DIGEST, now_s=NOW_S))

    check_link(_settings(), digest, expires_at, signature, now_s=NOW_S + LINK_LIFE_S)
    with pytest.raises(LinkExpired):
        check_link(_settings(), digest, expires_at, signature, now_s=NOW_S + LINK_LIFE_S + LINK_STEP_S)


def test_an_address_stays_the_same_within_the_hour() -> None:
    hour = NOW_S // LINK_STEP_S * LINK_STEP_S

    assert picture_path(_settings(), DIGEST, now_s=hour) == picture_path(_settings(), DIGEST, now_s=hour + 3599)
    assert picture_path(_settings(), DIGEST, now_s=hour) != picture_path(_settings(), DIGEST, now_s=hour + 3600)


@pytest.mark.parametrize("change", ["digest", "time", "signature", "secret", "letters"])
def test_an_address_holds_for_one_picture_one_time_and_one_service(change: str) -> None:
    digest, expires_at, signature = _parts(picture_path(_settings(), DIGEST, now_s=NOW_S))
    asked = {
        "digest": (_settings(), "cd" * 32, expires_at, signature),
        "time": (_settings(), digest, expires_at + 1, signature),
        "signature": (_settings(), digest, expires_at, signature[:-2] + "AA"),
        "secret": (_settings("t" * 32), digest, expires_at, signature),
        "letters": (_settings(), digest, expires_at, "подпись\udcff"),
    }

    with pytest.raises(LinkInvalid):
        check_link(*asked[change], now_s=NOW_S)


class CountingBlobs(FakeBlobs):
    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    async def stream(self, digest: str) -> AsyncIterator[bytes]:
        self.reads += 1
        data = await self.get(digest)
        for start in range(0, len(data), 1024):
            yield data[start : start + 1024]


def _bytes(blobs: Any, **limits: int) -> PictureBytes:
    return PictureBytes(blobs, **limits)


async def test_a_small_picture_is_fetched_once() -> None:
    blobs = CountingBlobs()
    digest = await blobs.put(b"x" * 3000, "image/png")
    pictures = _bytes(blobs)

    answers = [await pictures.response(digest, "image/png", {"ETag": "a"}) for _ in range(3)]

    assert [answer.content for answer in answers] == [b"x" * 3000] * 3
    assert blobs.reads == 1


async def test_what_was_not_asked_for_lately_is_forgotten_first() -> None:
    blobs = CountingBlobs()
    digests = [await blobs.put(letter * 400, "image/png") for letter in (b"a", b"b", b"c")]
    pictures = _bytes(blobs, limit_bytes=1000)

    for number in (0, 1, 0, 2, 0):
        await pictures.response(digests[number], "image/png", {})
    assert blobs.reads == 3
    await pictures.response(digests[1], "image/png", {})

    assert blobs.reads == 4


async def test_a_large_picture_is_passed_on_piece_by_piece() -> None:
    blobs = CountingBlobs()
    data = bytes(range(256)) * 12_000
    digest = await blobs.put(data, "image/png")

    answer: Any = await _bytes(blobs).response(digest, "image/png", {})

    assert b"".join([piece async for piece in answer.iterator]) == data


async def test_a_picture_that_is_gone_is_told_before_anything_is_sent() -> None:
    with pytest.raises(BlobMissing):
        await _bytes(CountingBlobs()).response("0" * 64, "image/png", {})


@pytest.mark.parametrize(
    ("etag", "known"),
    [(f'"{DIGEST}"', True), (f'"x", W/"{DIGEST}"', True), ("*", True), ('"x"', False), ("", False), (None, False)],
)
def test_if_none_match_may_name_several(etag: str | None, known: bool) -> None:
    assert is_known(etag, DIGEST) is known
