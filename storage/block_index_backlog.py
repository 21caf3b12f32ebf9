"""Which documents lack entries of their drawings, or have ones of another file or prompt: asked in one statement."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.drawings import OFFLINE_VERSION
from storage.direct import Direct


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """`retry`: also those whose last job failed or left some, and entries that are errors. `force`: all. `document_ids`
    null: any; `node_id` null: anywhere in the project tree. `since`: documents not older than this id."""

    prompt: str
    wanted: str
    retry: bool = False
    force: bool = False
    document_ids: Sequence[UUID] | None = None
    node_id: UUID | None = None
    since: UUID | None = None


async def find_lacking(database: Direct, lacking: Lacking, *, limit: int) -> list[tuple[UUID, UUID]]:
    """Documents that are read and not deleted, newest first, with their owners; none whose job has not ended. What a
    model told is not lacking where only the offline reader is wanted; what the last job left as it was, without the
    money for it, only with `retry`."""
    ids = None if lacking.document_ids is None else list(lacking.document_ids)
    rows = await database.every(
        _LACKING,
        [lacking.prompt, OFFLINE_VERSION],
        lacking.wanted,
        lacking.retry,
        lacking.force,
        ids,
        lacking.node_id,
        lacking.since,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def count_unfinished(database: Direct) -> int:
    """Jobs that describe drawings and have not ended."""
    row = await database.first(_UNFINISHED)
    return row[0] if row is not None else 0


_UNFINISHED = "select count(*) from jobs where state in ('queued', 'running', 'waiting') and family = 'indexing'"

_LACKING = """
with recursive below as (
    select $6::uuid as id
    union
    select n.id from tree_nodes n join below b on n.parent_id = b.id
)
select d.id, d.owner_id
from documents d
left join lateral (
    select j.state, j.mode, j.result from jobs j
    where j.document_id = d.id and j.family = 'indexing' order by j.id desc limit 1
) run on true
left join lateral (
    select coalesce((run.result ->> 'left')::int, 0) > 0
        and run.result ->> 'sha256' is not distinct from coalesce(d.sha256, '')
        and run.result ->> 'version' = any($1::text[]) and ($2 <> 'model' or run.mode = 'model') as was_left
) newest on true
left join lateral (
    select count(*) as number, bool_or(
        i.sha256 <> coalesce(d.sha256, '')
        or ($2 = 'model' and (i.wanted <> 'model' or not i.version = any($1::text[])))
        or ($2 = 'offline' and i.wanted = 'offline' and not i.version = any($1::text[]))
        or ($3 and i.error is not null)
    ) as is_lacking
    from block_index i where i.document_id = d.id
) entries on true
where d.deleted_at is null and d.status = 'ready' and d.recognition_state <> 'pending'
    and ($5::uuid[] is null or d.id = any($5::uuid[]))
    and ($6::uuid is null or d.node_id in (select id from below))
    and ($7::uuid is null or d.id >= $7::uuid)
    and (run.state is null or run.state = 'succeeded' or ($3 and run.state in ('failed', 'cancelled')))
    and (
        $4 or (entries.is_lacking and ($3 or not coalesce(newest.was_left, false)))
        or ($3 and coalesce((run.result ->> 'left')::int, 0) > 0)
        or entries.number = 0 and (
            run.state is distinct from 'succeeded'
            or coalesce(run.result ->> 'sha256', '') <> coalesce(d.sha256, '')
            or not run.result ->> 'version' = any($1::text[])
            or ($2 = 'model' and run.mode <> 'model')
        )
    )
order by d.id desc limit $8
"""
