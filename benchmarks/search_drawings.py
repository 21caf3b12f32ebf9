"""Search with and without the block index of the offline reader. Alone: `python -m benchmarks drawings`.

Twice: the sets as they are, where the index may change no cell for the worse, and with nothing left of what pages with
drawings say: sheets whose lettering nobody could read.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec

from benchmarks.search import CELLS, migrated_database
from benchmarks.search_quality import Cells, ask_all, opened, product, scopes_of, store
from benchmarks.search_sets import QuestionSet, Source, read_sets
from benchmarks.vector_questions import PART, thinned
from domain.documents import BlockKind, Document, DocumentStatus, Page, PageContent
from domain.drawings import OFFLINE_VERSION
from domain.families.indexing.rules_entries import entries_of
from domain.families.indexing.rules_units import units_of
from domain.families.indexing.showing import as_variable, show
from domain.ids import new_id
from storage.database import open_sessions
from storage.ranking import Shares
from storage.search import PostgresSearch
from storage.uow import Database
from workers.offline.drawings import read_drawings


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A set in a scope with `entries`, without and with them. `is_blank`: nothing is left of pages with drawings."""

    name: str
    scope: str
    is_blank: bool
    entries: int
    without: Cells
    index: Cells

    def behind(self, cell: str) -> float:
        """By how many questions the index makes it worse; negative when better."""
        return self.without.sums[cell] - self.index.sums[cell]


async def compare(database_url: str, sets: Sequence[QuestionSet], *, is_blank: bool) -> list[Line]:
    """Stores the sets in a migrated database."""
    lines = []
    async with opened(database_url) as (engine, database):
        for questions in sets:
            stored = _blanked(questions) if is_blank else questions
            ids = await store(database, stored)
            entries = sum([await _describe(database, ids[key], source) for key, source in questions.sources.items()])
            for scope in scopes_of(questions):
                without, index = [
                    await ask_all(stored, scope, product(PostgresSearch(open_sessions(engine), shares=shares), ids))
                    for shares in (Shares(drawing=0.0), Shares())
                ]
                lines.append(
                    Line(
                        name=questions.name,
                        scope=scope,
                        is_blank=is_blank,
                        entries=entries,
                        without=without,
                        index=index,
                    )
                )
    return lines


def section() -> str:
    sets = [thinned(one) for one in read_sets()]
    lines: list[Line] = []
    for is_blank in (False, True):
        with migrated_database() as url:
            lines += asyncio.run(compare(url, sets, is_blank=is_blank))
    return f"""## Search: with and without the block index

Entries told by the offline reader. `blank`: nothing is left of what pages with drawings say, as of sheets whose
lettering nobody could read. Wanted: no cell worse as the sets are. designqa: every {PART}th question.

{render(lines)}"""


def render(lines: Sequence[Line]) -> str:
    head = f"| set | scope | drawings | | {' | '.join(CELLS)} |\n|{'---|' * (4 + len(CELLS))}\n"
    named = ((line, name, cells) for line in lines for name, cells in (("without", line.without), ("with", line.index)))
    return head + "".join(
        f"| {line.name}{', blank' if line.is_blank else ''} | {line.scope} | {line.entries} | {name} "
        f"| {' | '.join(f'{cells.share(cell):.3f}' for cell in CELLS)} |\n"
        for line, name, cells in named
    )


async def _describe(database: Database, document_id: UUID, source: Source) -> int:
    """Stores what the offline reader tells of the document's drawings; how many there are."""
    document = Document(id=document_id, owner_id=new_id(), name=source.name, status=DocumentStatus.READY)
    pages = {content.page.page_no: content for content in source.contents}
    blocks = [block for content in source.contents for block in content.blocks]
    shown = [
        show(unit, pages[unit.page_no], stamp={})
        for unit in units_of([content.page for content in source.contents], blocks)
    ]
    named = {f"D{number}": one for number, one in enumerate(shown, start=1)}
    reply = read_drawings({"drawings": [as_variable(name, one, document, []) for name, one in named.items()]})
    entries = entries_of(
        {name: one.unit for name, one in named.items()},
        reply.drawings,
        {name: one.text for name, one in named.items()},
        frozenset(name for name, one in named.items() if not one.is_read),
    )
    async with database.uow() as uow:
        told = [msgspec.structs.replace(entry, version=OFFLINE_VERSION) for entry in entries]
        await uow.drawings.save(document_id, told)
        await uow.commit()
    return len(entries)


def _blanked(questions: QuestionSet) -> QuestionSet:
    sources = {
        key: msgspec.structs.replace(source, contents=tuple(map(_blank, source.contents)))
        for key, source in questions.sources.items()
    }
    return msgspec.structs.replace(questions, sources=sources)


def _blank(content: PageContent) -> PageContent:
    if all(block.kind is not BlockKind.IMAGE for block in content.blocks):
        return content
    page = Page(page_no=content.page.page_no, width_pt=content.page.width_pt, height_pt=content.page.height_pt)
    blocks = tuple(msgspec.structs.replace(block, content="", heading=None) for block in content.blocks)
    return PageContent(page=page, blocks=blocks)


if __name__ == "__main__":
    print(section())
