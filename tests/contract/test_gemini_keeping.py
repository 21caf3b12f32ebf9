"""What the Gemini provider leaves with Google: fronts of requests asked again, and pictures too large to send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from domain.errors import InvalidInput, ProviderFailed
from domain.llm import Chunk, EndChunk, ImagePart, LLMRequest, TextChunk, TextPart, Usage, UsageChunk
from tests.fakes.blobs import FakeBlobs
from tests.loopback.gemini_server import GeminiServer, refused, said
from workers.gemini.files import INLINE_BYTES
from workers.gemini.prefixes import MIN_CHARS
from workers.providers.gemini import GeminiProvider, build

KEY = "AIzaSyTestTestTestTestTestTestTestTest12"
OTHER_KEY = "users-own-key-0001"
SYSTEM = "Правила. "
MATERIAL = "Расход воздуха П1 — 4200 м³/ч. " * (MIN_CHARS // 30)


@asynccontextmanager
async def rig(*, keeps: bool = True) -> AsyncIterator[tuple[GeminiServer, GeminiProvider, FakeBlobs]]:
    blobs = FakeBlobs()
    with GeminiServer(lambda _: said("ok", usage={"cachedContentTokenCount": 900})) as server:
        provider = GeminiProvider(blobs, api_key=KEY, base_url=server.url, keeps_prefixes=keeps)
        yield server, provider, blobs
        await provider.close()


def request(material: str = MATERIAL, question: str = "Какой расход?", **fields: Any) -> LLMRequest:
    asked = LLMRequest(
        model="gemini:gemini-3-flash-preview",
        purpose="analysis/answer",
        system=SYSTEM,
        parts=(TextPart(material), TextPart(question)),
        variables={},
        stable_parts=1,
        owner="user-1",
    )
    return msgspec.structs.replace(asked, **fields)


async def ask(provider: GeminiProvider, asked: LLMRequest, **options: Any) -> list[Chunk]:
    return [chunk async for chunk in provider.stream(asked, **options)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def used(chunks: list[Chunk]) -> Usage:
    assert isinstance(chunks[-1], EndChunk)
    return chunks[-1].usage


async def test_a_front_that_is_asked_again_is_kept_and_named_in_its_place() -> None:
    async with rig() as (server, provider, _):
        for question in ("Первый?", "Второй?", "Третий?"):
            await ask(provider, request(question=question))

    [made] = server.resources.of("POST")
    assert made.path == "/v1beta/cachedContents"
    assert made.key == KEY
    assert made.body == {
        "model": "models/gemini-3-flash-preview",
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": [{"role": "user", "parts": [{"text": MATERIAL}]}],
        "ttl": "300s",
    }
    first, *later = server.seen
    assert (first.system, first.texts) == (SYSTEM, [MATERIAL, "Первый?"])
    assert "cachedContent" not in first.body
    assert [seen.texts for seen in later] == [["Второй?"], ["Третий?"]]
    assert [seen.body["cachedContent"] for seen in later] == ["cachedContents/k1"] * 2
    assert not any("systemInstruction" in seen.body for seen in later)


async def test_what_was_stored_is_told_once_and_cached_tokens_with_every_call() -> None:
    async with rig() as (_, provider, _):
        told = [used(await ask(provider, request())) for _ in range(3)]

    stored = (len(SYSTEM) + len(MATERIAL)) // 4
    assert [usage.stored_tokens for usage in told] == [0, stored, 0]
    assert [usage.cached_tokens for usage in told] == [900, 900, 900]


@pytest.mark.parametrize(
    "asked",
    [
        request(material=MATERIAL[:1000]),
        request(stable_parts=0),
        request(system="", material="x" * (MIN_CHARS - 1)),
    ],
    ids=["short", "without_a_front", "just_too_short"],
)
async def test_nothing_is_kept_of_a_front_that_is_not_worth_it(asked: LLMRequest) -> None:
    async with rig() as (server, provider, _):
        await ask(provider, asked)
        await ask(provider, asked)

    assert server.resources.calls == []


async def test_nothing_is_kept_unless_it_is_wanted() -> None:
    async with rig(keeps=False) as (server, provider, _):
        await ask(provider, request())
        await ask(provider, request())

    assert server.resources.calls == []
    assert not provider.capabilities("gemini-3-flash-preview").stores


@pytest.mark.parametrize(
    ("changed", "options"),
    [
        ({}, {"api_key": OTHER_KEY}),
        ({"owner": "user-2"}, {}),
        ({"system": "Правила второй версии."}, {}),
        ({"parts": (TextPart(MATERIAL[::-1]), TextPart("Какой расход?"))}, {}),
        ({"model": "gemini:gemini-3.1-pro-preview"}, {}),
    ],
    ids=["another_key", "another_user", "another_prompt", "other_documents", "another_model"],
)
async def test_a_kept_front_serves_nothing_else(changed: dict[str, Any], options: dict[str, Any]) -> None:
    async with rig() as (server, provider, _):
        await ask(provider, request())
        await ask(provider, request())
        await ask(provider, msgspec.structs.replace(request(), **changed), **options)

    assert "cachedContent" in server.seen[1].body
    assert "cachedContent" not in server.seen[2].body
    assert server.seen[2].system


async def test_a_front_that_is_gone_before_its_time_is_sent_again() -> None:
    async with rig() as (server, provider, _):
        await ask(provider, request())
        await ask(provider, request())
        server.resources.owners.clear()

        chunks = await ask(provider, request())

        assert text_of(chunks) == "ok"
        assert [("cachedContent" in seen.body, bool(seen.system)) for seen in server.seen[2:]] == [
            (True, False),
            (False, True),
        ]


async def test_a_call_goes_without_where_nothing_may_be_kept() -> None:
    async with rig() as (server, provider, _):
        server.resources.refuses = 403
        answers = [text_of(await ask(provider, request())) for _ in range(3)]

    assert answers == ["ok"] * 3
    assert len(server.resources.calls) == 1
    assert not any("cachedContent" in seen.body for seen in server.seen)


async def test_what_was_stored_is_told_also_when_the_call_fails() -> None:
    replies = [said("ok"), refused(503, "UNAVAILABLE")]
    with GeminiServer(replies) as server:
        provider = GeminiProvider(FakeBlobs(), api_key=KEY, base_url=server.url, keeps_prefixes=True)
        await ask(provider, request())
        stream = provider.stream(request())

        told = await anext(stream)
        with pytest.raises(ProviderFailed):
            await anext(stream)

        await provider.close()

    assert isinstance(told, UsageChunk)
    assert told.usage.stored_tokens > 0


async def test_everything_kept_is_deleted_when_the_process_ends() -> None:
    async with rig() as (server, provider, _):
        await ask(provider, request())
        await ask(provider, request())
        kept_before = dict(server.resources.owners)
        await provider.close()

        assert kept_before == {"cachedContents/k1": KEY}
        assert server.resources.owners == {}


async def pictures(blobs: FakeBlobs) -> tuple[ImagePart, ImagePart]:
    """Together a little too large for one request."""
    large = await blobs.put(b"\x89PNG" + bytes(INLINE_BYTES), "image/png")
    small = await blobs.put(b"\x89PNG small", "image/png")
    return ImagePart(large, "image/png", "P1"), ImagePart(small, "image/png", "P2")


async def test_a_picture_too_large_to_send_is_uploaded_once_and_named_by_its_address() -> None:
    async with rig(keeps=False) as (server, provider, blobs):
        asked = request(parts=(TextPart("Что на листе?"), *await pictures(blobs)), stable_parts=0)
        await ask(provider, asked)
        await ask(provider, asked)

    begun, finished = server.resources.of("POST", "/upload/")
    assert begun.headers["x-goog-upload-header-content-length"] == str(INLINE_BYTES + 4)
    assert begun.headers["x-goog-upload-header-content-type"] == "image/png"
    assert finished.headers["x-goog-upload-command"] == "upload, finalize"
    assert (finished.headers["x-goog-upload-offset"], len(finished.raw)) == ("0", INLINE_BYTES + 4)
    assert {call.key for call in server.resources.calls} == {KEY}
    for seen in server.seen:
        address = "https://generativelanguage.googleapis.com/v1beta/files/k2"
        assert seen.texts == ["Что на листе?", "P1", "P2"]
        assert seen.parts[2]["fileData"] == {"fileUri": address, "mimeType": "image/png"}
        assert [shown.data for shown in seen.pictures] == [b"\x89PNG small"]


async def test_pictures_that_fit_are_not_uploaded() -> None:
    async with rig() as (server, provider, blobs):
        _, small = await pictures(blobs)
        await ask(provider, request(parts=(small,), stable_parts=0))

    assert server.resources.calls == []


async def test_a_users_picture_is_uploaded_with_the_users_key() -> None:
    async with rig(keeps=False) as (server, provider, blobs):
        asked = request(parts=await pictures(blobs), stable_parts=0)
        await ask(provider, asked)
        await ask(provider, asked, api_key=OTHER_KEY)

    assert [call.key for call in server.resources.of("POST")] == [KEY, KEY, OTHER_KEY, OTHER_KEY]
    assert sorted(call.key for call in server.resources.of("DELETE")) == sorted([KEY, OTHER_KEY])


async def test_a_file_that_is_gone_before_its_time_is_sent_with_the_request() -> None:
    async with rig(keeps=False) as (server, provider, blobs):
        asked = request(parts=await pictures(blobs), stable_parts=0)
        await ask(provider, asked)
        server.resources.owners.clear()

        chunks = await ask(provider, asked)

        assert text_of(chunks) == "ok"
        assert [len(seen.pictures) for seen in server.seen] == [1, 1, 2]


def test_a_choice_that_is_none_stops_the_start() -> None:
    with pytest.raises(InvalidInput, match="GEMINI_CONTEXT_CACHE"):
        build({"GEMINI_CONTEXT_CACHE": "perhaps"}, FakeBlobs())
