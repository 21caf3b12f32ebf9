"""How large a picture may be before a model's vendor scales it down: longest sides by model name and media resolution.

Each number is the side of the largest square that is kept, so no picture within it is scaled down, whatever its shape.
Where a vendor documents tokens only, the pixels are those of its open models with the same tokens.
"""

import re

Sides = tuple[int, int, int]
"""At media resolution low, medium and high."""

GEMINI_3: Sides = (768, 1104, 1584)
"""280, 560 and 1120 tokens a picture (ai.google.dev/gemini-api/docs/media-resolution). Gemini tells no pixels; Gemma 4
has the same budgets and keeps budget × 9 patches of 16 px (ai.google.dev/gemma/docs/capabilities/vision), in whole
squares of 48 px: 16², 23² and 33² of them."""

GEMINI_2: Sides = (384, 768, 1152)
"""High is 256 tokens and pan and scan (…/docs/media-resolution): tiles of 768 px whose side is 1/1.5 of the shorter
side of the picture (…/docs/image-understanding), so 1.5 × 768 px of it are kept. Medium is one tile; low has a quarter
of its tokens, so half of its side: a guess."""

CLAUDE: Sides = (1092, 1092, 1092)
"""1568 px and 1568 tokens of 28 px squares (peers.md §5b, its square of §5c); a higher tier keeps more. There is no
media resolution."""

GPT: Sides = (512, 1600, 1600)
"""`detail` low is 512 px; high 2500 patches of 32 px within 2048 px (peers.md §5b)."""

GEMMA_3: Sides = (896, 896, 896)
"""ai.google.dev/gemma/docs/capabilities/vision, without pan and scan, as Ollama runs it."""

QWEN: Sides = (1003, 1003, 1003)
"""Qwen2.5-VL by its usual limit of 1280 squares of 28 px (its model card: max_pixels)."""

UNKNOWN: Sides = (768, 896, 896)
"""The least of the above that reads drawings at all. A guess: open models behind Ollama rarely keep more."""

_FAMILIES: tuple[tuple[str, Sides], ...] = (
    (r"gemini-(?:[3-9]|.*latest)", GEMINI_3),
    (r"gemini", GEMINI_2),
    (r"gemma-?4", GEMINI_3),
    (r"gemma-?3", GEMMA_3),
    (r"claude", CLAUDE),
    (r"gpt-(?:4o|4\.1|5)|/o[34]", GPT),
    (r"qwen[\d.]*-?vl", QWEN),
)


def sides_of(model: str) -> Sides:
    """Of a model's name with or without its vendor, as `google/gemini-3-flash-preview` or `gemma3:12b`."""
    name = model.lower()
    return next((sides for pattern, sides in _FAMILIES if re.search(pattern, name)), UNKNOWN)
