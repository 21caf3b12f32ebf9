"""readings of values on pictures; why a picture was taken and how its letters' size is known

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "claims",
        sa.Column(
            "readings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )
    op.add_column("evidence", sa.Column("glyph_by", sa.String(length=20), server_default="", nullable=False))
    op.add_column("evidence", sa.Column("why", sa.String(length=20), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("evidence", "why")
    op.drop_column("evidence", "glyph_by")
    op.drop_column("claims", "readings")
