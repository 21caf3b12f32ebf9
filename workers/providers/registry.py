"""The list of providers: one line each. A model is named `provider:model`."""

from collections.abc import Callable, Mapping

from domain.llm import Provider
from workers.providers import dryrun

Build = Callable[[Mapping[str, str]], Provider | None]
"""Makes a provider from the secrets of the environment (name → value); null when its key is not set."""

BUILDERS: Mapping[str, Build] = {
    dryrun.NAME: dryrun.build,
}


def build_providers(secrets: Mapping[str, str]) -> dict[str, Provider]:
    """The providers that are set up, by name. The offline reader always is."""
    built = {name: build(secrets) for name, build in BUILDERS.items()}
    return {name: provider for name, provider in built.items() if provider is not None}
