"""What models cost: a table that operators set, and the cost of a call by it.

Prices are per million tokens. A budget of money can only be kept with a price for every model that may be asked, so a
configured model without one is refused when the process starts.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.errors import InvalidInput
from domain.llm import Usage

FREE_PROVIDERS = frozenset({"dryrun", "ollama"})
"""They run on machines of one's own: without a price they cost nothing."""

LONG_FROM_TOKENS = 200_000
"""Input from which Gemini's Pro models cost more, for the whole call (ai.google.dev/gemini-api/docs/pricing)."""


STORED_S = 300.0
"""How long a provider keeps what it stores of a request. Long enough for the turns of one job; Google asks for the
time, so more would be paid for nothing. A guess."""


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Micro dollars per million tokens. `cached_micro_usd` null: as other input; `thinking_micro_usd` null: as output.
    `stored_micro_usd` is for an hour of a million stored tokens; the default is the dearest that Google documents.
    `long` is the price of a whole call with more than `long_from_tokens` input."""

    input_micro_usd: int
    output_micro_usd: int
    cached_micro_usd: int | None = None
    thinking_micro_usd: int | None = None
    stored_micro_usd: int = 4_500_000
    long: "Price | None" = None
    long_from_tokens: int = LONG_FROM_TOKENS


_FLASH_PRICE = Price(
    input_micro_usd=500_000, output_micro_usd=3_000_000, cached_micro_usd=50_000, stored_micro_usd=1_000_000
)
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
    "gemini:gemini-2.5-flash": Price(
        input_micro_usd=300_000, output_micro_usd=2_500_000, cached_micro_usd=30_000, stored_micro_usd=1_000_000
    ),
    "gemini:gemini-2.5-pro": Price(
        input_micro_usd=1_250_000,
        output_micro_usd=10_000_000,
        cached_micro_usd=125_000,
        long=Price(input_micro_usd=2_500_000, output_micro_usd=15_000_000, cached_micro_usd=250_000),
    ),
}
"""ai.google.dev/gemini-api/docs/pricing as quoted in July 2026, paid tier, text and pictures; output includes thinking;
an alias costs what its generation's model does. Set MODEL_PRICES when they change."""

_Dollars = Annotated[float, Meta(ge=0, le=100_000)]


class _Tier(msgspec.Struct, forbid_unknown_fields=True):
    """Dollars per million tokens, as operators write them."""

    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    thinking: _Dollars | None = None
    stored: _Dollars = 4.5


class _PriceText(_Tier, forbid_unknown_fields=True):
    """`long` is for calls with more than `long_from` input tokens."""

    long: _Tier | None = None
    long_from: Annotated[int, Meta(ge=1)] = LONG_FROM_TOKENS


def read_prices(environ: Mapping[str, str]) -> dict[str, Price]:
    """The built-in table, over it that of the JSON file MODEL_PRICES_FILE, over it the JSON of MODEL_PRICES.

    Raises `InvalidInput` naming the variable whose value cannot be understood.
    """
    path = environ.get("MODEL_PRICES_FILE", "")
    try:
        of_file = Path(path).read_bytes() if path else b"{}"
    except OSError as error:
        raise InvalidInput(f"MODEL_PRICES_FILE: {path} cannot be read") from error
    return {
        **DEFAULT_PRICES,
        **_table("MODEL_PRICES_FILE", of_file),
        **_table("MODEL_PRICES", (environ.get("MODEL_PRICES") or "{}").encode()),
    }


def check_priced(models: Iterable[str], prices: Mapping[str, Price]) -> None:
    """Raises `InvalidInput` naming the models that are to be paid for and have no price."""
    paid = {model for model in models if model.partition(":")[0] not in FREE_PROVIDERS}
    if missing := sorted(paid - prices.keys()):
        example = f'{{"{missing[0]}": {{"input": 0.5, "output": 3}}}}'
        raise InvalidInput(f"no price for {', '.join(missing)}: add it to MODEL_PRICES, such as {example}")


def cost_of(price: Price, usage: Usage) -> int:
    """In micro dollars, rounded up. What was stored is paid as input, and for its whole time."""
    if price.long is not None and usage.input_tokens > price.long_from_tokens:
        price = price.long
    cached_price = price.input_micro_usd if price.cached_micro_usd is None else price.cached_micro_usd
    thinking_price = price.output_micro_usd if price.thinking_micro_usd is None else price.thinking_micro_usd
    total = (
        (usage.input_tokens - usage.cached_tokens) * price.input_micro_usd
        + usage.cached_tokens * cached_price
        + usage.output_tokens * price.output_micro_usd
        + usage.thinking_tokens * thinking_price
        + usage.stored_tokens * (price.input_micro_usd + round(price.stored_micro_usd * STORED_S / 3600))
    )
    return -(-total // 1_000_000)


def most_of(price: Price) -> Price:
    """The price to set money aside by: what a reply is made of is not known before, so all of it costs the dearest."""
    dearest = max(price.output_micro_usd, price.thinking_micro_usd or 0)
    return msgspec.structs.replace(price, output_micro_usd=dearest, long=most_of(price.long) if price.long else None)


def _table(variable: str, text: bytes) -> dict[str, Price]:
    try:
        told = msgspec.json.decode(text, type=dict[str, _PriceText])
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"{variable}: {error}") from error
    return {
        model: msgspec.structs.replace(
            _price(price), long=_price(price.long) if price.long else None, long_from_tokens=price.long_from
        )
        for model, price in told.items()
    }


def _price(told: _Tier) -> Price:
    return Price(
        input_micro_usd=round(told.input * 1_000_000),
        output_micro_usd=round(told.output * 1_000_000),
        cached_micro_usd=None if told.cached is None else round(told.cached * 1_000_000),
        thinking_micro_usd=None if told.thinking is None else round(told.thinking * 1_000_000),
        stored_micro_usd=round(told.stored * 1_000_000),
    )
