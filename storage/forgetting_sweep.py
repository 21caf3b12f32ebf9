"""Empties what was deleted, a bounded batch at a time. Any number of copies may run, any number of times.

Of a job stay what billing and audit need: ids, family, state, times, attempts, the code of its error, usage, versions
of prompts, and the figures of its calls. Of a document stay id, owner, sha256 and times; citations in chats keep their
words.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.ids import first_of
from storage.direct import Direct
from storage.replays import BLANKED

GRACE_S = 30.0
"""Between the end of a job, or its deletion if that was later, and its emptying: whoever follows it is told its end, by
a stream that has to be resumed, too. A guess."""

MOST = 20
"""Jobs and documents of one sweep; the next one goes on. A guess."""

ROWS = 2_000
"""Of one statement: some 50 ms. A guess."""

STRAYS_S = 6 * 3600.0
"""How far back is looked for jobs of deleted chats that nobody has marked. A guess."""

_STRAYS = """
with marked as (
  update jobs j set forgotten_at = now()
  where j.id > $1 and j.chat_id is not null and j.forgotten_at is null
    and not exists (select 1 from chats c where c.id = j.chat_id)
  returning j.id
)
insert into forgettings (subject_id, kind) select id, 'job' from marked on conflict do nothing
"""
"""Accepted in the moment in which their chat was deleted."""

_DUE = """
select f.subject_id as id, f.kind from forgettings f
where f.asked_at < now() - make_interval(secs => $1::float8)
  and not exists (select 1 from jobs j where j.id = f.subject_id
    and (j.finished_at is null or j.finished_at > now() - make_interval(secs => $1::float8)))
  and not exists (select 1 from jobs j where j.document_id = f.subject_id and j.finished_at is null)
order by f.asked_at limit $2
"""
_SOME = "with gone as ({}) select count(*) as rows from gone"
_EVENTS = _SOME.format("""
delete from job_events where job_id = $1
  and seq in (select seq from job_events where job_id = $1 order by seq limit $2) returning 1
""")
_CALLS = _SOME.format(f"""
update llm_calls set {BLANKED}
where id in (select id from llm_calls where job_id = $1 and expired_at is null limit $2) returning 1
""")
_BLOCKS = _SOME.format("""
delete from blocks where document_id = $1
  and id in (select id from blocks where document_id = $1 limit $2) returning 1
""")
_DESCRIPTIONS = _SOME.format("""
delete from block_index where document_id = $1
  and (block_id, is_sheet) in (select block_id, is_sheet from block_index where document_id = $1 limit $2) returning 1
""")
_PAGES = _SOME.format("""
delete from pages where document_id = $1
  and page_no in (select page_no from pages where document_id = $1 limit $2) returning 1
""")
_JOB = """
with emptied as (
  update jobs set payload = '{}', result = null, waiting_for = null,
    error = case when error is not null then
      jsonb_build_object('code', error->>'code', 'message_ru', '', 'message_en', '') end
  where id = $1
), steps as (
  update job_steps set state = null where job_id = $1 and state is not null
), vectors as (
  delete from question_vectors where job_id = $1
), pictures as (
  delete from evidence where job_id = $1 and message_id is null
)
delete from forgettings where subject_id = $1
"""
_DOCUMENT = """
with emptied as (
  update documents set name = '', stamp = '{}', error_ru = null, error_en = null
  where id = $1 returning sha256
), parts as (
  delete from document_files where document_id = $1
), lengths as (
  delete from document_lengths where document_id = $1
), page_lengths as (
  delete from page_lengths where document_id = $1
), postings as (
  delete from postings where document_id = $1
), drawn as (
  delete from renders r using emptied e where r.sha256 = e.sha256 and not r.pinned
    and r.state in ('ready', 'failed') and not exists (
      select 1 from documents d where d.sha256 = e.sha256 and d.deleted_at is null)
)
delete from forgettings where subject_id = $1
"""
_PARTS = {"job": (_EVENTS, _CALLS), "document": (_DESCRIPTIONS, _BLOCKS, _PAGES)}
_WHOLE = {"job": _JOB, "document": _DOCUMENT}


async def empty_forgotten(database: Direct, *, grace_s: float = GRACE_S) -> int:
    """How many jobs and documents were emptied. Those that have not ended, or ended just now, have their turn later."""
    await database.every(_STRAYS, first_of(datetime.now(UTC) - timedelta(seconds=STRAYS_S)))
    due = await database.every(_DUE, grace_s, MOST)
    for row in due:
        for statement in _PARTS[row["kind"]]:
            await _in_batches(database, statement, row["id"])
        await database.every(_WHOLE[row["kind"]], row["id"])
    return len(due)


async def _in_batches(database: Direct, statement: str, subject_id: UUID) -> None:
    while (await database.first(statement, subject_id, ROWS))["rows"] == ROWS:
        pass
