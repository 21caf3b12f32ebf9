"""model calls with all that a replay needs; replays of jobs

Revision: 0009, after 0008. Calls of before can be read as a dialogue, not replayed.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

EMPTY_LIST = sa.text("'[]'::jsonb")
EMPTY_OBJECT = sa.text("'{}'::jsonb")


def upgrade() -> None:
    op.add_column("llm_calls", sa.Column("calls", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("llm_calls", sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("llm_calls", sa.Column("step_no", sa.Integer(), server_default="0", nullable=False))
    op.add_column("llm_calls", sa.Column("try_no", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("llm_calls", sa.Column("thinking", sa.Text(), server_default="", nullable=False))
    op.add_column("llm_calls", sa.Column("pieces", JSONB(), server_default=EMPTY_LIST, nullable=False))
    op.add_column("llm_calls", sa.Column("fault", JSONB(), nullable=True))
    op.add_column("llm_calls", sa.Column("settings", JSONB(), server_default=EMPTY_OBJECT, nullable=False))
    op.add_column("llm_calls", sa.Column("served_by", sa.Uuid(), nullable=True))
    op.add_column("llm_calls", sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("update llm_calls set calls = 0 where error = 'provider_limited'")
    op.create_index("ix_llm_calls_kept", "llm_calls", ["created_at"], postgresql_where=sa.text("expired_at is null"))
    op.execute("delete from llm_calls c where not exists (select 1 from users u where u.id = c.user_id)")
    op.create_foreign_key(
        op.f("fk_llm_calls_user_id_users"), "llm_calls", "users", ["user_id"], ["id"], ondelete="CASCADE"
    )
    op.create_table(
        "replays",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("source_job_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("trial_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_replays_job_id_jobs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["source_job_id"], ["jobs.id"], name=op.f("fk_replays_source_job_id_jobs"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_replays_owner_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_replays")),
    )
    op.create_index(op.f("ix_replays_source_job_id"), "replays", ["source_job_id"])
    op.create_index(op.f("ix_replays_owner_id"), "replays", ["owner_id"])
    op.create_index(op.f("ix_replays_trial_id"), "replays", ["trial_id"])


def downgrade() -> None:
    op.drop_table("replays")
    op.drop_constraint(op.f("fk_llm_calls_user_id_users"), "llm_calls", type_="foreignkey")
    op.drop_index("ix_llm_calls_kept", table_name="llm_calls")
    for name in (
        "expired_at",
        "served_by",
        "settings",
        "fault",
        "pieces",
        "thinking",
        "try_no",
        "step_no",
        "epoch",
        "calls",
    ):
        op.drop_column("llm_calls", name)
