"""Pictures take the place of their names while a request is sent."""

import base64
import hashlib
from collections.abc import Mapping

import httpx
import pytest

from workers.gemini.pictures import PICTURES, PIECE_BYTES, complete_body, name_of

SMALL = b"\xff\xfe\x00 small"
LARGE = bytes(range(256)) * (PIECE_BYTES // 100)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def request_of(*pictures: bytes) -> httpx.Request:
    names = ",".join(base64.urlsafe_b64encode(name_of(digest_of(data))).decode() for data in pictures)
    return httpx.Request("POST", "https://example.test/", content=f'["{names}"]'.encode())


async def sent(request: httpx.Request, pictures: Mapping[str, bytes]) -> list[bytes]:
    token = PICTURES.set(pictures)
    try:
        await complete_body(request)
    finally:
        PICTURES.reset(token)
    assert isinstance(request.stream, httpx.AsyncByteStream)
    return [piece async for piece in request.stream]


@pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
async def test_a_name_becomes_its_picture(data: bytes) -> None:
    request = request_of(data)

    body = b"".join(await sent(request, {digest_of(data): data}))

    assert body == b'["' + base64.urlsafe_b64encode(data) + b'"]'
    assert int(request.headers["Content-Length"]) == len(body)


async def test_a_large_picture_is_encoded_piece_by_piece() -> None:
    pieces = await sent(request_of(LARGE), {digest_of(LARGE): LARGE})

    assert len(pieces) > 3
    assert max(map(len, pieces)) <= PIECE_BYTES * 4 / 3


async def test_the_same_picture_may_stand_twice() -> None:
    body = b"".join(await sent(request_of(SMALL, SMALL), {digest_of(SMALL): SMALL}))

    assert body.count(base64.urlsafe_b64encode(SMALL)) == 2


async def test_a_request_without_pictures_is_left_alone() -> None:
    request = httpx.Request("POST", "https://example.test/", content=b"{}")

    assert await sent(request, {digest_of(SMALL): SMALL}) == [b"{}"]
