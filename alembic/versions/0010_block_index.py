"""the block index: what drawings are

Revision: 0010, after 0009. Two new tables; nothing else changes.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "block_index",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.String(length=20), nullable=False),
        sa.Column("is_sheet", sa.Boolean(), nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("wanted", sa.String(length=10), nullable=False),
        sa.Column("model", sa.String(length=200), server_default="", nullable=False),
        sa.Column(
            "fields",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("error", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_block_index_document_id_documents"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "block_id", "is_sheet", name=op.f("pk_block_index")),
    )
    op.create_table(
        "block_index_terms",
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.String(length=20), nullable=False),
        sa.Column("is_sheet", sa.Boolean(), nullable=False),
        sa.Column("tf", sa.REAL(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id", "block_id", "is_sheet"],
            ["block_index.document_id", "block_index.block_id", "block_index.is_sheet"],
            name=op.f("fk_block_index_terms_document_id_block_index"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "term",
            "document_id",
            "block_id",
            "is_sheet",
            name=op.f("pk_block_index_terms"),
            postgresql_include=["tf"],
        ),
    )
    op.create_index(
        "ix_block_index_terms_document_id_block_id_is_sheet",
        "block_index_terms",
        ["document_id", "block_id", "is_sheet"],
    )


def downgrade() -> None:
    op.drop_table("block_index_terms")
    op.drop_table("block_index")
