"""What the installation itself spends on embedding: seen by admins."""

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

from api.auth import admins_only
from api.services import Services
from storage.vectors.account import Spent, spent_lately

MICRO = 1_000_000


class SpentView(msgspec.Struct, kw_only=True):
    """Of one month (`2026-11`, UTC) on one model. `purpose` is `documents`, or `questions` of searches outside jobs:
    what jobs ask is in their own usage."""

    month: str
    model: str
    purpose: str
    tokens: int
    usd: float


class EmbeddingSpending(msgspec.Struct, kw_only=True):
    """`model` is the configured one, null where search goes by words alone; `usd_per_million_tokens` its price, 0 for
    one's own machine. `monthly_usd` bounds all of a month; null: no limit. The newest month first, twelve at most."""

    model: str | None
    usd_per_million_tokens: float | None
    monthly_usd: float | None
    spent: list[SpentView]


@get("/admin/embeddings", tags=["admin"], guards=[admins_only])
async def embedding_spending(services: NamedDependency[Services]) -> EmbeddingSpending:
    """What embedding has cost the installation. A month that is used up leaves documents without vectors, found by
    their words, until the next one begins or EMBEDDING_MONTHLY_USD is raised."""
    wanted = services.settings.storage.embeddings
    limit = wanted.monthly_micro_usd if wanted else None
    return EmbeddingSpending(
        model=f"{wanted.provider}:{wanted.model}" if wanted else None,
        usd_per_million_tokens=wanted.price_micro_usd / MICRO if wanted else None,
        monthly_usd=None if limit is None else limit / MICRO,
        spent=[_view(one) for one in await spent_lately(services.engine)],
    )


def _view(spent: Spent) -> SpentView:
    return SpentView(
        month=spent.period,
        model=spent.model,
        purpose=spent.purpose,
        tokens=spent.tokens,
        usd=spent.cost_micro_usd / MICRO,
    )


router = Router("/", route_handlers=[embedding_spending])
