"""What calls to models have used, and what is told of those that failed. Pure."""

import msgspec

from domain.budgets import tokens_of
from domain.errors import DomainError, ProviderLimited
from domain.llm import Capabilities, LLMRequest, Usage
from domain.rules_tokens import tokens_in
from workers.models import ModelConfig, with_cost
from workers.receiving import Received


class Interrupted(DomainError):
    """How a call is logged that somebody else ended."""

    code = "interrupted"


def used_by(
    config: ModelConfig,
    request: LLMRequest,
    received: Received,
    room: Usage,
    error: DomainError | None,
    capabilities: Capabilities,
) -> Usage:
    """What a call used, by the provider's count. A reply that came without one, or a call that was given up while the
    model was at it, is counted by its length; a call turned away at a limit is no call: a job may wait as often as it
    must. A recorded one costs nothing again."""
    usage = received.usage
    if isinstance(error, ProviderLimited):
        return with_cost(config, request.model, usage)
    came = received.text + received.thinking
    was_heard = came or isinstance(error, Interrupted)
    if was_heard and not tokens_of(usage) and not capabilities.offline:
        usage = msgspec.structs.replace(room, output_tokens=tokens_in(came), cost_micro_usd=0)
    usage = msgspec.structs.replace(usage, calls=1, images=room.images)
    if received.served_by:
        return msgspec.structs.replace(usage, cost_micro_usd=0)
    return with_cost(config, request.model, usage)


def what_is_told(failures: list[DomainError]) -> DomainError:
    """Of what the models of a chain failed with, what the stage is told: the shortest wait if there is one, for it
    costs no attempt; else a passing failure; else the last one."""
    limited = [failure for failure in failures if isinstance(failure, ProviderLimited)]
    if limited:
        return min(limited, key=lambda failure: failure.retry_after_s or 0.0)
    passing = [failure for failure in failures if failure.retryable]
    return (passing or failures)[-1]


def most_of(one: Usage, other: Usage) -> Usage:
    """Of each figure the larger one."""
    return Usage(**{name: max(getattr(one, name), getattr(other, name)) for name in Usage.__struct_fields__})
