"""the month whose quota a job's money is set aside of

Revision: 0012, after 0011. Jobs of before that hold a reservation hold it of the month they were accepted in.
"""

import sqlalchemy as sa

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("quota_period", sa.String(length=7), nullable=True))
    op.execute("""
        update jobs set quota_period = to_char(created_at at time zone 'utc', 'YYYY-MM') where reserved_micro_usd > 0
    """)


def downgrade() -> None:
    op.drop_column("jobs", "quota_period")
