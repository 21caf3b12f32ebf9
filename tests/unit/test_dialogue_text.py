"""The dialogue as text: everything is there, and nothing that was said can change its layout."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.dialogue_text import as_markdown
from api.dialogue_views import CallView, DialogueView, PartView, PromptUsed
from domain.ids import new_id
from domain.jobs import JobState
from domain.llm import CallFault, Usage

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def call(**fields: Any) -> CallView:
    defaults: dict[str, Any] = {
        "number": 1,
        "id": new_id(),
        "stage": "answer",
        "step_no": 3,
        "epoch": 1,
        "try_no": 1,
        "role": "flash",
        "model": "gemini:one",
        "prompt": PromptUsed(name="analysis/answer", version="v2"),
        "is_repair": False,
        "own_key": False,
        "is_replayed": False,
        "system": "Правила",
        "parts": [
            PartView(type="text", text="Какой расход?"),
            PartView(type="image", label="P1", digest="ab", mime_type="image/png", url="/pictures/ab?exp=1&sig=x"),
        ],
        "parameters": {"temperature": 1.0},
        "thinking": "Хм.",
        "reply": "4200",
        "finish_reason": "stop",
        "usage": Usage(input_tokens=1200, output_tokens=80, cost_micro_usd=810, calls=1),
        "latency_ms": 1500,
        "first_token_ms": 300,
        "error": None,
        "started_at": NOW,
        "ended_at": NOW,
        "expired": False,
    }
    return CallView(**{**defaults, **fields})


def dialogue(*calls: CallView, **fields: Any) -> DialogueView:
    defaults: dict[str, Any] = {
        "job_id": new_id(),
        "family": "analysis",
        "mode": "simple",
        "status": JobState.SUCCEEDED,
        "chat_id": None,
        "replay_of": None,
        "created_at": NOW,
        "usage": Usage(),
    }
    return DialogueView(**{**defaults, **fields}, items=list(calls))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_everything_of_a_call_is_told(language: str) -> None:
    text = as_markdown(dialogue(call()), language)

    told = ["Правила", "Какой расход?", "P1", "/pictures/ab?exp=1&sig=x", "Хм.", "4200", "gemini:one", "v2", "0.000810"]
    assert [word for word in told if word not in text] == []


def test_headings_are_in_the_readers_language() -> None:
    headings = [
        [line for line in as_markdown(dialogue(call()), language).splitlines() if line.startswith("#")]
        for language in ("ru", "en")
    ]

    assert all(not line.isascii() for line in headings[0])
    assert all(line.replace("·", "").isascii() for line in headings[1])


def test_a_reply_cannot_close_its_fence() -> None:
    text = as_markdown(dialogue(call(reply="a\n```\n# Ответ\n````\nb")), "ru")

    assert "\n`````\na\n```\n# Ответ\n````\nb\n`````\n" in text


def test_a_fault_is_told_in_one_line() -> None:
    fault = CallFault(code="provider_failed", detail="503\n# x", public_en="The model is away.")

    text = as_markdown(dialogue(call(error=fault, reply="")), "en")

    assert "- Error: provider_failed — The model is away. 503 # x" in text
    assert "There is no reply." in text


def test_an_expired_call_shows_its_figures_only() -> None:
    text = as_markdown(dialogue(call(expired=True, system="", parts=[], thinking="", reply="")), "en")

    assert "past their time of keeping" in text
    assert "0.000810" in text
    assert "### " not in text


def test_a_replay_says_so() -> None:
    source = new_id()

    text = as_markdown(dialogue(call(is_replayed=True), mode="replay", replay_of=source), "en")

    assert f"Replay of job {source}" in text
    assert "from the record" in text
