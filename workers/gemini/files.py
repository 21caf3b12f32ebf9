"""Pictures that would make a request too large, uploaded and named by their address instead (Gemini's Files API)."""

import asyncio
from collections.abc import Mapping

import structlog

from domain.errors import ProviderRefused
from domain.llm import ImagePart
from workers.gemini.keeping import Keeper, Kept, kept_key
from workers.gemini.resources import GeminiResources

INLINE_BYTES = 14 * 1024 * 1024
"""Of all pictures of a request together: 19.6 MB in base64. The documented limit of a whole request was 20 MB; since
January 2026 it is 100 MB, not for every model (ai.google.dev/gemini-api/docs/file-input-methods)."""

IDLE_S = 600.0
"""A file is deleted so long after its last use: its job's next turn comes sooner, and a deleted document's pictures are
gone with it soon. A guess."""

_log = structlog.get_logger()


class UploadedPictures:
    """See the module. Belongs to one event loop."""

    def __init__(self, resources: GeminiResources) -> None:
        self._resources = resources
        self._keeper = Keeper(lambda name, api_key: resources.delete(name, api_key=api_key), idle_s=IDLE_S)

    async def uris_of(
        self, parts: Mapping[str, ImagePart], pictures: Mapping[str, bytes], *, owner: str, api_key: str
    ) -> dict[str, str]:
        """The addresses of the pictures that do not fit into the request, by digest: the largest ones; usually none.

        A key that may upload nothing has none. Raises what an upload raises otherwise.
        """
        large = too_large({digest: len(data) for digest, data in pictures.items()})

        async def uri_of(digest: str) -> str:
            async def upload() -> Kept:
                name, uri = await self._resources.upload(pictures[digest], parts[digest].mime_type, api_key=api_key)
                return Kept(name=name, value=uri)

            return (await self._keeper.keep(kept_key(api_key, owner, digest), api_key, upload)).value

        try:
            return dict(zip(large, await asyncio.gather(*map(uri_of, large)), strict=True))
        except ProviderRefused as error:
            _log.warning("gemini_files_refused", error=error.code)
            return {}

    def forget(self, digests: Mapping[str, str], *, owner: str, api_key: str) -> None:
        for digest in digests:
            self._keeper.forget(kept_key(api_key, owner, digest))

    async def close(self) -> None:
        await self._keeper.close()


def too_large(sizes: Mapping[str, int]) -> list[str]:
    """The largest pictures, so many that the others fit into one request."""
    left = sum(sizes.values())
    chosen: list[str] = []
    for digest in sorted(sizes, key=lambda digest: -sizes[digest]):
        if left <= INLINE_BYTES:
            break
        chosen.append(digest)
        left -= sizes[digest]
    return chosen
