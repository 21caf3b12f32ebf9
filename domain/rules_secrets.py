"""Blanking secrets in texts that are kept: whatever looks like one, and those that are known by value.

The log of model calls holds what was sent and said word for word, and providers repeat keys in their errors.
"""

import re
from collections.abc import Collection
from typing import Any

BLANK = "***"

MIN_KNOWN_CHARS = 8
"""A known secret shorter than this would blank common words. A guess; ours have 16 and more."""

_SHAPES = re.compile(
    r"AIza[\w\-]{10,}"  # Google
    r"|AQ\.[\w\-]{10,}"  # Google, the newer kind
    r"|\bsk-[\w\-]{16,}"  # OpenAI and OpenRouter
    r"|\bazd_[\w\-]{16,}"  # ours
    r"|\beyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]*"  # JSON Web Tokens
    r"|api_key:[^\s'\"]+"
)
_HEADER = re.compile(r"\b(authorization|x-goog-api-key)(['\"]?\s*[:=]\s*['\"]?)(?:(bearer|basic)\s+)?[^\s'\",;]+", re.I)
_BEARER = re.compile(r"\b(bearer)\s+[\w\-.~+/=]{16,}", re.I)
_SIGNED = re.compile(
    r"([?&](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|key|token|api_key"
    r"|access_token)=)[^\s&#'\"<>)\]]+",
    re.I,
)
_ADDRESS = re.compile(r"://[^\s/@'\"]+:[^\s/@'\"]+@")
"""Without the scheme before it: a pattern that begins with plain signs is found without trying every word (2.6 ms of
100,000 characters, measured 2026-11-20)."""


def without_secrets(text: str, known: Collection[str] = ()) -> str:
    """The text with every secret replaced by `***`. What is left out never holds quotation marks, so that JSON stays
    JSON; doing it twice changes nothing."""
    for secret in known:
        if len(secret) >= MIN_KNOWN_CHARS:
            text = text.replace(secret, BLANK)
    small = text.lower()
    for marks, pattern, put in _RULES:
        if any(mark in small for mark in marks):
            text = pattern.sub(put, text)
    return text


_RULES = (
    (("authorization", "x-goog-api-key"), _HEADER, rf"\1\2{BLANK}"),
    (("bearer",), _BEARER, rf"\1 {BLANK}"),
    (("?", "&"), _SIGNED, rf"\1{BLANK}"),
    (("://",), _ADDRESS, rf"://{BLANK}@"),
    (("aiza", "aq.", "sk-", "azd_", "eyj", "api_key:"), _SHAPES, BLANK),
)
"""A pattern is tried only where one of its marks stands in the small letters of the text: prompts are long and clean,
and looking for a mark takes a hundredth of the time."""


def everywhere_without_secrets(value: Any, known: Collection[str] = ()) -> Any:
    """The same for all texts in a JSON value, and without the NUL character, which PostgreSQL cannot hold."""
    if isinstance(value, str):
        return without_secrets(value.replace("\x00", ""), known)
    if isinstance(value, list | tuple):
        return [everywhere_without_secrets(item, known) for item in value]
    if isinstance(value, dict):
        return {key: everywhere_without_secrets(item, known) for key, item in value.items()}
    return value
