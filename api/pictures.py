"""Pictures over HTTP: their bytes, and signed addresses for whoever cannot send a token, as `<img>` and chat clients.

The bucket is never shown: an address names a picture by its digest, and the api serves it until the address expires.
"""

import base64
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Response
from litestar.response import Stream

from api.settings import ApiSettings
from domain.errors import LinkExpired, LinkInvalid
from storage.blobs import MinioBlobs

LINK_LIFE_S = 24 * 3600
"""An address works so long, and up to an hour more: a chat that is left open over a day. A guess."""

LINK_STEP_S = 3600
"""Within the hour a picture keeps its address, so that a browser keeps the picture."""

KEPT_BYTES = 64 * 1024 * 1024
KEPT_PICTURE_BYTES = 2 * 1024 * 1024
"""Of the pictures that an api process keeps in memory: a screen of tiles is 5 MB. Larger ones are streamed. Guesses."""

_PURPOSE = b"aizoomdoc/pictures/1"


def picture_path(settings: ApiSettings, digest: str, *, now_s: float | None = None) -> str:
    """The address of a picture for whoever holds it: `/pictures/<digest>?exp=<unix seconds>&sig=<signature>`.

    `digest` is that of a render (`Picture.digest`, `EvidencePicture.digest`) or of a crop that came with a prepared
    document. The address is relative to the service, works without a token for 24 to 25 hours and for this picture
    alone, and stays the same for an hour. The caller has checked that the user may see the picture. Needs no I/O.
    """
    now = time.time() if now_s is None else now_s
    expires_at = int(now // LINK_STEP_S + 1) * LINK_STEP_S + LINK_LIFE_S
    return f"/pictures/{digest}?exp={expires_at}&sig={_signature(settings, digest, expires_at)}"


def check_link(settings: ApiSettings, digest: str, expires_at: int, signature: str, *, now_s: float) -> None:
    """Raises LinkInvalid for an address that is not ours, LinkExpired for one whose time is over."""
    right = _signature(settings, digest, expires_at)
    if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise LinkInvalid(f"picture {digest[:64]!r}")
    if now_s >= expires_at:
        raise LinkExpired(f"picture {digest}")


def _signature(settings: ApiSettings, digest: str, expires_at: int) -> str:
    """The key is derived, so that a signature tells nothing about the key of access tokens."""
    key = hmac.digest(settings.storage.secret, _PURPOSE, hashlib.sha256)
    signed = hmac.digest(key, f"{digest}:{expires_at}".encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


class PictureBytes:
    """Bytes of pictures by digest; small ones are kept in memory, the least recently used go first."""

    def __init__(self, blobs: MinioBlobs, *, limit_bytes: int = KEPT_BYTES) -> None:
        self._blobs = blobs
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    async def response(self, digest: str, mime_type: str, headers: dict[str, str]) -> Response[Any]:
        """Raises BlobMissing before anything is sent, Unavailable."""
        if (kept := self._kept.get(digest)) is not None:
            self._kept.move_to_end(digest)
            return Response(kept, headers=headers, media_type=mime_type)
        pieces = self._blobs.stream(digest)
        head = bytearray()
        async for piece in pieces:
            head += piece
            if len(head) > KEPT_PICTURE_BYTES:
                return Stream(_joined(bytes(head), pieces), headers=headers, media_type=mime_type)
        self._keep(digest, bytes(head))
        return Response(bytes(head), headers=headers, media_type=mime_type)

    def _keep(self, digest: str, data: bytes) -> None:
        if digest in self._kept:
            return
        self._kept[digest] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > self._limit_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def is_known(etag: str | None, digest: str) -> bool:
    """Whether If-None-Match names the picture."""
    if etag is None:
        return False
    known = {tag.strip().removeprefix("W/").strip('"') for tag in etag.split(",")}
    return digest in known or "*" in known


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(rest):  # pyright: ignore[reportArgumentType]
        yield head
        async for piece in rest:
            yield piece
