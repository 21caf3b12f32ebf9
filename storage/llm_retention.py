"""What is kept of model calls, and for how long: texts and vectors for so many days, figures for as long as the user is
there."""

from storage.direct import Direct
from storage.replays import BLANKED, REMOVED

BATCH = 500
"""Rows of one statement: a row may hold a megabyte. A guess."""

MOST_BATCHES = 40
"""Of one run, which whoever looks after dead workers waits for; the next one goes on. A guess."""

_EXPIRE = f"""
update llm_calls set {BLANKED}
where id in (
  select id from llm_calls where expired_at is null and created_at < now() - make_interval(days => $1)
  order by created_at limit $2)
returning id
"""
_WRITTEN_LATE = f"""
update llm_calls c set {BLANKED}
where c.expired_at is null and c.created_at > now() - interval '2 days'
  and not exists (select 1 from jobs j where j.id = c.job_id and j.forgotten_at is null) returning c.id
"""
"""After their job was emptied, or, a replay, removed, by a worker that was late."""

_VECTORS = "delete from question_vectors where created_at < now() - make_interval(days => $1)"
"""Few and small: without the calls nothing is replayed."""

_LOST = "select job_id from replays where source_job_id is null or owner_id is null"
"""Replays whose recorded job or its owner is gone."""
_LOST_CALLS = f"update llm_calls set {BLANKED} where job_id in ({_LOST}) returning id"
_LOST_JOBS = REMOVED.format(which=_LOST)


async def expire_dialogues(database: Direct, *, days: int | None) -> int:
    """Blank the texts of calls older than `days` (null: none) and of those that nobody may read any more; the number of
    those that were old, `MOST_BATCHES` batches at most. Safe to run anywhere, any number of times."""
    for statement in (_WRITTEN_LATE, _LOST_CALLS, _LOST_JOBS):
        await database.every(statement)
    expired = 0
    if days is None:
        return expired
    await database.every(_VECTORS, days)
    for _ in range(MOST_BATCHES):
        batch = len(await database.every(_EXPIRE, days, BATCH))
        expired += batch
        if batch < BATCH:
            break
    return expired
