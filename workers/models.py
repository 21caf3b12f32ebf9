"""Which models serve which role, in which order, and what they cost. The composition root fills it."""

from collections.abc import Container, Mapping

import msgspec

from domain.errors import InvalidInput
from domain.llm import Usage
from workers.prices import DEFAULT_PRICES, Price, check_priced, cost_of, most_of, read_prices

OFFLINE_MODEL = "dryrun:reader"

FLASH = ("gemini:gemini-3-flash-preview", "gemini:gemini-flash-latest")
DEFAULT_CHAINS: Mapping[str, tuple[str, ...]] = {
    "flash": FLASH,
    "pro": ("gemini:gemini-3.1-pro-preview", "gemini:gemini-pro-latest", *FLASH),
    "classify": FLASH,
    "read_offline": (OFFLINE_MODEL,),
}
"""Models of the former system (spec/aizoomdoc.md §1.3; its gemini-3-pro-preview was shut down on 2026-03-09 in favour
of 3.1: ai.google.dev/gemini-api/docs/deprecations), then the aliases that survive a model's end. The first of a chain
is asked, the next ones when it fails."""

ROLES = ("flash", "pro", "classify", "extract", "collect", "compare", "ocr", "index", "rerank")
"""What a stage may ask for; a role without a chain of its own is served by flash's, and `rerank` not at all: setting
MODEL_RERANK turns re-ranking on."""

QUICK_ROLES = frozenset({"classify", "ocr", "index", "rerank"})
"""Roles whose reply nobody reads, or that copy what they see: asked without thinking and at temperature 0, whatever the
user's settings."""

MAX_OUTPUT_TOKENS = 15_000
"""spec/aizoomdoc.md §1.3, MAX_TOKENS."""


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`prices` are by model and used where the provider does not tell the cost itself; a model without one costs
    nothing. `max_output_tokens` is of a reply, without its thinking."""

    chains: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: DEFAULT_CHAINS)
    prices: Mapping[str, Price] = msgspec.field(default_factory=lambda: DEFAULT_PRICES)
    max_output_tokens: int = MAX_OUTPUT_TOKENS


def read_model_config(environ: Mapping[str, str], providers: Container[str]) -> ModelConfig:
    """MODEL_<ROLE> (models separated by commas) for `ROLES`, the prices of models, and MAX_TOKENS over the defaults.

    Raises `InvalidInput` naming the variable whose value cannot be understood or names an unknown provider, and models
    that have no price.
    """
    chains = dict(DEFAULT_CHAINS)
    for role in ROLES:
        variable = f"MODEL_{role.upper()}"
        if environ.get(variable, "").strip():
            chains[role] = _chain(variable, environ[variable], providers)
    prices = read_prices(environ)
    check_priced((model for chain in chains.values() for model in chain), prices)
    return ModelConfig(
        chains=chains,
        prices=prices,
        max_output_tokens=int(environ.get("MAX_TOKENS") or MAX_OUTPUT_TOKENS),
    )


def chain_of(config: ModelConfig, role: str, usable: Container[str]) -> tuple[str, ...]:
    """The models to ask for `role`: those of its chain, else of flash's, whose provider is `usable`.

    With none of them usable, the offline reader: the product answers without any key (DESIGN §8).
    """
    for chain in (config.chains.get(role, ()), config.chains.get("flash", ())):
        if found := tuple(model for model in chain if model.partition(":")[0] in usable):
            return found
    return (OFFLINE_MODEL,)


def with_cost(config: ModelConfig, model: str, usage: Usage) -> Usage:
    """`usage` with its cost by the price list, unless the provider gave it or the price is unknown."""
    price = config.prices.get(model)
    if usage.cost_micro_usd or price is None:
        return usage
    return msgspec.structs.replace(usage, cost_micro_usd=cost_of(price, usage))


def most_cost(config: ModelConfig, model: str, usage: Usage) -> int:
    """What a call that may take so much costs at most, in micro dollars."""
    price = config.prices.get(model)
    return 0 if price is None else cost_of(most_of(price), usage)


def _chain(variable: str, value: str, providers: Container[str]) -> tuple[str, ...]:
    models = tuple(model.strip() for model in value.split(",") if model.strip())
    wrong = [model for model in models if model.partition(":")[0] not in providers or not model.partition(":")[2]]
    if wrong:
        raise InvalidInput(f"{variable}: {', '.join(wrong)} is no provider:model")
    return models
