"""Which models are asked for a role, and what their tokens cost."""

from domain.llm import Usage
from tests.fakes.provider import ScriptedProvider
from workers.models import ModelConfig, Price, chain_of, with_cost
from workers.providers.registry import BUILDERS, build_providers

PROVIDERS = {"one": ScriptedProvider(), "two": ScriptedProvider()}


def test_models_whose_provider_is_not_set_up_are_left_out() -> None:
    config = ModelConfig(chains={"flash": ("none:a", "two:b", "one:c")})

    assert chain_of(config, "flash", PROVIDERS) == ("two:b", "one:c")


def test_an_unknown_role_is_served_by_flash() -> None:
    config = ModelConfig(chains={"flash": ("one:a",)})

    assert chain_of(config, "extract", PROVIDERS) == ("one:a",)


def test_without_any_provider_the_offline_reader_answers() -> None:
    assert chain_of(ModelConfig(), "pro", {}) == ("dryrun:reader",)


def test_the_offline_reader_is_set_up_without_any_secret() -> None:
    assert list(build_providers({})) == ["dryrun"]


def test_every_provider_is_listed_under_its_own_name() -> None:
    built = {name: build({}) for name, build in BUILDERS.items()}

    assert {name: provider.name for name, provider in built.items() if provider} == {"dryrun": "dryrun"}


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
