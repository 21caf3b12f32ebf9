"""versions of prompts and roles; the versions a job uses

Revision: 0006, after 0005. `prompts` was never written to before: its columns `is_active` and `meta` go without a copy.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prompts", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("prompts", sa.Column("live_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("prompts", "is_active")
    op.drop_column("prompts", "meta")
    op.create_table(
        "prompt_states",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("live_version", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["name", "live_version"], ["prompts.name", "prompts.version"], name=op.f("fk_prompt_states_name_prompts")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_prompt_states")),
    )
    op.create_table(
        "prompt_files",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_prompt_files")),
    )
    op.add_column("role_prompts", sa.Column("key", sa.String(length=40), nullable=True))
    op.add_column("role_prompts", sa.Column("name_en", sa.String(length=200), server_default="", nullable=False))
    op.add_column("role_prompts", _focus())
    op.create_index(
        "uq_role_prompts_key",
        "role_prompts",
        ["key"],
        unique=True,
        postgresql_where=sa.text("key is not null"),
    )
    op.create_table(
        "role_prompt_versions",
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), server_default="", nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        _focus(),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["role_prompts.id"],
            name=op.f("fk_role_prompt_versions_role_id_role_prompts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "version", name=op.f("pk_role_prompt_versions")),
    )
    op.execute("""
        insert into role_prompt_versions (role_id, version, name, content, description, created_at)
        select id, version, name, content, description, updated_at from role_prompts
    """)
    op.add_column(
        "jobs",
        sa.Column(
            "prompt_pins",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("jobs", "prompt_pins")
    op.drop_table("role_prompt_versions")
    op.drop_index("uq_role_prompts_key", table_name="role_prompts")
    op.drop_column("role_prompts", "focus")
    op.drop_column("role_prompts", "name_en")
    op.drop_column("role_prompts", "key")
    op.drop_table("prompt_files")
    op.drop_table("prompt_states")
    op.add_column(
        "prompts",
        sa.Column(
            "meta",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column("prompts", sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False))
    op.drop_column("prompts", "live_at")
    op.drop_column("prompts", "note")


def _focus() -> sa.Column[list[str]]:
    return sa.Column(
        "focus",
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text("'[]'::jsonb"),
        nullable=False,
    )
