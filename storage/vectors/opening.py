"""The search of a process by what is configured: the one place that knows whether there are vectors."""

from msgspec.structs import replace

from storage.database import Sessions
from storage.embedders.registry import EmbeddingSettings, build_embedder
from storage.search import PostgresSearch
from storage.vectors.asking import QuestionVectors
from storage.vectors.fusing import WEIGHTS
from storage.vectors.search import FusedSearch


def open_search(sessions: Sessions, settings: EmbeddingSettings | None) -> PostgresSearch | FusedSearch:
    """Without vectors, the lexical search itself."""
    embedder = build_embedder(settings)
    if settings is None or embedder is None:
        return PostgresSearch(sessions)
    weights = WEIGHTS if settings.weight is None else replace(WEIGHTS, same=settings.weight)
    return FusedSearch(sessions, QuestionVectors(embedder), weights=weights)


async def close_search(search: PostgresSearch | FusedSearch) -> None:
    if isinstance(search, FusedSearch):
        await search.questions.embedder.close()
