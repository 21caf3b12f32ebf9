"""What the Gemini models can take, and how much they think, by their names.

Quirks: from generation 3 on, thinking is a level and cannot be turned off (ai.google.dev/gemini-api/docs/gemini-3);
generation 2.5 has a budget in tokens, and its pro models think at least 128 of them (…/docs/thinking). Aliases such as
`gemini-flash-latest` are treated as generation 3.
"""

import re
from typing import Any

from domain.llm import Capabilities
from workers.picture_sides import sides_of

CONTEXT_TOKENS = 1_048_576
MAX_OUTPUT_TOKENS = 65_536
"""Of one reply with its thinking, of all models since 2.5 (ai.google.dev/gemini-api/docs/models)."""

IMAGE_TOKENS = {"low": 280, "medium": 560, "high": 1120}
"""One picture for generation 3 (ai.google.dev/gemini-api/docs/media-resolution)."""

IMAGE_TOKENS_BEFORE = {"low": 64, "medium": 256, "high": 2064}
"""Earlier generations: 258 tokens per tile of 768 pixels; eight tiles are a guess of the most."""

LOW_UP_TO = 4096
MEDIUM_UP_TO = 12_288
"""Budgets of the user's setting (0–24,576 tokens) as levels: a sixth and a half of its range. A guess."""

MIN_PRO_BUDGET = 128

_GENERATION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")


def capabilities_of(model: str) -> Capabilities:
    return Capabilities(
        images=True,
        thinking=_thinks(model),
        context_tokens=CONTEXT_TOKENS,
        image_tokens=IMAGE_TOKENS if _generation(model) >= (3, 0) else IMAGE_TOKENS_BEFORE,
        picture_sides_px=sides_of(model),
    )


def thinking_of(model: str, budget: int | None) -> dict[str, Any] | None:
    """The `thinkingConfig` for a budget in tokens (null: the model decides; 0: as little as it can); null for models
    that do not think. Thoughts are asked for unless thinking is off."""
    if not _thinks(model):
        return None
    config: dict[str, Any] = {"include_thoughts": budget != 0}
    if _generation(model) < (3, 0):
        return {**config, "thinking_budget": _budget(model, budget)}
    level = _level(model, budget)
    return config if level is None else {**config, "thinking_level": level}


def _budget(model: str, budget: int | None) -> int:
    """-1 lets the model decide."""
    if budget is None:
        return -1
    return max(budget, MIN_PRO_BUDGET) if "pro" in model else budget


def _level(model: str, budget: int | None) -> str | None:
    is_pro = "pro" in model
    if budget is None:
        return None
    if budget == 0:
        return "LOW" if is_pro else "MINIMAL"
    if budget <= LOW_UP_TO:
        return "LOW"
    # The first pro model of the generation knows low and high only.
    if budget <= MEDIUM_UP_TO and not (is_pro and _generation(model) == (3, 0)):
        return "MEDIUM"
    return "HIGH"


def _thinks(model: str) -> bool:
    return _generation(model) >= (2, 5)


def _generation(model: str) -> tuple[int, int]:
    found = _GENERATION.search(model)
    return (int(found.group(1)), int(found.group(2) or 0)) if found else (3, 1)
