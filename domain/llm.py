"""The model's side of a job: requests, replies and what a provider can do. A model is always `provider:model`."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol
from uuid import UUID

import msgspec

from domain.ids import new_id


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    text: str


class ImagePart(msgspec.Struct, frozen=True, tag="image"):
    """A picture by its digest in the blob store; `label` is how the prompt refers to it."""

    digest: str
    mime_type: str
    label: str


Part = TextPart | ImagePart


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a model can take. Asking for more raises; nothing is dropped in silence. `offline`: no model at all.
    `image_tokens` is what one picture costs at most, by media resolution; it only guards budgets."""

    offline: bool = False
    images: bool = False
    json_schema: bool = True
    thinking: bool = False
    streaming: bool = True
    context_tokens: int = 128_000
    image_tokens: Mapping[str, int] = {}
    picture_sides_px: tuple[int, int, int] = (768, 1088, 1568)
    """The longest side that a picture keeps at media resolution low, medium and high; longer ones are scaled down by
    the provider. Default: Claude's 1568 px (peers.md §5b), and what 280, 560 and 1120 tokens of Gemini 3 hold at 48 px
    squares, with some room. A guess where the provider says nothing."""


class LLMRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `purpose` is the prompt's name, such as `analysis/answer`; `variables` are the values that the prompt
    was rendered with: the offline reader works from them, a model from `system` and `parts`. `schema` is a JSON Schema.
    `thinking_budget` is in tokens: null lets the model decide, 0 turns thinking off as far as the model can.
    `max_output_tokens` bounds thinking and reply together. The first chunk may take `first_token_s`, each later one
    `idle_s`."""

    model: str
    purpose: str
    system: str
    parts: tuple[Part, ...]
    variables: dict[str, Any]
    schema: dict[str, Any] | None = None
    temperature: float = 1.0
    top_p: float = 0.95
    max_output_tokens: int = 15_000
    thinking_budget: int | None = None
    media_resolution: str = "high"
    first_token_s: float = 120.0
    idle_s: float = 60.0


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the provider counted them; cost in millionths of a US dollar."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    images: int = 0
    cost_micro_usd: int = 0
    calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) - getattr(other, name) for name in self.__struct_fields__})


class TextChunk(msgspec.Struct, frozen=True):
    text: str


class ThoughtChunk(msgspec.Struct, frozen=True):
    text: str


class UsageChunk(msgspec.Struct, frozen=True):
    """What the reply has used so far, in all: kept when the reply breaks off before its `EndChunk`."""

    usage: Usage


class EndChunk(msgspec.Struct, frozen=True, kw_only=True):
    """The last chunk of every reply. `finish_reason` is `stop`, `length` or `blocked`."""

    usage: Usage
    finish_reason: str = "stop"
    request_id: str | None = None


Chunk = TextChunk | ThoughtChunk | UsageChunk | EndChunk


class LLMCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call as logged: what was sent, what came back, what it cost. `error` is a code, null after a usable reply.

    `prompt_version` is of the prompt named by the request's purpose. `first_token_ms` is null when none came. The id
    makes writing it twice safe. `own_key`: paid with the user's key.
    """

    id: UUID = msgspec.field(default_factory=new_id)
    job_id: UUID
    user_id: UUID
    stage: str
    role: str
    request: LLMRequest
    prompt_version: str
    is_repair: bool = False
    own_key: bool = False
    response: str = ""
    finish_reason: str | None = None
    request_id: str | None = None
    usage: Usage = Usage()
    latency_ms: int = 0
    first_token_ms: int | None = None
    error: str | None = None


KEYED_PROVIDERS = ("gemini",)
"""Providers that take a user's own key instead of the server's."""


class Provider(Protocol):
    """One vendor. Raises `ProviderFailed` (passing), `ProviderLimited` (wait) or `ProviderRefused` (final; its
    `ModelUnavailable` means that another model may do); never retries by itself.

    `is_ready`: may be asked without a user's key. `api_key` is the user's, used instead of the server's; it is in no
    request, log or error.
    """

    name: str

    @property
    def is_ready(self) -> bool: ...

    def capabilities(self, model: str) -> Capabilities: ...

    def stream(self, request: LLMRequest, *, api_key: str | None = None) -> AsyncIterator[Chunk]: ...
