"""what the installation spends on embedding by month, model and purpose

Revision: 0014, after 0013. What was embedded before was counted by nobody.
"""

import sqlalchemy as sa

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embedding_spending",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_micro_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("period", "model", "purpose", name=op.f("pk_embedding_spending")),
    )


def downgrade() -> None:
    op.drop_table("embedding_spending")
