"""What embedding providers have in common: one POST, its faults as domain errors, and the check of what came back."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from domain.errors import ProviderFailed, ProviderLimited, ProviderRefused

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
"""Of a batch of documents: a model that Ollama loads first takes tens of seconds. Who waits for a question gives up
sooner (`storage.vectors.asking`). A guess."""

DEFAULT_WAIT_S = 20.0
"""After a 429 that names no wait: limits are per minute. A guess."""

Vector = list[float]


async def post(http: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """The JSON of the answer. Raises `ProviderLimited`, `ProviderFailed` (passing), `ProviderRefused` (final). No error
    text holds what was sent."""
    try:
        response = await http.post(url, json=body, headers=dict(headers))
    except httpx.HTTPError as error:
        raise ProviderFailed(f"connection: {type(error).__name__}") from error
    code = response.status_code
    if code == 429:
        raise ProviderLimited("embedding: 429", retry_after_s=_wait_s(response))
    if code in (408, 409, 425) or code >= 500:
        raise ProviderFailed(f"embedding: {code}")
    if code != 200:
        raise ProviderRefused(f"embedding: {code}")
    try:
        return msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        raise ProviderFailed("embedding: unreadable") from None


def checked(vectors: Any, *, count: int, dimensions: int) -> list[Vector]:
    """The vectors at length 1: one for each text and as long as the index wants, else `ProviderRefused`.

    Only Gemini's longest vectors come normalised (ai.google.dev/gemini-api/docs/embeddings), and cosine does not mind.
    """
    try:
        told = msgspec.convert(vectors, list[list[float]])
    except msgspec.ValidationError:
        raise ProviderFailed("embedding: unreadable") from None
    if len(told) != count:
        raise ProviderFailed(f"embedding: {len(told)} vectors instead of {count}")
    wrong = {len(vector) for vector in told} - {dimensions}
    if wrong:
        raise ProviderRefused(
            f"embedding: {sorted(wrong)} dimensions instead of {dimensions}",
            public_ru="Модель векторов даёт не ту размерность, что задана в EMBEDDING_DIMENSIONS.",
            public_en="The embedding model gives other dimensions than EMBEDDING_DIMENSIONS says.",
        )
    return [_normalised(vector) for vector in told]


def count_in(reply: Any, name: str) -> int | None:
    """A provider's count of tokens; null where it tells none that can be true."""
    count = reply.get(name) if isinstance(reply, dict) else None
    return count if isinstance(count, int) and count > 0 else None


def _normalised(vector: Sequence[float]) -> Vector:
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0.0:
        raise ProviderFailed("embedding: a vector without direction")
    return [value / length for value in vector]


def _wait_s(response: httpx.Response) -> float:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else DEFAULT_WAIT_S
