"""The search of a process by what is configured: the one place that knows whether there are vectors."""

from domain.ports import SearchIndex
from storage.database import Sessions
from storage.embedders.registry import EmbeddingSettings, build_embedder
from storage.search import PostgresSearch
from storage.vectors.asking import Pay, QuestionVectors
from storage.vectors.fusing import ONE_LANGUAGE_ACROSS, WEIGHTS, Weights
from storage.vectors.search import FusedSearch


def open_search(sessions: Sessions, settings: EmbeddingSettings | None) -> PostgresSearch | FusedSearch:
    """Without vectors, the lexical search itself."""
    embedder = build_embedder(settings)
    if settings is None or embedder is None:
        return PostgresSearch(sessions)
    return FusedSearch(sessions, QuestionVectors(embedder), weights=weights_by(settings))


def weights_by(settings: EmbeddingSettings) -> Weights:
    """What the operator said, else what was measured."""
    across = ONE_LANGUAGE_ACROSS if settings.knows_one_language else WEIGHTS.across
    return Weights(
        same=WEIGHTS.same if settings.weight is None else settings.weight,
        across=across if settings.weight_across is None else settings.weight_across,
    )


def charged(search: SearchIndex, pay: Pay) -> SearchIndex:
    """A search whose vectors of questions are charged to `pay`; one by words costs nothing."""
    return search.paid_by(pay) if isinstance(search, FusedSearch) else search


async def close_search(search: PostgresSearch | FusedSearch) -> None:
    if isinstance(search, FusedSearch):
        await search.questions.embedder.close()
