"""What models reply in this family. Nothing here is believed before the server has found it in the documents."""

import msgspec

from domain.families.matrix.rules_amounts import Verdict


class FoundRequirement(msgspec.Struct, frozen=True, kw_only=True):
    """One demand that a model read: `quote` is copied from the block word by word, `clause` is its number if told."""

    block_id: str
    quote: str
    clause: str = ""
    is_prohibition: bool = False


class RequirementsReply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply to `matrix/requirements`."""

    requirements: tuple[FoundRequirement, ...] = ()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A place that a model names: a block that it was shown and words of it."""

    block_id: str
    quote: str


class JudgedRequirement(msgspec.Struct, frozen=True, kw_only=True):
    """A model's opinion. `requirement_quote` are words of the requirement that it judged by."""

    number: int
    requirement_quote: str = ""
    evidence: tuple[Evidence, ...] = ()
    value_found: str = ""
    reason: str = ""
    verdict: Verdict = Verdict.UNKNOWN


class JudgeReply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply to `matrix/judge`."""

    judged: tuple[JudgedRequirement, ...] = ()
