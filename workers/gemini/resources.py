"""What Google keeps for a key, over plain HTTP: uploaded files and cached contents.

Not over google-genai 3.3: its upload forgets the headers it is given, so that a user's picture would go to the server's
account, and it waits with `time.sleep` on the event loop (`_extra_utils.prepare_resumable_upload`,
`_api_client._async_upload_fd`).

Sources: ai.google.dev/gemini-api/docs/files (resumable upload in two requests), …/api/caching (cachedContents).
"""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from domain.errors import ProviderFailed
from workers.gemini.faults import fault_of, without_key

BASE_URL = "https://generativelanguage.googleapis.com"
VERSION = "v1beta"

READ_S = 30.0
"""For one answer about a file or a cache. A guess."""

LOOK_AGAIN_S = 0.5
LOOKS = 20
"""A picture is usable at once; other files are processed first. Ten seconds, a guess."""


class GeminiResources:
    """Raises what `workers.gemini.faults` says, without a key in any text; never tries anything twice."""

    def __init__(self, http: httpx.AsyncClient, base_url: str | None = None) -> None:
        self._http = http
        self._base = (base_url or BASE_URL).rstrip("/")

    async def upload(self, data: bytes, mime_type: str, *, api_key: str) -> tuple[str, str]:
        """The name (`files/…`) and the URI of the file, usable with this key only, for 48 hours."""
        start = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(len(data)),
            "X-Goog-Upload-Header-Content-Type": mime_type,
        }
        begun = await self._send("POST", f"/upload/{VERSION}/files", api_key, json={"file": {}}, headers=start)
        finish = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        done = await self._send("POST", _path_of(begun), api_key, content=data, headers=finish)
        file = _object(done).get("file")
        for _ in range(LOOKS):
            if not isinstance(file, dict) or file.get("state") != "PROCESSING":
                break
            await asyncio.sleep(LOOK_AGAIN_S)
            file = _object(await self._send("GET", f"/{VERSION}/{file['name']}", api_key))
        if not isinstance(file, dict) or file.get("state") != "ACTIVE":
            raise ProviderFailed("the uploaded file is not usable")
        return str(file["name"]), str(file["uri"])

    async def cache(self, model: str, system: str, texts: list[str], *, ttl_s: float, api_key: str) -> tuple[str, int]:
        """Keep a system's text and the front of the user's part; the name (`cachedContents/…`) and its tokens."""
        body: dict[str, Any] = {
            "model": f"models/{model}",
            "contents": [{"role": "user", "parts": [{"text": text} for text in texts]}],
            "ttl": f"{ttl_s:g}s",
        }
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        made = _object(await self._send("POST", f"/{VERSION}/cachedContents", api_key, json=body))
        try:
            return str(made["name"]), int(made["usageMetadata"]["totalTokenCount"])
        except (KeyError, TypeError, ValueError):
            raise ProviderFailed("the cache is not told") from None

    async def delete(self, name: str, *, api_key: str) -> None:
        await self._send("DELETE", f"/{VERSION}/{name}", api_key)

    async def _send(self, method: str, path: str, key: str, **sent: Any) -> httpx.Response:
        headers = {**sent.pop("headers", {}), "x-goog-api-key": key}
        try:
            response = await self._http.request(
                method, f"{self._base}{path}", headers=headers, timeout=httpx.Timeout(READ_S), **sent
            )
        except httpx.HTTPError as error:
            raise ProviderFailed(f"connection: {type(error).__name__}") from None
        if response.is_success:
            return response
        body, wait = without_key(_json(response), key), response.headers.get("retry-after")
        raise fault_of(response.status_code, body, retry_after=wait, now_s=time.time())


def _path_of(begun: httpx.Response) -> str:
    """Where the bytes go, on the host that was asked: behind a proxy Google's own name leads past it."""
    address = urlsplit(begun.headers.get("x-goog-upload-url", ""))
    if not address.path:
        raise ProviderFailed("the upload was given no address")
    return f"{address.path}?{address.query}"


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _object(response: httpx.Response) -> dict[str, Any]:
    told = _json(response)
    if not isinstance(told, dict):
        raise ProviderFailed("unreadable: no JSON object")
    return told
