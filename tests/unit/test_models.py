"""Which models are asked for a role, and what their tokens cost."""

import pytest

from domain.errors import InvalidInput
from domain.llm import KEYED_PROVIDERS, Usage
from tests.fakes.blobs import FakeBlobs
from tests.fakes.provider import ScriptedProvider
from workers.models import DEFAULT_CHAINS, ModelConfig, Price, chain_of, read_model_config, with_cost
from workers.providers.registry import BUILDERS, build_providers

PROVIDERS = {"one": ScriptedProvider(), "two": ScriptedProvider()}


def test_models_whose_provider_is_not_set_up_are_left_out() -> None:
    config = ModelConfig(chains={"flash": ("none:a", "two:b", "one:c")})

    assert chain_of(config, "flash", PROVIDERS) == ("two:b", "one:c")


def test_a_role_none_of_whose_models_is_usable_is_served_by_flash() -> None:
    config = ModelConfig(chains={"flash": ("one:a",), "pro": ("none:b",)})

    assert chain_of(config, "pro", PROVIDERS) == ("one:a",)


def test_an_unknown_role_is_served_by_flash() -> None:
    config = ModelConfig(chains={"flash": ("one:a",)})

    assert chain_of(config, "extract", PROVIDERS) == ("one:a",)


def test_without_any_provider_the_offline_reader_answers() -> None:
    assert chain_of(ModelConfig(), "pro", {}) == ("dryrun:reader",)


def test_without_any_secret_only_the_offline_reader_is_ready() -> None:
    providers = build_providers({}, FakeBlobs())

    assert [name for name, provider in providers.items() if provider.is_ready] == ["dryrun"]


@pytest.mark.parametrize("variable", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_a_key_makes_gemini_ready(variable: str) -> None:
    assert build_providers({variable: "a-key-of-the-server"}, FakeBlobs())["gemini"].is_ready


def test_every_provider_is_listed_under_its_own_name() -> None:
    built = build_providers({}, FakeBlobs())

    assert {name: provider.name for name, provider in built.items()} == {name: name for name in BUILDERS}


def test_every_provider_that_takes_users_keys_exists() -> None:
    assert set(KEYED_PROVIDERS) <= BUILDERS.keys()


def test_the_default_models_have_capabilities_and_prices() -> None:
    providers = build_providers({}, FakeBlobs())
    config = read_model_config({}, BUILDERS)
    named = sorted({model for chain in config.chains.values() for model in chain})

    for model in named:
        vendor, _, name = model.partition(":")
        capabilities = providers[vendor].capabilities(name)
        assert capabilities.images or capabilities.offline
        assert model in config.prices or capabilities.offline


def test_the_environment_names_models_for_any_role() -> None:
    prices = '{"gemini:a": {"input": 1, "output": 1}, "gemini:b": {"input": 1, "output": 1}}'
    environ = {
        "MODEL_FLASH": "gemini:a, dryrun:reader",
        "MODEL_EXTRACT": "gemini:b",
        "MODEL_PRO": "",
        "MODEL_PRICES": prices,
    }

    config = read_model_config(environ, BUILDERS)

    assert config.chains["flash"] == ("gemini:a", "dryrun:reader")
    assert config.chains["extract"] == ("gemini:b",)
    assert config.chains["pro"] == DEFAULT_CHAINS["pro"]


@pytest.mark.parametrize(
    "environ",
    [{"MODEL_FLASH": "gemini-3-flash"}, {"MODEL_PRO": "nobody:model"}, {"MODEL_PRICES": '{"gemini:a": {"in": 1}}'}],
    ids=["no_provider", "unknown_provider", "price_of_another_shape"],
)
def test_a_variable_that_makes_no_sense_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(environ))):
        read_model_config(environ, BUILDERS)


def test_prices_are_told_in_dollars() -> None:
    config = read_model_config({"MODEL_PRICES": '{"gemini:a": {"input": 0.5, "output": 3}}'}, BUILDERS)

    assert config.prices["gemini:a"] == Price(input_micro_usd=500_000, output_micro_usd=3_000_000)


def test_a_long_call_is_priced_as_such_as_a_whole() -> None:
    long = Price(input_micro_usd=4_000_000, output_micro_usd=18_000_000)
    config = ModelConfig(prices={"one:a": Price(input_micro_usd=2_000_000, output_micro_usd=12_000_000, long=long)})

    assert with_cost(config, "one:a", Usage(input_tokens=200_000)).cost_micro_usd == 400_000
    assert with_cost(config, "one:a", Usage(input_tokens=200_001)).cost_micro_usd == 800_004


def test_cost_follows_the_price_list_and_is_rounded_up() -> None:
    config = ModelConfig(prices={"one:a": Price(input_micro_usd=500_000, output_micro_usd=3_000_000)})
    usage = Usage(input_tokens=1001, output_tokens=10, thinking_tokens=5)

    assert with_cost(config, "one:a", usage).cost_micro_usd == 546


def test_cached_tokens_have_their_own_price() -> None:
    price = Price(input_micro_usd=1_000_000, output_micro_usd=0, cached_micro_usd=100_000)
    usage = Usage(input_tokens=100, cached_tokens=80)

    assert with_cost(ModelConfig(prices={"one:a": price}), "one:a", usage).cost_micro_usd == 28


def test_a_cost_told_by_the_provider_stays() -> None:
    config = ModelConfig(prices={"one:a": Price(input_micro_usd=1, output_micro_usd=1)})

    assert with_cost(config, "one:a", Usage(input_tokens=9, cost_micro_usd=77)).cost_micro_usd == 77
