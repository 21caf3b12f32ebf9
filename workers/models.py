"""Which models serve which role, in which order, and what they cost. The composition root fills it."""

from collections.abc import Container, Mapping

import msgspec

from domain.errors import InvalidInput
from domain.llm import Usage

OFFLINE_MODEL = "dryrun:reader"

FLASH = ("gemini:gemini-3-flash-preview", "gemini:gemini-flash-latest")
DEFAULT_CHAINS: Mapping[str, tuple[str, ...]] = {
    "flash": FLASH,
    "pro": ("gemini:gemini-3.1-pro-preview", "gemini:gemini-pro-latest", *FLASH),
    "classify": FLASH,
}
"""Models of the former system (spec/aizoomdoc.md §1.3; its gemini-3-pro-preview was shut down on 2026-03-09 in favour
of 3.1: ai.google.dev/gemini-api/docs/deprecations), then the aliases that survive a model's end. The first of a chain
is asked, the next ones when it fails."""

ROLES = ("flash", "pro", "classify", "extract", "collect", "compare", "ocr")
"""What a stage may ask for; a role without a chain of its own is served by flash's."""

QUICK_ROLES = frozenset({"classify", "ocr"})
"""Roles whose reply nobody reads, or that copy what they see: asked without thinking and at temperature 0, whatever the
user's settings."""

MAX_OUTPUT_TOKENS = 15_000
"""spec/aizoomdoc.md §1.3, MAX_TOKENS."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Micro dollars per million tokens. `long` is the price of a whole call with more than `long_from_tokens` input."""

    input_micro_usd: int
    output_micro_usd: int
    cached_micro_usd: int | None = None
    long: "Price | None" = None
    long_from_tokens: int = 200_000


_FLASH_PRICE = Price(input_micro_usd=500_000, output_micro_usd=3_000_000, cached_micro_usd=50_000)
_PRO_PRICE = Price(
    input_micro_usd=2_000_000,
    output_micro_usd=12_000_000,
    cached_micro_usd=200_000,
    long=Price(input_micro_usd=4_000_000, output_micro_usd=18_000_000, cached_micro_usd=400_000),
)
DEFAULT_PRICES: Mapping[str, Price] = {
    "gemini:gemini-3-flash-preview": _FLASH_PRICE,
    "gemini:gemini-flash-latest": _FLASH_PRICE,
    "gemini:gemini-3.1-pro-preview": _PRO_PRICE,
    "gemini:gemini-pro-latest": _PRO_PRICE,
    "gemini:gemini-2.5-flash": Price(input_micro_usd=300_000, output_micro_usd=2_500_000, cached_micro_usd=30_000),
    "gemini:gemini-2.5-pro": Price(
        input_micro_usd=1_250_000,
        output_micro_usd=10_000_000,
        cached_micro_usd=125_000,
        long=Price(input_micro_usd=2_500_000, output_micro_usd=15_000_000, cached_micro_usd=250_000),
    ),
}
"""ai.google.dev/gemini-api/docs/pricing as quoted in July 2026, paid tier, text and pictures; an alias costs what its
generation's model does. Set MODEL_PRICES when they change."""


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`prices` are by model and used where the provider does not tell the cost itself; a model without one costs
    nothing here. `max_output_tokens` is of a reply, without its thinking."""

    chains: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: DEFAULT_CHAINS)
    prices: Mapping[str, Price] = msgspec.field(default_factory=lambda: DEFAULT_PRICES)
    max_output_tokens: int = MAX_OUTPUT_TOKENS


class _PriceText(msgspec.Struct, forbid_unknown_fields=True):
    """Dollars per million tokens, as operators write them."""

    input: float
    output: float
    cached: float | None = None


def read_model_config(environ: Mapping[str, str], providers: Container[str]) -> ModelConfig:
    """MODEL_<ROLE> (models separated by commas) for `ROLES`, MODEL_PRICES (JSON by model) and MAX_TOKENS over the
    defaults.

    Raises `InvalidInput` naming the variable whose value cannot be understood or names an unknown provider.
    """
    chains = dict(DEFAULT_CHAINS)
    for role in ROLES:
        variable = f"MODEL_{role.upper()}"
        if environ.get(variable, "").strip():
            chains[role] = _chain(variable, environ[variable], providers)
    return ModelConfig(
        chains=chains,
        prices={**DEFAULT_PRICES, **_prices(environ.get("MODEL_PRICES", ""))},
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
    """`usage` with its cost by the price list, unless the provider gave it or the price is unknown. Thinking costs
    what output does."""
    price = config.prices.get(model)
    if usage.cost_micro_usd or price is None:
        return usage
    if price.long is not None and usage.input_tokens > price.long_from_tokens:
        price = price.long
    cached_price = price.input_micro_usd if price.cached_micro_usd is None else price.cached_micro_usd
    total = (
        (usage.input_tokens - usage.cached_tokens) * price.input_micro_usd
        + usage.cached_tokens * cached_price
        + (usage.output_tokens + usage.thinking_tokens) * price.output_micro_usd
    )
    return msgspec.structs.replace(usage, cost_micro_usd=-(-total // 1_000_000))


def _chain(variable: str, value: str, providers: Container[str]) -> tuple[str, ...]:
    models = tuple(model.strip() for model in value.split(",") if model.strip())
    wrong = [model for model in models if model.partition(":")[0] not in providers or not model.partition(":")[2]]
    if wrong:
        raise InvalidInput(f"{variable}: {', '.join(wrong)} is no provider:model")
    return models


def _prices(text: str) -> dict[str, Price]:
    try:
        told = msgspec.json.decode(text or "{}", type=dict[str, _PriceText])
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"MODEL_PRICES: {error}") from error
    return {model: _price(price) for model, price in told.items()}


def _price(told: _PriceText) -> Price:
    return Price(
        input_micro_usd=round(told.input * 1_000_000),
        output_micro_usd=round(told.output * 1_000_000),
        cached_micro_usd=None if told.cached is None else round(told.cached * 1_000_000),
    )
