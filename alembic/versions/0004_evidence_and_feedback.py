"""evidence pictures with their place in the answer, superseded messages, feedback

Revision: 0004, after 0003
"""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("number", sa.Integer(), server_default="0", nullable=False))
    op.add_column("evidence", sa.Column("document_name", sa.Text(), server_default="", nullable=False))
    op.add_column("evidence", sa.Column("sheet", sa.Text(), server_default="", nullable=False))
    op.add_column("evidence", sa.Column("glyph_px", sa.Float(), nullable=True))
    op.add_column("evidence", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("citations", sa.Column("picture", sa.Integer(), nullable=True))
    op.add_column("messages", sa.Column("superseded_by_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_messages_superseded_by_id_messages"),
        "messages",
        "messages",
        ["superseded_by_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(op.f("ix_messages_superseded_by_id"), "messages", ["superseded_by_id"])
    op.create_index(op.f("ix_messages_reply_to_id"), "messages", ["reply_to_id"])
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_feedback_message_id_messages"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feedback_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "user_id", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_user_id"), "feedback", ["user_id"])


def downgrade() -> None:
    op.drop_table("feedback")
    op.drop_index(op.f("ix_messages_reply_to_id"), table_name="messages")
    op.drop_index(op.f("ix_messages_superseded_by_id"), table_name="messages")
    op.drop_constraint(op.f("fk_messages_superseded_by_id_messages"), "messages", type_="foreignkey")
    op.drop_column("messages", "superseded_by_id")
    op.drop_column("citations", "picture")
    for name in ("reason", "glyph_px", "sheet", "document_name", "number"):
        op.drop_column("evidence", name)
