"""postings carry what ranking pages needs; sums of lengths by document

Revision: 0005, after 0004. Rows of before go on to be found, without the weight of their fields, until
`python -m api.reindex` has written them anew.
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_lengths",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_lengths_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_lengths")),
    )
    op.execute("""
        insert into document_lengths (document_id, pages, blocks, length)
        select document_id, count(*), sum(cardinality(block_lengths)), sum(length)
        from page_lengths group by document_id
    """)
    op.add_column("postings", sa.Column("length", sa.Integer(), nullable=True))
    op.execute("""
        update postings p set length = l.length
        from page_lengths l where l.document_id = p.document_id and l.page_no = p.page_no
    """)
    op.execute("delete from postings where length is null")
    op.alter_column("postings", "length", nullable=False)
    op.alter_column("postings", "tf", type_=sa.REAL())
    op.drop_constraint(op.f("pk_postings"), "postings")
    op.execute("""
        alter table postings add constraint pk_postings primary key (term, document_id, page_no) include (tf, length)
    """)


def downgrade() -> None:
    op.drop_constraint(op.f("pk_postings"), "postings")
    op.create_primary_key(op.f("pk_postings"), "postings", ["term", "document_id", "page_no"])
    op.alter_column("postings", "tf", type_=sa.Integer(), postgresql_using="greatest(round(tf), 1)")
    op.drop_column("postings", "length")
    op.drop_table("document_lengths")
