"""vectors of what documents say

Revision: 0008, after 0007. Needs the extension `vector` (pgvector 0.8 or newer) on the server; the nearest-neighbour
index of each model is made by the worker that fills it, for it depends on the operator's dimension.
"""

import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists vector")
    op.create_table(
        "vector_indexes",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_indexes")),
        sa.UniqueConstraint("model", "dimensions", "version", name=op.f("uq_vector_indexes_model")),
    )
    op.create_table(
        "vector_documents",
        sa.Column("index_id", sa.SmallInteger(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("chunks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("embedded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["index_id"],
            ["vector_indexes.id"],
            name=op.f("fk_vector_documents_index_id_vector_indexes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_vector_documents_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("index_id", "document_id", name=op.f("pk_vector_documents")),
    )
    op.create_index(op.f("ix_vector_documents_document_id"), "vector_documents", ["document_id"])
    op.create_table(
        "vectors",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("index_id", sa.SmallInteger(), nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=False),
        sa.Column("chunk_no", sa.Integer(), nullable=False),
        sa.Column("first_block", sa.Integer(), nullable=False),
        sa.Column("last_block", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("embedding", HALFVEC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_vectors_document_id_documents"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["index_id"], ["vector_indexes.id"], name=op.f("fk_vectors_index_id_vector_indexes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "index_id", "page_no", "chunk_no", name=op.f("pk_vectors")),
    )
    # In the row itself: an exact search reads thousands, and out-of-line values cost a lookup each. Longer than a row
    # may be they cannot get: see storage.embedders.registry.
    op.execute("alter table vectors alter column embedding set storage plain")


def downgrade() -> None:
    """The extension stays: others may use it."""
    op.drop_table("vectors")
    op.drop_table("vector_documents")
    op.drop_table("vector_indexes")
