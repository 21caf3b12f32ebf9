"""what is to be emptied because it was deleted

Revision: 0013, after 0012. What was deleted before is put on the list, too.
"""

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OF_GONE = """
  j.chat_id is not null and not exists (select 1 from chats c where c.id = j.chat_id)
  or j.document_id is not null and exists (
    select 1 from documents d where d.id = j.document_id and d.deleted_at is not null)
  or j.family = 'comparison' and exists (
    select 1 from documents d where d.id::text = j.payload->>'a' and d.deleted_at is not null)
"""


def upgrade() -> None:
    op.add_column("jobs", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "forgettings",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('job', 'document')", name=op.f("ck_forgettings_kind_known")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_forgettings")),
    )
    op.execute(f"update jobs j set forgotten_at = now() where {OF_GONE}")
    op.execute("insert into forgettings (subject_id, kind) select id, 'job' from jobs where forgotten_at is not null")
    op.execute("""
        insert into forgettings (subject_id, kind) select id, 'document' from documents where deleted_at is not null
    """)


def downgrade() -> None:
    op.drop_table("forgettings")
    op.drop_column("jobs", "forgotten_at")
