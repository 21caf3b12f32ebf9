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
    `stores`: the stable front of a request may be put into a paid store.
    `image_tokens` is what one picture costs at most, by media resolution; it only guards budgets."""

    offline: bool = False
    stores: bool = False
    images: bool = False
    json_schema: bool = True
    thinking: bool = False
    streaming: bool = True
    context_tokens: int = 128_000
    image_tokens: Mapping[str, int] = {}
    picture_sides_px: tuple[int, int, int] = (768, 1088, 1568)
    """The longest side that a picture of any shape keeps at media resolution low, medium and high; longer ones are
    scaled down by the provider. What vendors document is in `workers/picture_sides.py`; the default is for a
    model that tells nothing of itself, as in tests."""


class LLMRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `purpose` is the prompt's name, such as `analysis/answer`; `variables` are the values that the prompt
    was rendered with: the offline reader works from them, a model from `system` and `parts`. `schema` is a JSON Schema.
    `thinking_budget` is in tokens: null lets the model decide, 0 turns thinking off as far as the model can.
    `max_output_tokens` bounds thinking and reply together. The first chunk may take `first_token_s`, each later one
    `idle_s`. The system's text and the first `stable_parts` parts, which are texts, are the same for every call about
    the same material: a provider may keep them to read them cheaper; what the model sees is the same. What is kept for
    one `owner` serves nobody else."""

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
    stable_parts: int = 0
    owner: str = ""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the provider counted them; cost in millionths of a US dollar. `cached_tokens` are a part of the input;
    `stored_tokens` are not: they were put into a paid store of the provider, for later calls too."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0
    images: int = 0
    cost_micro_usd: int = 0
    calls: int = 0
    stored_tokens: int = 0

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


class ServedChunk(msgspec.Struct, frozen=True, kw_only=True):
    """The first chunk of a reply that comes from the record of another job: nothing is called and nothing is paid.
    `call_id` is that of the recorded call, `seconds` what it took then."""

    call_id: UUID
    seconds: float = 0.0


Chunk = TextChunk | ThoughtChunk | UsageChunk | EndChunk | ServedChunk


class CallFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call gave no usable reply. `detail` may be shown to the job's owner and holds no secret."""

    code: str
    detail: str = ""
    public_ru: str = ""
    public_en: str = ""
    retry_after_s: float | None = None


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One piece of a reply as it was streamed: of its thinking or its text, so many code points, so many milliseconds
    after the call began."""

    is_thought: bool
    length: int
    at_ms: int


class LLMCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call as logged: what was sent, what came back, what it cost. `fault` is null after a usable reply.

    `prompt_version` is of the prompt named by the request's purpose. `first_token_ms` is null when none came. The id is
    of the time the call began, and makes writing it twice safe. `own_key`: paid with the user's key. `epoch` and
    `step_no` say which run of which stage asked; `try_no` counts the calls of one question from 1: retries, other
    models, the repair. `thinking` is what the model told of it; `pieces` are how both texts came. `settings` are the
    user's. `served_by` is the recorded call that a replay took the reply from: nothing was called.
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
    epoch: int = 0
    step_no: int = 0
    try_no: int = 1
    thinking: str = ""
    pieces: tuple[Piece, ...] = ()
    fault: CallFault | None = None
    settings: dict[str, Any] = {}
    served_by: UUID | None = None

    @property
    def error(self) -> str | None:
        """The fault's code."""
        return self.fault.code if self.fault else None


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

    async def close(self) -> None:
        """Ends its connections and what it keeps elsewhere; nothing is asked after it."""
        ...
