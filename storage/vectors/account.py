"""The installation's own account of embedding: what no job pays for, by month (UTC), and how much of it there may be.

Documents are embedded for everybody who may search them, by the operator's choice of a model: their owners did not ask
for it, and a new model embeds all of them again. So the operator pays, up to a limit of his own.
"""

import msgspec
from sqlalchemy import text

from domain.errors import EmbeddingLimitReached
from domain.llm import Usage
from storage.database import Sessions
from storage.direct import Direct

DOCUMENTS, QUESTIONS = "documents", "questions"


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Of one month on one model for one purpose; millionths of a US dollar."""

    period: str
    model: str
    purpose: str
    tokens: int
    cost_micro_usd: int


class EmbeddingAccount:
    """Of one model and purpose. `monthly_micro_usd` bounds all models and purposes together; null: no limit."""

    def __init__(self, sessions: Sessions, *, model: str, purpose: str, monthly_micro_usd: int | None = None) -> None:
        self._sessions = sessions
        self._model = model
        self._purpose = purpose
        self._monthly = monthly_micro_usd

    async def check(self) -> None:
        """Raises `EmbeddingLimitReached` when the month has nothing left. Callers that ask at once may each go over
        by what they then embed, one batch."""
        if self._monthly is None:
            return
        async with self._sessions() as session:
            spent = await session.scalar(_OF_MONTH)
        if spent is not None and spent >= self._monthly:
            raise EmbeddingLimitReached(f"{spent} of {self._monthly} micro USD")

    async def pay(self, usage: Usage) -> None:
        """In a transaction of its own: what was paid stays known whatever becomes of the vectors."""
        if not usage.cost_micro_usd:
            return
        parameters = {
            "model": self._model,
            "purpose": self._purpose,
            "tokens": usage.input_tokens,
            "cost": usage.cost_micro_usd,
        }
        async with self._sessions() as session, session.begin():
            await session.execute(_PAY, parameters)


async def spent_lately(database: Direct, *, months: int = 12) -> list[Spent]:
    """The newest month first."""
    return [Spent(**dict(row)) for row in await database.every(_LATELY, months)]


_MONTH = "to_char(now() at time zone 'utc', 'YYYY-MM')"
_OF_MONTH = text(f"select sum(cost_micro_usd)::bigint from embedding_spending where period = {_MONTH}")
_PAY = text(f"""
insert into embedding_spending as e (period, model, purpose, tokens, cost_micro_usd)
values ({_MONTH}, :model, :purpose, :tokens, :cost)
on conflict (period, model, purpose) do update
set tokens = e.tokens + excluded.tokens, cost_micro_usd = e.cost_micro_usd + excluded.cost_micro_usd
""")
_LATELY = """
select period, model, purpose, tokens, cost_micro_usd from embedding_spending
where period >= to_char((now() at time zone 'utc') - make_interval(months => $1::int - 1), 'YYYY-MM')
order by period desc, model, purpose
"""
