"""The list of providers: one line each. A model is named `provider:model`."""

from collections.abc import Callable, Mapping

from domain.llm import Provider
from domain.ports import BlobStore
from workers.providers import dryrun, gemini

Build = Callable[[Mapping[str, str], BlobStore], Provider]
"""Makes a provider from the keys and addresses of the environment (name → value) and the store of its pictures. One
without a server's key says so by `is_ready`."""

BUILDERS: Mapping[str, Build] = {
    dryrun.NAME: dryrun.build,
    gemini.NAME: gemini.build,
}


def build_providers(secrets: Mapping[str, str], blobs: BlobStore) -> dict[str, Provider]:
    """Every provider by its name."""
    return {name: build(secrets, blobs) for name, build in BUILDERS.items()}
