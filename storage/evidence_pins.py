"""Evidence is kept as long as its answer: pictures that no answer needs any more go back to the render cache."""

from storage.blob_references import LIVE_EVIDENCE
from storage.direct import Direct

GRACE_S = 3600.0
"""A picture is pinned when it is drawn; the row of the evidence comes with the answer."""


async def unpin(database: Direct) -> int:
    """Unpin pictures whose chats, answers or documents are deleted, unless another answer holds them; their number.

    What a job that has not ended may have drawn stays: only pictures last pinned before the oldest such job count.
    """
    return len(await database.every(_UNPIN, GRACE_S))


_UNPIN = f"""
update renders r set pinned = false
where r.pinned and r.state = 'ready' and r.used_at < now() - make_interval(secs => $1::float8)
  and r.used_at < coalesce(
    (select min(j.created_at) from jobs j where j.state in ('queued', 'running', 'waiting')), now())
  and not exists (select 1 from evidence e where e.digest = r.digest and {LIVE_EVIDENCE})
returning r.key
"""
