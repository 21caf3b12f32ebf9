"""Keeps the render cache within its bytes and its days."""

from typing import Protocol

from storage.direct import Direct


class Deletes(Protocol):
    async def delete(self, digest: str) -> None: ...


async def evict(database: Direct, blobs: Deletes, *, limit_bytes: int, ttl_days: int) -> int:
    """Remove pictures unused for `ttl_days`, then the least recently used beyond `limit_bytes`; their number.

    Pinned ones stay and do not count. Rows go first: a row without its picture would be an error, a picture without
    its row is only waste. A picture that another row shows is kept; one that was drawn again while its bytes were being
    removed is drawn once more.
    """
    rows = await database.every(_EVICT, limit_bytes, ttl_days)
    digests = {row["digest"] for row in rows if row["digest"]}
    shown = {row["digest"] for row in await database.every(_SHOWN, list(digests))}
    for digest in digests - shown:
        await blobs.delete(digest)
    await database.every(_DRAW_AGAIN, list(digests - shown))
    return len(rows)


_EVICT = """
with ranked as (
    select key, sum(coalesce(size_bytes, 0)) over (order by used_at desc, key) as bytes_so_far,
        used_at < now() - make_interval(days => $2) as is_old
    from renders where not pinned and state in ('ready', 'failed')
)
delete from renders r using ranked
where r.key = ranked.key and not r.pinned and (ranked.is_old or ranked.bytes_so_far > $1::bigint)
returning r.digest
"""
_SHOWN = "select distinct digest from renders where digest = any($1)"
_DRAW_AGAIN = """
update renders set state = 'wanted', tries = 0, digest = null where digest = any($1) and state = 'ready' returning key
"""
