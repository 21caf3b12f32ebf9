"""What is deleted with a chat or a document: marked here in the transaction of the deletion, emptied later
(`storage.forgetting_sweep`).

A job belongs to a chat, or to the document that it read, described or checked against, or to either document that it
compared. What a chat's answer says of a document is the chat's, and stays with it.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

_OF_DOCUMENT = "(document_id = $1 or family = 'comparison' and payload->>'a' = $1::uuid::text)"
_UNFINISHED = f"""
select id from jobs where {_OF_DOCUMENT} and state in ('queued', 'running', 'waiting') order by id
"""
_MARK = """
with marked as (
  update jobs set forgotten_at = now()
  where id in (select id from jobs where {which} and forgotten_at is null order by id for update) returning id
)
insert into forgettings (subject_id, kind) select id, 'job' from marked on conflict do nothing
"""
_CHAT = _MARK.format(which="chat_id = $1")
_DOCUMENT = _MARK.format(which=_OF_DOCUMENT)
_LIST_DOCUMENT = "insert into forgettings (subject_id, kind) values ($1, 'document') on conflict do nothing"
_ANSWERED = "delete from idempotency_keys where user_id = $1 and response->>'chat_id' = $2::uuid::text"
"""They hold the question, and what they would repeat is gone: the same request finds no chat."""
_UPLOADED = """
delete from idempotency_keys where user_id = (select owner_id from documents where id = $1)
  and response->>'document_id' = $1::uuid::text
"""
"""They hold the file's name: the same request is a new upload."""


async def forget_jobs_of_chat(session: AsyncSession, chat_id: UUID) -> None:
    """From the commit on nobody is shown what they hold. A message that is accepted while its chat is being deleted
    leaves a job that the sweep finds."""
    await (await session.connection()).exec_driver_sql(_CHAT, (chat_id,))


async def forget_requests_of_chat(session: AsyncSession, chat_id: UUID, user_id: UUID) -> None:
    await (await session.connection()).exec_driver_sql(_ANSWERED, (user_id, chat_id))


async def forget_document(session: AsyncSession, document_id: UUID) -> None:
    """The document's pages, the jobs whose subject it is, and what its upload was answered; locks the jobs, so call it
    before the document is locked."""
    connection: AsyncConnection = await session.connection()
    await connection.exec_driver_sql(_DOCUMENT, (document_id,))
    await connection.exec_driver_sql(_LIST_DOCUMENT, (document_id,))
    await connection.exec_driver_sql(_UPLOADED, (document_id,))


async def unfinished_of_document(session: AsyncSession, document_id: UUID) -> list[UUID]:
    """Jobs that can come to nothing without the document."""
    rows = await (await session.connection()).exec_driver_sql(_UNFINISHED, (document_id,))
    return [row[0] for row in rows]
