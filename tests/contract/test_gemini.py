"""The Gemini provider against a Gemini API on loopback: what is sent, and what each answer becomes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.answers import AnswerReply, ReplyCitation
from domain.errors import DomainError, ModelUnavailable, ProviderFailed, ProviderLimited, ProviderRefused
from domain.llm import Chunk, EndChunk, ImagePart, LLMRequest, TextChunk, TextPart, ThoughtChunk, Usage, UsageChunk
from tests.fakes.blobs import FakeBlobs
from tests.loopback.gemini_server import (
    GeminiServer,
    Reply,
    Script,
    Scripted,
    blocked,
    recorded,
    refused,
    retry_info,
    said,
)
from workers.providers.gemini import GeminiProvider
from workers.schemas import schema_of

WIRE = Path(__file__).parents[3] / "shared" / "data" / "D_office_wire" / "wire" / "gemini"
KEY = "AIzaSyTestTestTestTestTestTestTestTest12"
FLASH = "gemini:gemini-3-flash-preview"
PNG = b"\x89PNG first"
JPEG = b"\xff\xd8\xff second"


@asynccontextmanager
async def rig(script: Script | Iterable[Scripted]) -> AsyncIterator[tuple[GeminiServer, GeminiProvider, FakeBlobs]]:
    blobs = FakeBlobs()
    with GeminiServer(script) as server:
        provider = GeminiProvider(blobs, api_key=KEY, base_url=server.url)
        yield server, provider, blobs
        await provider.close()


def request(**fields: Any) -> LLMRequest:
    defaults: dict[str, Any] = {
        "model": FLASH,
        "purpose": "analysis/answer",
        "system": "Правила.",
        "parts": (TextPart("Какой расход?"),),
        "variables": {},
    }
    return LLMRequest(**{**defaults, **fields})


async def chunks_of(provider: GeminiProvider, asked: LLMRequest, **options: Any) -> list[Chunk]:
    return [chunk async for chunk in provider.stream(asked, **options)]


async def answered(reply: Scripted, **fields: Any) -> list[Chunk]:
    """The chunks that this reply becomes."""
    async with rig([reply]) as (_, provider, _):
        return await chunks_of(provider, request(**fields))


def text_of(chunks: Iterable[Chunk], kind: type[TextChunk] | type[ThoughtChunk] = TextChunk) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, kind))


def end_of(chunks: list[Chunk]) -> EndChunk:
    assert isinstance(chunks[-1], EndChunk)
    return chunks[-1]


async def test_texts_and_labelled_pictures_are_sent_in_order() -> None:
    async with rig([said("ok")]) as (server, provider, blobs):
        parts = (
            TextPart("Какой расход?"),
            ImagePart(await blobs.put(PNG, "image/png"), "image/png", "P1"),
            ImagePart(await blobs.put(JPEG, "image/jpeg"), "image/jpeg", "P2"),
        )
        await chunks_of(provider, request(parts=parts))

    [seen] = server.seen
    assert seen.target == "/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"
    assert seen.system == "Правила."
    assert seen.texts == ["Какой расход?", "P1", "P2"]
    assert [(shown.label, shown.mime_type, shown.data) for shown in seen.pictures] == [
        ("P1", "image/png", PNG),
        ("P2", "image/jpeg", JPEG),
    ]


async def test_the_schema_goes_over_the_wire_in_field_order_with_every_field_required() -> None:
    async with rig([said("{}")]) as (server, provider, _):
        await chunks_of(provider, request(schema=schema_of(AnswerReply)))

    [seen] = server.seen
    names = list(AnswerReply.__struct_fields__)
    assert seen.config["responseMimeType"] == "application/json"
    assert seen.fields == list(seen.schema["properties"]) == seen.schema["required"] == names
    assert seen.fields.index("needs_more_evidence") < seen.fields.index("citations") < names.index("answer_markdown")
    citation = seen.schema["properties"]["citations"]["items"]
    assert citation["propertyOrdering"] == list(ReplyCitation.__struct_fields__)


@pytest.mark.parametrize(
    ("model", "budget", "expected"),
    [
        ("gemini-3-flash-preview", None, {"includeThoughts": True}),
        ("gemini-3-flash-preview", 0, {"includeThoughts": False, "thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", 0, {"includeThoughts": False, "thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", 2000, {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("gemini-3-flash-preview", 8000, {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        ("gemini-3-pro-preview", 8000, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", 24576, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash", 2000, {"includeThoughts": True, "thinkingBudget": 2000}),
        ("gemini-2.5-flash", None, {"includeThoughts": True, "thinkingBudget": -1}),
        ("gemini-2.5-pro", 0, {"includeThoughts": False, "thinkingBudget": 128}),
        ("gemini-2.0-flash", 2000, None),
    ],
    ids=[
        "the_models_choice",
        "off",
        "off_as_far_as_a_pro_can",
        "low",
        "medium",
        "a_pro_without_medium",
        "high",
        "tokens",
        "tokens_of_the_models_choice",
        "least_of_a_pro",
        "a_model_that_does_not_think",
    ],
)
async def test_the_thinking_budget_is_told_as_the_model_takes_it(
    model: str, budget: int | None, expected: dict[str, Any] | None
) -> None:
    async with rig([said("ok")]) as (server, provider, _):
        await chunks_of(provider, request(model=f"gemini:{model}", thinking_budget=budget))

    assert server.seen[0].config.get("thinkingConfig") == expected


@pytest.mark.parametrize("resolution", ["low", "medium", "high"])
async def test_sampling_and_media_resolution_are_sent(resolution: str) -> None:
    async with rig([said("ok")]) as (server, provider, blobs):
        picture = ImagePart(await blobs.put(PNG, "image/png"), "image/png", "P1")
        asked = request(
            parts=(picture,), media_resolution=resolution, temperature=0.3, top_p=0.5, max_output_tokens=777
        )
        await chunks_of(provider, asked)

    config = server.seen[0].config
    assert config["mediaResolution"] == f"MEDIA_RESOLUTION_{resolution.upper()}"
    assert (config["temperature"], config["topP"], config["maxOutputTokens"]) == (0.3, 0.5, 777)


async def test_no_more_output_is_asked_for_than_a_model_can_give() -> None:
    async with rig([said("ok")]) as (server, provider, _):
        await chunks_of(provider, request(max_output_tokens=100_000))

    assert server.seen[0].config["maxOutputTokens"] == 65_536


async def test_the_key_is_in_its_header_only() -> None:
    async with rig([said("ok")]) as (server, provider, _):
        await chunks_of(provider, request())

    [seen] = server.seen
    assert seen.key == KEY
    assert KEY not in seen.target + str(seen.body)


async def test_a_users_key_takes_the_place_of_the_servers() -> None:
    async with rig([said("ok"), said("ok")]) as (server, provider, _):
        await chunks_of(provider, request(), api_key="users-own-key-0001")
        await chunks_of(provider, request())

    assert [seen.key for seen in server.seen] == ["users-own-key-0001", KEY]


async def test_without_any_key_nothing_is_sent() -> None:
    with GeminiServer([]) as server:
        provider = GeminiProvider(FakeBlobs(), api_key=None, base_url=server.url)

        with pytest.raises(ProviderRefused):
            await chunks_of(provider, request())

        assert not provider.is_ready
        assert server.seen == []
        await provider.close()


async def test_thoughts_text_and_usage_are_told_apart() -> None:
    chunks = await answered(said("Расход 4200 м³/ч.", thoughts=["Сначала таблица. ", "Потом план."]))

    assert text_of(chunks, ThoughtChunk) == "Сначала таблица. Потом план."
    assert text_of(chunks) == "Расход 4200 м³/ч."
    usage = Usage(input_tokens=1200, output_tokens=80, cached_tokens=200, thinking_tokens=20)
    assert end_of(chunks) == EndChunk(usage=usage, finish_reason="stop", request_id="loopback-1")
    assert any(isinstance(chunk, UsageChunk) for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("CONTINUATION", "length"),
        ("SAFETY", "blocked"),
        ("RECITATION", "blocked"),
        ("PROHIBITED_CONTENT", "blocked"),
        ("SPII", "blocked"),
        ("A_REASON_OF_THE_FUTURE", "blocked"),
    ],
)
async def test_every_finish_reason_is_one_of_three(finish: str, expected: str) -> None:
    assert end_of(await answered(said("Половина", finish=finish))).finish_reason == expected


@pytest.mark.parametrize("finish", ["OTHER", "MALFORMED_RESPONSE", None])
async def test_an_end_that_says_nothing_about_the_question_is_a_passing_failure(finish: str | None) -> None:
    with pytest.raises(ProviderFailed):
        await answered(said("Половина", finish=finish))


async def test_a_blocked_prompt_ends_blocked_with_its_usage() -> None:
    end = end_of(await answered(blocked()))

    assert (end.finish_reason, end.usage.input_tokens) == ("blocked", 9)


QUOTA_A_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}


@pytest.mark.parametrize(
    ("reply", "error", "wait_s"),
    [
        (refused(400, "INVALID_ARGUMENT"), ProviderRefused, None),
        (refused(400, "FAILED_PRECONDITION"), ProviderRefused, None),
        (refused(401, "UNAUTHENTICATED"), ProviderRefused, None),
        (refused(403, "PERMISSION_DENIED"), ProviderRefused, None),
        (refused(404, "NOT_FOUND"), ModelUnavailable, None),
        (refused(429, "RESOURCE_EXHAUSTED", details=[retry_info(36.5)]), ProviderLimited, 36.5),
        (refused(429, "RESOURCE_EXHAUSTED", headers={"retry-after": "7"}), ProviderLimited, 7.0),
        (refused(429, "RESOURCE_EXHAUSTED"), ProviderLimited, 10.0),
        (refused(429, "RESOURCE_EXHAUSTED", details=[QUOTA_A_DAY, retry_info(3)]), ModelUnavailable, None),
        (refused(500), ProviderFailed, None),
        (refused(503, "UNAVAILABLE", headers={"retry-after": "3"}), ProviderFailed, 3.0),
        (refused(504, "DEADLINE_EXCEEDED"), ProviderFailed, None),
        (Reply(frames=(b"<html>Bad gateway</html>",), status=502, headers={}), ProviderFailed, None),
        (Reply(frames=(b"data: {broken\r\n\r\n",)), ProviderFailed, None),
        (Reply(frames=(b'data: {"candidates": 7}\r\n\r\n',)), ProviderFailed, None),
        (Reply(frames=()), ProviderFailed, None),
        (said("Половина", finish=None, ending="cut"), ProviderFailed, None),
        (
            Reply(frames=(b'data: {"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}\r\n\r\n',)),
            ProviderFailed,
            None,
        ),
    ],
    ids=[
        "invalid",
        "precondition",
        "unauthenticated",
        "forbidden",
        "unknown_model",
        "limit_in_the_body",
        "limit_in_the_header",
        "limit_without_a_wait",
        "daily_quota",
        "internal",
        "overloaded",
        "deadline",
        "a_proxys_page",
        "broken_json",
        "json_of_another_shape",
        "empty",
        "cut",
        "error_within_the_stream",
    ],
)
async def test_every_fault_is_typed(reply: Reply, error: type[DomainError], wait_s: float | None) -> None:
    with pytest.raises(error) as raised:
        await answered(reply)

    assert type(raised.value) is error
    assert raised.value.retry_after_s == wait_s


async def test_nothing_is_tried_twice() -> None:
    async with rig([refused(503, "UNAVAILABLE")]) as (server, provider, _):
        with pytest.raises(ProviderFailed):
            await chunks_of(provider, request())

        assert len(server.seen) == 1


async def test_an_unreachable_server_is_a_passing_failure() -> None:
    provider = GeminiProvider(FakeBlobs(), api_key=KEY, base_url="http://127.0.0.1:9")

    with pytest.raises(ProviderFailed):
        await chunks_of(provider, request())

    await provider.close()


async def test_the_key_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    message = f"Consumer 'api_key:{KEY}' has been suspended; key {KEY}; also users-own-key-0001"
    async with rig([refused(403, "PERMISSION_DENIED", message)]) as (_, provider, _):
        with pytest.raises(ProviderRefused) as raised:
            await chunks_of(provider, request(), api_key="users-own-key-0001")

    error = raised.value
    told = f"{error} {error!r} {error.public_ru} {error.public_en} {error.__cause__!r} {caplog.text}"
    assert "suspended" in told
    assert KEY not in told
    assert "users-own-key-0001" not in told


async def test_a_reply_given_up_between_two_pieces_closes_its_connection() -> None:
    async with rig([said("Первая половина", finish=None, ending="silent")]) as (server, provider, _):
        stream = provider.stream(request())
        await anext(stream)

        await stream.aclose()

        await server.until(lambda: server.left == 1)


async def test_a_cancelled_wait_for_the_next_piece_closes_the_connection() -> None:
    async with rig([said("Половина", pieces=1, finish=None, ending="silent")]) as (server, provider, _):
        reading = asyncio.create_task(chunks_of(provider, request()))
        await server.until(lambda: len(server.seen) == 1)

        reading.cancel()
        await asyncio.wait({reading})

        await server.until(lambda: server.left == 1)


RECORDED = sorted(path.name for path in WIRE.iterdir()) if WIRE.exists() else []
FAILURES = {
    "streaming-failure-image-rejected.txt": ProviderRefused,
    "unary-failure-api-key.json": ProviderRefused,
    "unary-failure-generativelanguage-api-not-enabled.json": ProviderRefused,
    "unary-failure-unknown-model.json": ModelUnavailable,
    "unary-failure-with-message-no-content.json": ProviderFailed,
}
BLOCKED = {
    "streaming-failure-prompt-blocked-safety.txt",
    "streaming-failure-recitation-no-content.txt",
    "unary-failure-finish-reason-safety.json",
    "unary-failure-only-prompt-feedback.json",
}


@pytest.mark.parametrize("name", [name for name in RECORDED if name not in FAILURES and name not in BLOCKED])
async def test_a_recorded_reply_is_read_to_its_end(name: str) -> None:
    chunks = await answered(recorded(WIRE / name))

    assert end_of(chunks).finish_reason == "stop"
    assert text_of(chunks) or "function-call" in name


@pytest.mark.parametrize("name", sorted(BLOCKED))
async def test_a_recorded_block_ends_blocked(name: str) -> None:
    assert end_of(await answered(recorded(WIRE / name))).finish_reason == "blocked"


@pytest.mark.parametrize(("name", "error"), sorted(FAILURES.items(), key=lambda item: item[0]))
async def test_a_recorded_fault_is_typed(name: str, error: type[DomainError]) -> None:
    with pytest.raises(error):
        await answered(recorded(WIRE / name))


def test_the_recorded_answers_are_there() -> None:
    assert len(RECORDED) == 30


async def test_recorded_thoughts_and_usage_are_read() -> None:
    chunks = await answered(recorded(WIRE / "streaming-success-thinking-reply-thought-summary.txt"))

    assert text_of(chunks, ThoughtChunk)
    assert end_of(chunks).usage.thinking_tokens > 0
