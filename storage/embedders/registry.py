"""The list of embedding providers: one line each. Texts go to the one that the operator named, and nowhere else."""

from collections.abc import Callable, Mapping

import msgspec

from domain.errors import InvalidInput
from domain.ports import Embedder
from storage.embedders import gemini, ollama

Build = Callable[[str, int, Mapping[str, str]], Embedder | None]
"""(model, dimensions, environment) → the embedder, null when its key is missing."""

BUILDERS: Mapping[str, Build] = {
    gemini.NAME: gemini.build,
    ollama.NAME: ollama.build,
}

DIMENSIONS = 768
"""Gemini's recommended shortest (ai.google.dev/gemini-api/docs/embeddings), and what nomic-embed-text has."""

DIMENSIONS_LIMIT = 3072
"""Gemini's longest. A vector stands in its row, which has 8 kB; pgvector's HNSW index would take 4,000 of a halfvec
(github.com/pgvector/pgvector#hnsw)."""

WEIGHT_LIMIT = 10.0
"""Words count for nothing beyond it. A guess."""

_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "OLLAMA_BASE_URL")


class EmbeddingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`model` is the provider's own name. `weight` is what vectors count in the question's language, null for the
    measured default. `environ` holds the keys and addresses that it may need."""

    provider: str
    model: str
    dimensions: int
    weight: float | None = None
    environ: Mapping[str, str]


def read_embedding_settings(environ: Mapping[str, str]) -> EmbeddingSettings | None:
    """EMBEDDINGS (`provider:model`; absent or `off`: no vectors), EMBEDDING_DIMENSIONS and EMBEDDING_WEIGHT.

    Raises `InvalidInput` naming the variable that cannot be understood, or the key that is missing.
    """
    told = environ.get("EMBEDDINGS", "").strip()
    if not told or told == "off":
        return None
    provider, _, model = told.partition(":")
    if provider not in BUILDERS or not model:
        raise InvalidInput(f"EMBEDDINGS: {told} is no provider:model of {', '.join(BUILDERS)}")
    dimensions = _number(environ, "EMBEDDING_DIMENSIONS", DIMENSIONS_LIMIT)
    if dimensions is not None and (dimensions < 1 or dimensions != int(dimensions)):
        raise InvalidInput(f"EMBEDDING_DIMENSIONS: {dimensions} is no number of dimensions")
    return EmbeddingSettings(
        provider=provider,
        model=model,
        dimensions=int(dimensions or DIMENSIONS),
        weight=_number(environ, "EMBEDDING_WEIGHT", WEIGHT_LIMIT),
        environ={name: environ[name] for name in _VARIABLES if environ.get(name)},
    )


def _number(environ: Mapping[str, str], name: str, most: float) -> float | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise InvalidInput(f"{name}: {text} is no number") from None
    if not 0 <= value <= most:
        raise InvalidInput(f"{name}: {text} is not 0 to {most:g}")
    return value


def build_embedder(settings: EmbeddingSettings | None) -> Embedder | None:
    """Null when none is wanted. Raises `InvalidInput` when the wanted one has no key."""
    if settings is None:
        return None
    embedder = BUILDERS[settings.provider](settings.model, settings.dimensions, settings.environ)
    if embedder is None:
        raise InvalidInput(f"EMBEDDINGS: {settings.provider} needs a key")
    return embedder
