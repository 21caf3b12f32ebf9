"""pages without text are recognised by a job of their own

Revision: 0015, after 0014. A reading that had come to its pages without text ends, and hands them to such a job.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "documents", sa.Column("recognition_state", sa.String(length=10), server_default="none", nullable=False)
    )
    op.add_column("documents", sa.Column("recognition", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.create_check_constraint(
        op.f("ck_documents_recognition_known"),
        "documents",
        "recognition_state in ('none', 'pending', 'done', 'failed', 'cancelled')",
    )
    op.execute("""
        update job_steps s set next_stage = 'finish' from jobs j
        where j.id = s.job_id and j.family = 'ingest' and s.next_stage = 'recognise'
    """)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_documents_recognition_known"), "documents", type_="check")
    op.drop_column("documents", "recognition")
    op.drop_column("documents", "recognition_state")
