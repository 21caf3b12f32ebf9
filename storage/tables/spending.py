"""What the installation itself has spent on models, where no job and no user pays."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import PlainBase


class EmbeddingSpendingRow(PlainBase):
    """Of one month (`2026-11`, UTC) on one embedding model. `purpose` is `documents`, or `questions` of searches that
    are no job's. What a model asks nothing for leaves no row."""

    __tablename__ = "embedding_spending"

    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    model: Mapped[str] = mapped_column(String(200), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cost_micro_usd: Mapped[int] = mapped_column(BigInteger, server_default="0")
