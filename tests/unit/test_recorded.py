"""The recorded provider: which call a request is given, and what is said where none fits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import BudgetExceeded, DomainError, ProviderFailed, ProviderLimited, ReplayDiverged
from domain.ids import new_id
from domain.llm import (
    CallFault,
    Capabilities,
    Chunk,
    EndChunk,
    ImagePart,
    LLMRequest,
    Piece,
    ServedChunk,
    TextChunk,
    TextPart,
    ThoughtChunk,
    Usage,
    UsageChunk,
)
from domain.replays import RecordedCall
from storage.llm_log import logged_request
from tests.fakes.provider import ScriptedProvider, said
from workers.recorded import RecordedProvider, Tape


def request(text: str = "Какой расход?", **fields: Any) -> LLMRequest:
    defaults: dict[str, Any] = {
        "model": "gemini:one",
        "purpose": "analysis/answer",
        "system": "Правила",
        "parts": (TextPart(text), ImagePart(digest="ab" * 32, mime_type="image/png", label="P1")),
        "variables": {},
    }
    return LLMRequest(**{**defaults, **fields})


def recorded(asked: LLMRequest, response: str = "да", *, step_no: int = 2, **fields: Any) -> RecordedCall:
    defaults: dict[str, Any] = {
        "finish_reason": "stop",
        "fault": None,
        "thinking": "Хм.",
        "pieces": (Piece(True, 3, 0), Piece(False, 1, 5), Piece(False, len(response) - 1, 9)),
    }
    return RecordedCall(
        id=new_id(),
        stage="answer",
        step_no=step_no,
        role="flash",
        model=asked.model,
        prompt=asked.purpose,
        request=logged_request(asked),
        response=response,
        request_id="r1",
        usage=Usage(input_tokens=7, calls=1),
        latency_ms=1500,
        ended_at=datetime.now(UTC),
        **{**defaults, **fields},
    )


class Player:
    """A stage `answer` at step 2 that asks a provider with these recorded calls."""

    def __init__(self, *calls: RecordedCall, is_strict: bool = True, real: ScriptedProvider | None = None) -> None:
        self.real = real or ScriptedProvider(capabilities=Capabilities(images=True))
        tape = Tape(calls, lambda: ("answer", 2), is_strict=is_strict)
        self.provider = RecordedProvider("gemini", tape, self.real)

    async def ask(self, asked: LLMRequest, chunks: list[Chunk] | None = None) -> list[Chunk]:
        """What came; it is in `chunks` too, should the rest fail."""
        chunks = [] if chunks is None else chunks
        async for chunk in self.provider.stream(asked):
            chunks += [chunk]
        return chunks


async def test_a_reply_comes_in_the_pieces_it_came_in() -> None:
    call = recorded(request())

    assert await Player(call).ask(request(max_output_tokens=99)) == [
        ServedChunk(call_id=call.id, seconds=1.5),
        ThoughtChunk("Хм."),
        TextChunk("д"),
        TextChunk("а"),
        EndChunk(usage=Usage(input_tokens=7, calls=1), finish_reason="stop", request_id="r1"),
    ]


async def test_equal_requests_are_given_their_replies_in_order() -> None:
    player = Player(recorded(request(), "раз"), recorded(request("другой"), "два"), recorded(request(), "три"))

    texts = [
        "".join(chunk.text for chunk in await player.ask(asked) if isinstance(chunk, TextChunk))
        for asked in (request(), request(), request("другой"))
    ]

    assert texts == ["раз", "три", "два"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("provider_limited", ProviderLimited), ("budget_exceeded", BudgetExceeded), ("interrupted", ProviderFailed)],
    ids=["limit", "budget", "given_up"],
)
async def test_a_call_that_failed_fails_again_after_what_it_had_said(code: str, kind: type[DomainError]) -> None:
    fault = CallFault(code=code, public_en="Words.", retry_after_s=1.5)
    player = Player(recorded(request(), finish_reason=None, fault=fault))
    said_before: list[Chunk] = []

    with pytest.raises(kind) as raised:
        await player.ask(request(), said_before)

    assert [type(chunk) for chunk in said_before] == [ServedChunk, ThoughtChunk, TextChunk, TextChunk, UsageChunk]
    if code != "interrupted":
        assert (raised.value.public_en, raised.value.retry_after_s) == ("Words.", 1.5)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (request("Какой напор?"), "the request's text 1: was “Какой расход?”, is “Какой напор?”"),
        (request(system="Правила."), "the system's text: was “Правила”, is “Правила.”"),
        (request(temperature=0.2), "temperature: was “1.0”, is “0.2”"),
        (request(schema={"type": "object"}), "the reply's schema: was “None”, is “"),
        (request(parts=(TextPart("Какой расход?"),)), "the number of parts: was “2”, is “1”"),
        (
            request(parts=(TextPart("Какой расход?"), ImagePart(digest="cd" * 32, mime_type="image/png", label="P1"))),
            "the picture 2: was “P1 abababababab”, is “P1 cdcdcdcdcdcd”",
        ),
    ],
    ids=["text", "system", "temperature", "schema", "parts", "picture"],
)
async def test_another_request_ends_the_replay_naming_the_first_difference(asked: LLMRequest, words: str) -> None:
    with pytest.raises(ReplayDiverged) as raised:
        await Player(recorded(request())).ask(asked)

    assert f"stage answer, call 1 (analysis/answer): {words}" in raised.value.public_en
    assert "расход" not in str(raised.value)


async def test_a_long_text_is_shown_where_it_differs() -> None:
    long = "Материалы. " * 30

    with pytest.raises(ReplayDiverged, match="text") as raised:
        await Player(recorded(request(f"{long}4200 м³/ч"))).ask(request(f"{long}4300 м³/ч"))

    assert "from character 332: was “" in raised.value.public_en
    assert "4200" in raised.value.public_en
    assert "4300" in raised.value.public_en


@pytest.mark.parametrize("calls", [(), (recorded(request(), step_no=5),)], ids=["none", "another_step"])
async def test_a_call_too_many_is_not_recorded(calls: tuple[RecordedCall, ...]) -> None:
    with pytest.raises(ReplayDiverged) as raised:
        await Player(*calls).ask(request())

    assert "the record has no such call" in raised.value.public_en


async def test_what_a_stage_had_given_up_fails_for_the_next_model_too() -> None:
    fault = CallFault(code="interrupted")
    player = Player(recorded(request(), finish_reason=None, fault=fault))
    with pytest.raises(ProviderFailed):
        await player.ask(request())

    with pytest.raises(ProviderFailed):
        await player.ask(request(model="gemini:two"))


async def test_a_trial_asks_the_real_model_what_is_not_recorded() -> None:
    real = ScriptedProvider(said("новый"))
    player = Player(recorded(request(), step_no=5), is_strict=False, real=real)

    served = await player.ask(request())
    made = await player.ask(request("Новый промпт"))

    assert isinstance(served[0], ServedChunk)
    assert made[0] == TextChunk("новый")
    assert [asked.parts[0] for asked in real.requests] == [TextPart("Новый промпт")]
