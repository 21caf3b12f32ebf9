"""Blocks, pages and words of many pages in one round trip each, without the ORM: what every question of a job loads.

The ORM's part of loading 300 blocks costs more than PostgreSQL's (measured); documents asked one after another cost a
round trip each. Statements go straight to asyncpg: as part of the session's transaction if it has begun one, else
without one, which saves its two round trips.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.documents import Block, BlockKind, Box, Page, PageFacts, PageKey, Word
from storage.direct import as_uuid, every_of

_BLOCK = """b.document_id, b.id, b.page_no, b.block_no, b.kind, b.content, b.box::text, nullif(b.links, '[]')::text,
b.category, b.heading, b.crop"""
_PAGE = "p.document_id, p.page_no, p.width_pt, p.height_pt, p.rotation, p.facts::text"
_PLACES = "unnest($1::uuid[], $2::int[]) as w(document_id, page_no)"

_BLOCKS_OF = f"select {_BLOCK} from blocks b where b.document_id = $1 %s order by b.page_no, b.block_no"
_BLOCKS_ON = f"""
select {_BLOCK} from {_PLACES} join blocks b using (document_id, page_no) order by b.page_no, b.block_no
"""
_BLOCKS_NAMED = f"""
select {_BLOCK} from unnest($1::uuid[], $2::text[]) as w(document_id, id) join blocks b using (document_id, id)
"""
_PAGES_OF = f"select {_PAGE} from pages p where p.document_id = $1 %s order by p.page_no"
_PAGES_ON = f"select {_PAGE} from {_PLACES} join pages p using (document_id, page_no) order by p.page_no"
_WORDS_ON = f"""
select p.document_id, p.page_no, p.words from {_PLACES} join pages p using (document_id, page_no)
where p.words is not null
"""

_BOX = msgspec.json.Decoder(Box)
_LINKS = msgspec.json.Decoder(tuple[str, ...])
_FACTS = msgspec.json.Decoder(PageFacts)
_WORDS = msgspec.msgpack.Decoder(tuple[Word, ...])


async def blocks_of(
    connection: AsyncConnection,
    document_id: UUID,
    *,
    page_nos: Sequence[int] | None = None,
    block_ids: Sequence[str] | None = None,
) -> list[Block]:
    """In reading order."""
    limits, arguments = [], []
    for condition, values in (("b.page_no = any(${}::int[])", page_nos), ("b.id = any(${}::text[])", block_ids)):
        if values is not None:
            arguments.append(list(values))
            limits.append(f"and {condition.format(len(arguments) + 1)}")
    rows = await every_of(connection, _BLOCKS_OF % " ".join(limits), document_id, *arguments)
    return [_block_of(row) for row in rows]


async def blocks_on(connection: AsyncConnection, pages: Iterable[PageKey]) -> dict[PageKey, list[Block]]:
    wanted = list(dict.fromkeys(pages))
    found: dict[PageKey, list[Block]] = {page: [] for page in wanted}
    for row in await _rows_of(connection, _BLOCKS_ON, wanted):
        found[as_uuid(row[0]), row[2]].append(_block_of(row))
    return found


async def blocks_named(connection: AsyncConnection, names: Iterable[tuple[UUID, str]]) -> dict[tuple[UUID, str], Block]:
    rows = await _rows_of(connection, _BLOCKS_NAMED, dict.fromkeys(names))
    return {(as_uuid(row[0]), row[1]): _block_of(row) for row in rows}


async def pages_of(connection: AsyncConnection, document_id: UUID, page_nos: Sequence[int] | None = None) -> list[Page]:
    if page_nos is None:
        rows = await every_of(connection, _PAGES_OF % "", document_id)
    else:
        rows = await every_of(connection, _PAGES_OF % "and p.page_no = any($2::int[])", document_id, list(page_nos))
    return [_page_of(row) for row in rows]


async def pages_on(connection: AsyncConnection, pages: Iterable[PageKey]) -> dict[PageKey, Page]:
    rows = await _rows_of(connection, _PAGES_ON, dict.fromkeys(pages))
    return {(as_uuid(row[0]), row[1]): _page_of(row) for row in rows}


async def words_on(connection: AsyncConnection, pages: Iterable[PageKey]) -> dict[PageKey, tuple[Word, ...]]:
    wanted = list(dict.fromkeys(pages))
    found: dict[PageKey, tuple[Word, ...]] = dict.fromkeys(wanted, ())
    for row in await _rows_of(connection, _WORDS_ON, wanted):
        found[as_uuid(row[0]), row[1]] = unpack_words(row[2])
    return found


def unpack_words(packed: bytes | None) -> tuple[Word, ...]:
    return _WORDS.decode(packed) if packed else ()


async def _rows_of(
    connection: AsyncConnection, statement: str, keys: Collection[tuple[UUID, Any]]
) -> list[Sequence[Any]]:
    """Of each key, its document and the rest as two columns; nothing is asked for no key."""
    if not keys:
        return []
    return await every_of(connection, statement, [key[0] for key in keys], [key[1] for key in keys])


def _block_of(row: Sequence[Any]) -> Block:
    _, block_id, page_no, block_no, kind, content, box, links, category, heading, crop = row
    return Block(
        id=block_id,
        page_no=page_no,
        block_no=block_no,
        kind=BlockKind(kind),
        content=content,
        box=None if box is None else _BOX.decode(box),
        links=() if links is None else _LINKS.decode(links),
        category=category,
        heading=heading,
        crop=crop,
    )


def _page_of(row: Sequence[Any]) -> Page:
    _, page_no, width_pt, height_pt, rotation, facts = row
    return Page(page_no=page_no, width_pt=width_pt, height_pt=height_pt, rotation=rotation, facts=_FACTS.decode(facts))
