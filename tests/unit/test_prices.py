"""The price table: as operators write it, and what it makes of calls."""

from pathlib import Path

import pytest

from domain.errors import InvalidInput
from domain.llm import Usage
from workers.models import ModelConfig, most_cost, read_model_config, with_cost
from workers.prices import DEFAULT_PRICES, Price, check_priced, read_prices
from workers.providers.registry import BUILDERS

FULL = (
    '{"gemini:a": {"input": 2, "output": 12, "cached": 0.2, "thinking": 15, "long_from": 100000,'
    ' "long": {"input": 4, "output": 18, "cached": 0.4}}}'
)


def cost(price: Price, **tokens: int) -> int:
    return with_cost(ModelConfig(prices={"one:a": price}), "one:a", Usage(**tokens)).cost_micro_usd


def test_every_part_of_a_price_can_be_written() -> None:
    price = read_prices({"MODEL_PRICES": FULL})["gemini:a"]

    assert cost(price, input_tokens=1000, cached_tokens=500) == 1000 + 100
    assert cost(price, output_tokens=100, thinking_tokens=100) == 1200 + 1500
    assert cost(price, input_tokens=100_000) == 200_000
    assert cost(price, input_tokens=100_001) == 400_004
    assert cost(price, input_tokens=100_001, thinking_tokens=100) == 400_004 + 1800


def test_stored_tokens_are_paid_as_input_and_for_their_time() -> None:
    flash = DEFAULT_PRICES["gemini:gemini-3-flash-preview"]
    told = '{"gemini:a": {"input": 2, "output": 12, "stored": 6}}'

    assert cost(flash, stored_tokens=120_000) == 120_000 * (500_000 + 83_333) // 1_000_000 + 1
    assert cost(read_prices({"MODEL_PRICES": told})["gemini:a"], stored_tokens=1_000) == 2000 + 500


def test_a_file_stands_over_the_built_in_table_and_the_variable_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"gemini:a": {"input": 1, "output": 1}, "gemini:b": {"input": 2, "output": 2}}')

    prices = read_prices({"MODEL_PRICES_FILE": str(file), "MODEL_PRICES": '{"gemini:b": {"input": 3, "output": 3}}'})

    assert (prices["gemini:a"].input_micro_usd, prices["gemini:b"].input_micro_usd) == (1_000_000, 3_000_000)
    assert prices.keys() == DEFAULT_PRICES.keys() | {"gemini:a", "gemini:b"}


@pytest.mark.parametrize(
    "value",
    [
        "[]",
        "{",
        '{"a": {"input": 1}}',
        '{"a": {"input": -1, "output": 1}}',
        '{"a": {"input": "x", "output": 1}}',
        '{"a": {"input": 1, "output": 1, "long": {"input": 1}}}',
        '{"a": {"input": 1, "output": 1, "long_from": 0}}',
        '{"a": {"input": 1, "output": 1, "other": 1}}',
        '{"a": {"input": 1e9, "output": 1}}',
    ],
    ids=["list", "broken", "half", "negative", "words", "half long", "no length", "unknown", "absurd"],
)
def test_a_table_that_makes_no_sense_is_refused_by_its_variable(value: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(value)

    with pytest.raises(InvalidInput, match="MODEL_PRICES:"):
        read_prices({"MODEL_PRICES": value})
    with pytest.raises(InvalidInput, match="MODEL_PRICES_FILE:"):
        read_prices({"MODEL_PRICES_FILE": str(file)})


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"MODEL_PRICES_FILE: /nowhere/prices.json cannot be read"):
        read_prices({"MODEL_PRICES_FILE": "/nowhere/prices.json"})


def test_a_paid_model_without_a_price_is_refused_when_the_process_starts() -> None:
    with pytest.raises(InvalidInput, match="no price for gemini:new"):
        read_model_config({"MODEL_PRO": "gemini:new"}, BUILDERS)

    priced = read_model_config(
        {"MODEL_PRO": "gemini:new", "MODEL_PRICES": '{"gemini:new": {"input": 0, "output": 0}}'}, BUILDERS
    )
    assert priced.chains["pro"] == ("gemini:new",)


def test_models_of_ones_own_machines_need_no_price() -> None:
    check_priced(["ollama:llama", "dryrun:reader"], {})


def test_money_is_set_aside_as_if_the_whole_reply_were_of_the_dearest_kind() -> None:
    price = Price(input_micro_usd=0, output_micro_usd=1_000_000, thinking_micro_usd=3_000_000)
    config = ModelConfig(prices={"one:a": price})

    assert most_cost(config, "one:a", Usage(output_tokens=100)) == 300
    assert most_cost(config, "one:b", Usage(output_tokens=100)) == 0
