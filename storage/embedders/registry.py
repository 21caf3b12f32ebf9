"""The list of embedding providers: one line each. Texts go to the one that the operator named, and nowhere else."""

from collections.abc import Callable, Mapping

import msgspec

from domain.errors import InvalidInput
from domain.ports import Embedder
from storage.embedders import gemini, ollama
from storage.embedding_prices import PRICE_LIMIT, price_of

Build = Callable[[str, int, int, Mapping[str, str]], Embedder | None]
"""(model, dimensions, price, environment) → the embedder, null when its key is missing."""

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

MONTHLY_USD = 20.0
"""What the installation embeds of documents in a month unless told otherwise: about a hundred million tokens, or a
hundred thousand full pages, of Gemini's. A guess."""

MONTHLY_LIMIT_USD = 1_000_000.0

_VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_BASE_URL", "OLLAMA_BASE_URL")


class EmbeddingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`model` is the provider's own name. `weight` is what vectors count in the question's language, `weight_across` in
    another one, null for the measured default. `price_micro_usd` is for a million tokens, `monthly_micro_usd` what the
    installation may spend in a month, null without limit. `environ` holds the keys and addresses that it may need."""

    provider: str
    model: str
    dimensions: int
    weight: float | None = None
    weight_across: float | None = None
    price_micro_usd: int = 0
    monthly_micro_usd: int | None = None
    environ: Mapping[str, str]

    @property
    def knows_one_language(self) -> bool:
        """As far as it is known of the model."""
        return self.provider == ollama.NAME and ollama.base_name(self.model) in ollama.ENGLISH_ONLY


def read_embedding_settings(environ: Mapping[str, str]) -> EmbeddingSettings | None:
    """EMBEDDINGS (`provider:model`; absent or `off`: no vectors), EMBEDDING_DIMENSIONS, EMBEDDING_WEIGHT,
    EMBEDDING_WEIGHT_ACROSS, EMBEDDING_PRICE (dollars for a million tokens) and EMBEDDING_MONTHLY_USD (`off`: no limit).

    Raises `InvalidInput` naming the variable that cannot be understood, the key that is missing, or a model that is to
    be paid for and has no price.
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
        weight_across=_number(environ, "EMBEDDING_WEIGHT_ACROSS", WEIGHT_LIMIT),
        price_micro_usd=price_of(told, _number(environ, "EMBEDDING_PRICE", PRICE_LIMIT)),
        monthly_micro_usd=_monthly(environ),
        environ={name: environ[name] for name in _VARIABLES if environ.get(name)},
    )


def _monthly(environ: Mapping[str, str]) -> int | None:
    if environ.get("EMBEDDING_MONTHLY_USD", "").strip() == "off":
        return None
    told = _number(environ, "EMBEDDING_MONTHLY_USD", MONTHLY_LIMIT_USD)
    return round((MONTHLY_USD if told is None else told) * 1_000_000)


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
    build = BUILDERS[settings.provider]
    embedder = build(settings.model, settings.dimensions, settings.price_micro_usd, settings.environ)
    if embedder is None:
        raise InvalidInput(f"EMBEDDINGS: {settings.provider} needs a key")
    return embedder
