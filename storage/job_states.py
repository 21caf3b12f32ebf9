"""The state a job had at its last checkpoint, for what may be shown of it before or without its end."""

from uuid import UUID

from storage.direct import Direct

_LAST_STATE = """
select state from job_steps where job_id = $1 and state is not null order by step_no desc limit 1
"""


async def last_state(database: Direct, job_id: UUID) -> bytes | None:
    """JSON of the family's state type; null before the first checkpoint. Steps of a cancelled or failed job stay."""
    row = await database.first(_LAST_STATE, job_id)
    return None if row is None else bytes(row["state"])
