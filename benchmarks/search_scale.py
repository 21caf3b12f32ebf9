"""How long a search takes inside few documents and over everything, with 20,000 and with 200,000 blocks.

The corpus is made of the pages of real standards, each document a shuffle of them, and bulk-loaded by COPY.
"""

import random
import statistics
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.search_quality import opened
from benchmarks.search_sets import QuestionSet
from domain.documents import Block, BlockKind, Page, PageContent
from domain.ids import new_id
from storage.database import open_sessions
from storage.postings import LENGTH_COLUMNS, LENGTHS, POSTING_COLUMNS, POSTINGS, index_pages
from storage.search import PostgresSearch

SMALL, LARGE = 20_000, 200_000
"""Blocks."""

PAGES_PER_DOCUMENT = 30
BLOCK_CHARACTERS = 200
SCOPE = 100
"""Documents of the narrow scope, the same in both corpora."""

ROUNDS = 3
SEED = 20


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds; medians over the rounds. `trivial_ms` is the p95 of `select 1` in the same rounds."""

    blocks: int
    documents: int
    narrow_p50_ms: float
    narrow_p95_ms: float
    all_p50_ms: float
    all_p95_ms: float
    trivial_ms: float


async def measure(database_url: str, standards: QuestionSet) -> list[Times]:
    """With the small corpus, then with the large one. The database is migrated and holds nothing else."""
    pages = [cut(text) for source in standards.sources.values() for text in source.texts if text.strip()]
    questions = [asked.text for asked in standards.questions]
    ids: list[UUID] = []
    times = []
    for wanted in (SMALL, LARGE):
        ids += await fill(database_url, pages, wanted - await count_blocks(database_url))
        times.append(await _time(database_url, questions, ids))
    return times


def cut(text: str) -> PageContent:
    """A page whose blocks are as long as those of PDF files: about ten to a page."""
    contents = [""]
    for line in text.splitlines():
        if len(contents[-1]) + len(line) > BLOCK_CHARACTERS:
            contents.append("")
        contents[-1] += line + "\n"
    blocks = tuple(
        Block(id=str(number), page_no=1, block_no=number, kind=BlockKind.TEXT, content=content)
        for number, content in enumerate(contents)
    )
    return PageContent(page=Page(page_no=1, width_pt=595, height_pt=842), blocks=blocks)


async def fill(database_url: str, pages: Sequence[PageContent], blocks: int) -> list[UUID]:
    """Documents with this many blocks in all. Indexing a page once and copying its rows is as good as reading it."""
    shuffler = random.Random(SEED)
    connection = await connect(database_url)
    owner = await connection.fetchval(
        "insert into users (id, username, role) values ($1, $2, 'user') returning id", new_id(), str(new_id())
    )
    indexed = [next(iter(index_pages(new_id(), "", [content]))) for content in pages]
    ids: list[UUID] = []
    while blocks > 0:
        document_id = new_id()
        chosen = shuffler.choices(range(len(pages)), k=PAGES_PER_DOCUMENT)
        blocks -= sum(len(pages[number].blocks) for number in chosen)
        await _copy(connection, owner, document_id, [(pages[number], *indexed[number]) for number in chosen])
        ids.append(document_id)
    await connection.execute("vacuum analyze")
    await connection.close()
    return ids


async def _copy(
    connection: asyncpg.Connection, owner: UUID, document_id: UUID, chosen: Sequence[tuple[PageContent, list, tuple]]
) -> None:
    await connection.execute(
        "insert into documents (id, owner_id, name, status, mime_type) values ($1, $2, $3, 'ready', 'text/plain')",
        document_id,
        owner,
        f"{document_id}.txt",
    )
    numbered = list(enumerate(chosen, start=1))
    pages = [(document_id, number, 595.0, 842.0) for number, _ in numbered]
    blocks = [
        (document_id, f"{number}-{block.block_no}", number, block.block_no, block.kind.value, block.content)
        for number, (content, _, _) in numbered
        for block in content.blocks
    ]
    postings = [(row[0], document_id, number, *row[3:]) for number, (_, rows, _) in numbered for row in rows]
    lengths = [(document_id, number, *row[2:]) for number, (_, _, row) in numbered]
    for table, columns, rows in (
        ("pages", ("document_id", "page_no", "width_pt", "height_pt"), pages),
        ("blocks", ("document_id", "id", "page_no", "block_no", "kind", "content"), blocks),
        (POSTINGS, POSTING_COLUMNS, postings),
        (LENGTHS, LENGTH_COLUMNS, lengths),
    ):
        await connection.copy_records_to_table(table, records=rows, columns=list(columns))
    total = (len(lengths), len(blocks), sum(row[2] for row in lengths))
    await connection.execute("insert into document_lengths values ($1, $2, $3, $4)", document_id, *total)


async def _time(database_url: str, questions: Sequence[str], ids: list[UUID]) -> Times:
    rounds: list[list[float]] = []
    async with opened(database_url) as (engine, _):
        search = PostgresSearch(open_sessions(engine))
        for _ in range(ROUNDS + 1):
            narrow = [await _ask(search, question, ids[:SCOPE]) for question in questions]
            everything = [await _ask(search, question, ids) for question in questions]
            trivial = [await _trivial(database_url) for _ in questions]
            rounds.append(
                [
                    statistics.median(narrow),
                    p95(narrow),
                    statistics.median(everything),
                    p95(everything),
                    p95(trivial),
                ]
            )
    # The first round fills the caches.
    middle = [statistics.median(column) for column in zip(*rounds[1:], strict=True)]
    return Times(
        blocks=await count_blocks(database_url),
        documents=len(ids),
        narrow_p50_ms=middle[0],
        narrow_p95_ms=middle[1],
        all_p50_ms=middle[2],
        all_p95_ms=middle[3],
        trivial_ms=middle[4],
    )


async def _ask(search: PostgresSearch, question: str, ids: list[UUID]) -> float:
    started = time.perf_counter()
    await search.search(question, ids)
    return (time.perf_counter() - started) * 1000


async def _trivial(database_url: str) -> float:
    connection = await connect(database_url)
    started = time.perf_counter()
    await connection.fetchval("select 1")
    elapsed = (time.perf_counter() - started) * 1000
    await connection.close()
    return elapsed


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


async def count_blocks(database_url: str) -> int:
    connection = await connect(database_url)
    count = await connection.fetchval("select count(*) from blocks")
    await connection.close()
    return count


async def connect(database_url: str) -> asyncpg.Connection:
    return await asyncpg.connect(database_url.replace("+asyncpg", ""))
