"""Which blobs some row needs. Built from all tables, so that a new table is safe before anybody thinks of this file.

Every column of 64 characters may hold a digest, every JSON column may hold some. Left out is only what is named here,
each with its reason; what belongs to a deleted file, document or chat needs nothing any more.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from storage.direct import Direct
from storage.tables import orm_registry

NEEDS_NOTHING = frozenset(
    {
        # Not of a blob, and what a cached picture was drawn from: it can be served without, and is evicted by itself.
        ("renders", "key"),
        ("renders", "spec"),
        ("renders", "sha256"),
        # What a block's description was made of.
        ("block_index", "sha256"),
        # A log of what was told. Its pictures are evidence, or may be evicted.
        ("job_events", "payload"),
        ("llm_calls", "request"),
        ("llm_calls", "pieces"),
        ("llm_calls", "fault"),
        ("llm_calls", "settings"),
        # What was answered to a request, for seven days.
        ("idempotency_keys", "response"),
        ("audit", "details"),
        # Boxes and numbers, in the largest tables.
        ("citations", "boxes"),
        ("claims", "boxes"),
        ("claims", "readings"),
        ("blocks", "box"),
        ("blocks", "links"),
        ("pages", "facts"),
        ("jobs", "usage"),
        ("job_steps", "usage"),
    }
)

LIVE_EVIDENCE = """(e.message_id is null or exists (
    select 1 from messages m join chats c on c.id = m.chat_id where m.id = e.message_id and c.deleted_at is null))
  and (e.document_id is null or exists (
    select 1 from documents d where d.id = e.document_id and d.deleted_at is null))"""
"""Of `evidence e`: whether the answer that it belongs to, and the document that it shows, are still there."""

_UNFINISHED = "t.state in ('queued', 'running', 'waiting')"
_SPECIAL = {
    "evidence": LIVE_EVIDENCE.replace("e.", "t."),
    # What an ingest was given is in the rows of its document once it has ended.
    "jobs": f"({_UNFINISHED} or t.family <> 'ingest')",
}
_DIGEST = "'[0-9a-f]{64}'"

_SHOWN = f"({_UNFINISHED} or (t.state <> 'succeeded' and t.family <> 'ingest' and t.forgotten_at is null))"
"""What failed or was cancelled may be requeued at its last checkpoint, and a matrix is shown as far as it came. An
ingest has its document's rows, and nobody runs again what was deleted."""

_OF_SHOWN_STATES = f"""
select distinct found[1] as digest from job_steps s join jobs t on t.id = s.job_id,
  regexp_matches(convert_from(s.state, 'UTF8'), {_DIGEST}, 'g') as found
where {_SHOWN} and s.state is not null and found[1] = any($1::text[])
"""


async def named_in_columns(database: Direct, digests: Sequence[str]) -> set[str]:
    """Those of the digests that a column holds; quick, by indexes."""
    rows = await database.every(_columns_statement(), list(digests))
    return {row["digest"] for row in rows}


async def named_in_objects(database: Direct, digests: Sequence[str]) -> set[str]:
    """Those of the digests that stand somewhere in a JSON column or in the state of a job that did not succeed. Reads
    the tables whole: for a few suspects, once in a while."""
    found: set[str] = set()
    for statement in (*_objects_statements(), _OF_SHOWN_STATES):
        found |= {row["digest"] for row in await database.every(statement, list(digests))}
    return found


@cache
def _columns_statement() -> str:
    parts = [
        f'select t."{column.name}" as digest from "{table.name}" t '
        f'where t."{column.name}" = any($1::text[]) and {_is_live(table)}'
        for table in orm_registry.metadata.sorted_tables
        for column in table.columns
        if _may_hold(table, column) and isinstance(column.type, String) and column.type.length == 64
    ]
    return " union ".join(parts)


@cache
def _objects_statements() -> tuple[str, ...]:
    return tuple(
        f'select distinct found[1] as digest from "{table.name}" t, '
        f"regexp_matches(t.\"{column.name}\"::text, {_DIGEST}, 'g') as found "
        f"where found[1] = any($1::text[]) and {_is_live(table)}"
        for table in orm_registry.metadata.sorted_tables
        for column in table.columns
        if _may_hold(table, column) and isinstance(column.type, JSONB)
    )


def _may_hold(table: Table, column: Column) -> bool:
    return (table.name, column.name) not in NEEDS_NOTHING


def _is_live(table: Table) -> str:
    """Rows that are not deleted, also not with the document that they are of."""
    if table.name in _SPECIAL:
        return _SPECIAL[table.name]
    if "deleted_at" in table.columns:
        return "t.deleted_at is null"
    if key := _document_key(table):
        return f'exists (select 1 from documents d where d.id = t."{key}" and d.deleted_at is null)'
    return "true"


def _document_key(table: Table) -> str | None:
    keys = [key for column in table.columns for key in column.foreign_keys if _is_of_documents(key)]
    return keys[0].parent.name if keys else None


def _is_of_documents(key: ForeignKey) -> bool:
    return key.target_fullname == "documents.id"
