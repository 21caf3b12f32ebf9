"""Gemini over google-genai: one streamed call with pictures, thinking and a JSON Schema.

Quirks, each seen in google-genai 3.3 or in dependencies.md §4: the async transport is whichever library is installed
unless an httpx client is given; a timeout of none turns httpx's own timeouts off, so they are set on each request; the
default api version is v1, which lacks thinking; responses are continued by hidden further requests unless told not to;
a blocked prompt is no error but an answer without candidates; a request with cached content may have no system
instruction, for that is in the cache (ai.google.dev/api/caching).
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpx
import msgspec
from google import genai
from google.genai import errors, types

from domain.errors import DomainError, InvalidInput, ProviderFailed, ProviderRefused
from domain.llm import (
    Capabilities,
    Chunk,
    EndChunk,
    ImagePart,
    LLMRequest,
    TextChunk,
    TextPart,
    ThoughtChunk,
    Usage,
    UsageChunk,
)
from domain.ports import BlobStore
from workers.gemini.faults import fault_of, without_key
from workers.gemini.files import UploadedPictures
from workers.gemini.models import MAX_OUTPUT_TOKENS, capabilities_of, thinking_of
from workers.gemini.pictures import PICTURES, complete_body, name_of
from workers.gemini.prefixes import KeptPrefixes, Prefix
from workers.gemini.resources import GeminiResources
from workers.gemini.schemas import for_gemini

NAME = "gemini"

CONNECT_S = 10.0
WRITE_S = 60.0
"""Between two pieces of a request: a dozen pictures over a slow line."""

CALL_S = 300.0
"""Told to the server as the deadline of the whole call; the longest stage has as much."""

NO_KEY = "unset"
"""google-genai refuses to be without a key; a call with this one is never sent."""

_FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "length"}
_PASSING = frozenset(
    {
        "FINISH_REASON_UNSPECIFIED",
        "OTHER",
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
    }
)
"""Ends that say nothing about the question: worth another try. All others but `_FINISHES` mean blocked."""

_OPENED: ContextVar[list[httpx.Response] | None] = ContextVar("opened", default=None)
"""Where the answer of the call being sent is put. google-genai keeps it inside a chain of generators, which closes only
when it is collected: a reply that is given up would go on, and be paid."""


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What a call sends. `pictures` are the bytes by digest, `uris` the addresses of those that are not sent along,
    `prefix` the front that Google has already."""

    request: LLMRequest
    key: str
    pictures: Mapping[str, bytes]
    uris: Mapping[str, str] = {}
    prefix: Prefix | None = None


class GeminiProvider:
    """`api_key` null: only users with keys of their own are served. `keeps_prefixes`: fronts of requests that are asked
    again are stored with Google, for money. Belongs to one event loop."""

    name = NAME

    def __init__(
        self, blobs: BlobStore, *, api_key: str | None, base_url: str | None = None, keeps_prefixes: bool = False
    ) -> None:
        self._blobs = blobs
        self._api_key = api_key
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        tls = _tls()
        self._http = httpx.AsyncClient(
            verify=tls, limits=limits, event_hooks={"request": [_set_timeouts, complete_body], "response": [_remember]}
        )
        self._client = genai.Client(
            vertexai=False,
            api_key=api_key or NO_KEY,
            http_options=types.HttpOptions(
                base_url=base_url,
                api_version="v1beta",
                timeout=round(CALL_S * 1000),
                httpx_async_client=self._http,
                # Never used, but made with a context of its own, 0.1 s each, unless given.
                httpx_client=httpx.Client(verify=tls),
                async_client_args={"ssl": tls},
            ),
        )
        resources = GeminiResources(self._http, base_url)
        self._uploaded = UploadedPictures(resources)
        self._prefixes = KeptPrefixes(resources) if keeps_prefixes else None

    @property
    def is_ready(self) -> bool:
        return self._api_key is not None

    def capabilities(self, model: str) -> Capabilities:
        return msgspec.structs.replace(capabilities_of(model), stores=self._prefixes is not None)

    async def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]:
        key = api_key or self._api_key
        if key is None:
            raise ProviderRefused("no key", public_ru="Ключ модели не задан.", public_en="There is no model key.")
        sent = await self._sent(request, key)
        begun = False
        try:
            async with contextlib.aclosing(self._read(sent)) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk
            return
        except ProviderRefused:
            if begun or not (sent.prefix or sent.uris):
                raise
        except ProviderFailed:
            if sent.prefix and sent.prefix.made_tokens and not begun:
                yield UsageChunk(_stored_by(sent))
            raise
        # What Google kept for it may be gone before its time: then everything is sent.
        async with contextlib.aclosing(self._read(self._whole(sent))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _sent(self, request: LLMRequest, key: str) -> _Sent:
        named = {part.digest: part for part in request.parts if isinstance(part, ImagePart)}
        pictures = dict(zip(named, await asyncio.gather(*map(self._blobs.get, named)), strict=True))
        return _Sent(
            request=request,
            key=key,
            pictures=pictures,
            uris=await self._uploaded.uris_of(named, pictures, owner=request.owner, api_key=key),
            prefix=await self._prefixes.prefix_of(request, api_key=key) if self._prefixes else None,
        )

    def _whole(self, sent: _Sent) -> _Sent:
        """With nothing left out; what was kept is forgotten. Tokens that were stored for it stay paid."""
        self._uploaded.forget(sent.uris, owner=sent.request.owner, api_key=sent.key)
        if sent.prefix and self._prefixes:
            self._prefixes.forget(sent.prefix)
        stored = msgspec.structs.replace(sent.prefix, name="") if sent.prefix else None
        return msgspec.structs.replace(sent, uris={}, prefix=stored)

    async def _read(self, sent: _Sent) -> AsyncGenerator[Chunk, None]:
        reading = _Reading(_stored_by(sent))
        async with contextlib.aclosing(self._responses(sent)) as responses:
            async for response in responses:
                for chunk in reading.take(response):
                    yield chunk
        yield reading.end()

    async def _responses(self, sent: _Sent) -> AsyncGenerator[types.GenerateContentResponse, None]:
        """The responses of one call, its faults as domain errors. The HTTP connection is closed however it ends."""
        opened: list[httpx.Response] = []
        try:
            responses = await self._client.aio.models.generate_content_stream(
                model=sent.request.model.partition(":")[2],
                contents=types.Content(role="user", parts=_parts_of(sent)),
                config=_config_of(sent),
            )
            token, named = _OPENED.set(opened), PICTURES.set(sent.pictures)
            try:
                first = await anext(responses, None)
            finally:
                PICTURES.reset(named)
                _OPENED.reset(token)
            if first is not None:
                yield first
            async for response in responses:
                yield response
        except errors.APIError as error:
            # Without its cause: the body may name the key.
            raise _fault(error, sent.key) from None
        except httpx.HTTPError as error:
            raise ProviderFailed(f"connection: {type(error).__name__}") from error
        except (ValueError, TypeError, AttributeError) as error:
            # No JSON, or JSON of another shape than google-genai and pydantic expect.
            raise ProviderFailed(f"unreadable: {type(error).__name__}") from None
        finally:
            for response in opened:
                await response.aclose()

    async def close(self) -> None:
        """Deletes what is kept with Google, too."""
        await self._uploaded.close()
        if self._prefixes:
            await self._prefixes.close()
        await self._http.aclose()


def _is_kept(sent: _Sent) -> bool:
    return sent.prefix is not None and bool(sent.prefix.name)


def _stored_by(sent: _Sent) -> Usage:
    return Usage(stored_tokens=sent.prefix.made_tokens if sent.prefix else 0)


def _parts_of(sent: _Sent) -> list[types.Part]:
    """Texts as they are; each picture by its address, or by its name until it is sent, after its label."""
    parts: list[types.Part] = []
    for part in sent.request.parts[sent.request.stable_parts if _is_kept(sent) else 0 :]:
        if isinstance(part, TextPart):
            parts.append(types.Part(text=part.text))
            continue
        parts.append(types.Part(text=part.label))
        if uri := sent.uris.get(part.digest):
            parts.append(types.Part.from_uri(file_uri=uri, mime_type=part.mime_type))
        else:
            parts.append(types.Part.from_bytes(data=name_of(part.digest), mime_type=part.mime_type))
    return parts


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Reading:
    """What has come of one reply: usage grows with every response, and the last word is the finish reason. `stored` is
    what was used before the call."""

    def __init__(self, stored: Usage) -> None:
        self._stored = stored
        self._usage = stored
        self._finish: str | None = None
        self._request_id: str | None = None

    def take(self, response: types.GenerateContentResponse) -> Iterator[Chunk]:
        headers = (response.sdk_http_response.headers if response.sdk_http_response else None) or {}
        self._request_id = response.response_id or headers.get("x-request-id") or self._request_id
        if response.usage_metadata is not None:
            self._usage = _usage_of(response.usage_metadata) + self._stored
            yield UsageChunk(self._usage)
        if response.candidates:
            candidate = response.candidates[0]
            yield from _chunks_of(candidate.content)
            if candidate.finish_reason is not None:
                self._finish = _finish_of(str(candidate.finish_reason.value))
        elif response.prompt_feedback is not None and self._finish is None:
            self._finish = "blocked"

    def end(self) -> EndChunk:
        """Raises `ProviderFailed` when the reply never said that it was finished."""
        if self._finish is None:
            raise ProviderFailed("the reply ended without a finish reason")
        return EndChunk(usage=self._usage, finish_reason=self._finish, request_id=self._request_id)


def _chunks_of(content: types.Content | None) -> Iterator[Chunk]:
    for part in (content.parts if content else None) or ():
        if part.text:
            yield ThoughtChunk(part.text) if part.thought else TextChunk(part.text)


def _finish_of(reason: str) -> str:
    if reason in _PASSING:
        raise ProviderFailed(f"the reply ended with {reason}")
    return _FINISHES.get(reason, "blocked")


def _usage_of(counted: types.GenerateContentResponseUsageMetadata) -> Usage:
    return Usage(
        input_tokens=(counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
        output_tokens=counted.candidates_token_count or 0,
        cached_tokens=counted.cached_content_token_count or 0,
        thinking_tokens=counted.thoughts_token_count or 0,
    )


def _config_of(sent: _Sent) -> types.GenerateContentConfig:
    request = sent.request
    thinking = thinking_of(request.model.partition(":")[2], request.thinking_budget)
    config: dict[str, Any] = {
        "http_options": types.HttpOptions(headers={"x-goog-api-key": sent.key}),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": min(request.max_output_tokens, MAX_OUTPUT_TOKENS),
        "thinking_config": types.ThinkingConfig(**thinking) if thinking else None,
        "automatic_continuation": False,
        "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
    }
    if sent.prefix and sent.prefix.name:
        config["cached_content"] = sent.prefix.name
    else:
        config["system_instruction"] = request.system or None
    if any(isinstance(part, ImagePart) for part in request.parts):
        config["media_resolution"] = types.MediaResolution(f"MEDIA_RESOLUTION_{request.media_resolution.upper()}")
    if request.schema is not None:
        config["response_mime_type"] = "application/json"
        config["response_json_schema"] = for_gemini(request.schema)
    return types.GenerateContentConfig(**config)


async def _remember(response: httpx.Response) -> None:
    if (opened := _OPENED.get()) is not None:
        opened.append(response)


async def _set_timeouts(request: httpx.Request) -> None:
    """One number is for all of httpx's timeouts; silence between two pieces is measured by the receiver."""
    timeouts = {"connect": CONNECT_S, "write": WRITE_S, "pool": CONNECT_S}
    request.extensions["timeout"] = {**request.extensions.get("timeout", {}), **timeouts}


def _fault(error: errors.APIError, key: str) -> DomainError:
    headers = getattr(error.response, "headers", None) or {}
    body = without_key(error.details, key)
    return fault_of(error.code or 500, body, retry_after=headers.get("retry-after"), now_s=time.time())


def build(secrets: Mapping[str, str], blobs: BlobStore) -> GeminiProvider:
    """Without a server's key too: users may bring their own. Raises `InvalidInput` for a GEMINI_CONTEXT_CACHE that is
    neither on nor off."""
    key = secrets.get("GEMINI_API_KEY") or secrets.get("GOOGLE_API_KEY")
    cache = secrets.get("GEMINI_CONTEXT_CACHE", "off")
    if cache not in ("on", "off"):
        raise InvalidInput(f"GEMINI_CONTEXT_CACHE: {cache} is neither on nor off")
    return GeminiProvider(blobs, api_key=key, base_url=secrets.get("GEMINI_BASE_URL"), keeps_prefixes=cache == "on")
