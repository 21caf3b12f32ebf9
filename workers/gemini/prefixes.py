"""The front of a request that its job asks again and again, kept by Google and read at a tenth of the price.

Google finds equal fronts by itself, too, and gives the same discount then, but promises nothing and asks for nothing
(ai.google.dev/gemini-api/docs/caching). A kept one is paid twice: once as input, and for its time. So it is made when a
front is asked for the second time within its life: a job with one call, and most have one, never pays for it.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog

from domain.errors import DomainError, ProviderFailed
from domain.llm import LLMRequest, TextPart
from workers.gemini.keeping import Keeper, Kept, kept_key
from workers.gemini.resources import GeminiResources
from workers.prices import STORED_S

MIN_TOKENS = 4096
"""The largest of the documented minimums; some models take 1,024 or 2,048
(ai.google.dev/gemini-api/docs/caching, July 2026)."""

MIN_CHARS = MIN_TOKENS * 4
"""English has about four characters a token, Russian three (…/docs/tokens). What is too short after all is refused,
and the call goes without."""

MAKE_S = 20.0
"""Somebody waits for the answer meanwhile. A guess."""

EARLY_S = 20.0
"""So long before Google does it is deleted here: a call that has just begun must still find it. A guess."""

_log = structlog.get_logger()


class Prefix(msgspec.Struct, frozen=True, kw_only=True):
    """A kept front. `made_tokens`: what was paid for by this call, for it had to be made."""

    key: str
    name: str
    made_tokens: int = 0


class KeptPrefixes:
    """See the module. Belongs to one event loop."""

    def __init__(self, resources: GeminiResources, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._resources = resources
        self._clock = clock
        self._keeper = Keeper(
            lambda name, api_key: resources.delete(name, api_key=api_key), idle_s=STORED_S - EARLY_S, is_renewed=False
        )
        self._seen: dict[str, float] = {}
        self._refused: dict[str, float] = {}

    async def prefix_of(self, request: LLMRequest, *, api_key: str) -> Prefix | None:
        """The kept front of the request; null where none is worth it or to be had. Never raises a provider's fault."""
        if not is_long_enough(request):
            return None
        key = prefix_key(request, api_key)
        if found := self._keeper.find(key):
            return Prefix(key=key, name=found.name)
        if not self._is_asked_again(key):
            return None
        made: list[int] = []

        async def make() -> Kept:
            name, tokens = await self._make(request, api_key)
            made.append(tokens)
            return Kept(name=name, value=name)

        try:
            async with asyncio.timeout(MAKE_S):
                kept = await self._keeper.keep(key, api_key, make)
        except (DomainError, TimeoutError) as error:
            self._refused[key] = self._clock()
            _log.warning("gemini_prefix_not_kept", error=getattr(error, "code", "timeout"))
            return None
        return Prefix(key=key, name=kept.name, made_tokens=sum(made))

    def forget(self, prefix: Prefix) -> None:
        self._keeper.forget(prefix.key)

    async def close(self) -> None:
        await self._keeper.close()

    def _is_asked_again(self, key: str) -> bool:
        now = self._clock()
        self._seen = {each: at for each, at in self._seen.items() if now - at < STORED_S}
        self._refused = {each: at for each, at in self._refused.items() if now - at < STORED_S}
        is_again = key in self._seen and key not in self._refused
        self._seen[key] = now
        return is_again

    async def _make(self, request: LLMRequest, api_key: str) -> tuple[str, int]:
        name, tokens = await self._resources.cache(
            request.model.partition(":")[2], request.system, stable_texts(request), ttl_s=STORED_S, api_key=api_key
        )
        if tokens <= 0:
            raise ProviderFailed("the cache is empty")
        return name, tokens


def stable_texts(request: LLMRequest) -> list[str]:
    return [part.text for part in request.parts[: request.stable_parts] if isinstance(part, TextPart)]


def is_long_enough(request: LLMRequest) -> bool:
    if not request.stable_parts:
        return False
    return len(request.system) + sum(map(len, stable_texts(request))) >= MIN_CHARS


def prefix_key(request: LLMRequest, api_key: str) -> str:
    """Of the exact front: the same model, prompt, documents and material in the same order, for one owner and key. The
    texts themselves are digested, so that a version of the prompt or of a document can not be forgotten."""
    return kept_key(api_key, request.owner, request.model, request.purpose, request.system, *stable_texts(request))
