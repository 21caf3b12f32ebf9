"""The model's side of a job: requests, replies and what a provider can do. A model is always `provider:model`."""

from collections.abc import AsyncIterator
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
    """What a model can take. Asking for more raises; nothing is dropped in silence. `offline`: no model at all."""

    offline: bool = False
    images: bool = False
    json_schema: bool = True
    thinking: bool = False
    streaming: bool = True
    context_tokens: int = 128_000


class LLMRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `purpose` is the prompt's name, such as `analysis/answer`; `variables` are the values that the prompt
    was rendered with: the offline reader works from them, a model from `system` and `parts`. `schema` is a JSON Schema.
    `thinking_budget` is in tokens: null lets the model decide, 0 turns thinking off."""

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
    timeout_s: float = 120.0


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


class EndChunk(msgspec.Struct, frozen=True, kw_only=True):
    """The last chunk of every reply. `finish_reason` is `stop`, `length` or `blocked`."""

    usage: Usage
    finish_reason: str = "stop"
    request_id: str | None = None


Chunk = TextChunk | ThoughtChunk | EndChunk


class LLMCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call as logged: what was sent, what came back, what it cost. `error` is a code, null after a usable reply.

    `prompt_version` is of the prompt named by the request's purpose. `first_token_ms` is null when none came. The id
    makes writing it twice safe.
    """

    id: UUID = msgspec.field(default_factory=new_id)
    job_id: UUID
    user_id: UUID
    stage: str
    role: str
    request: LLMRequest
    prompt_version: str
    is_repair: bool = False
    response: str = ""
    finish_reason: str | None = None
    request_id: str | None = None
    usage: Usage = Usage()
    latency_ms: int = 0
    first_token_ms: int | None = None
    error: str | None = None


class Provider(Protocol):
    """One vendor. Raises `ProviderFailed` (passing) or `ProviderRefused` (final); never retries by itself."""

    name: str

    def capabilities(self, model: str) -> Capabilities: ...

    def stream(self, request: LLMRequest) -> AsyncIterator[Chunk]: ...
