"""The block index on real PostgreSQL: what is stored, what searches make of it, and that nothing depends on it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.documents import Document, DocumentStatus, PageContent
from domain.drawings import BY_MODEL, OFFLINE, OFFLINE_VERSION, Drawing, SystemCode
from domain.families.indexing.plan import PROMPT
from domain.ids import new_id
from domain.jobs import JobState
from domain.submission_index import submit_indexing
from storage.block_index_backlog import Lacking, find_lacking
from storage.database import in_autocommit, open_sessions
from storage.direct import Direct
from storage.search import PostgresSearch
from storage.uow import Database
from tests.fakes.drawing_pages import drawn_page
from tests.fakes.pages import page_of
from tests.fakes.prompt_store import FakePrompts
from workers.index_keeper import AT_ONCE, IndexKeeper

WHOLE = (0.1, 0.1, 0.9, 0.9)
SHA = "f" * 64
QUESTION = "план вентиляции второго этажа"

Store = Callable[..., Awaitable[UUID]]


@pytest.fixture
def search(engine: AsyncEngine) -> PostgresSearch:
    return PostgresSearch(open_sessions(engine))


@pytest.fixture
def direct(engine: AsyncEngine) -> Direct:
    return in_autocommit(engine)


@pytest.fixture
def store(database: Database, user_id: UUID) -> Store:
    """Stores a document of these pages that was read; its id."""

    async def store_pages(*contents: PageContent, sha256: str | None = SHA) -> UUID:
        document = Document(id=new_id(), owner_id=user_id, name="d.pdf", status=DocumentStatus.READING, sha256=sha256)
        async with database.uow() as uow:
            await uow.documents.add(document)
            await uow.documents.save_pages(document.id, contents)
            await uow.documents.set_ready(document.id, {})
            await uow.commit()
        return document.id

    return store_pages


@pytest.fixture
def save(database: Database) -> Callable[..., Awaitable[None]]:
    async def save_entries(document_id: UUID, *entries: Drawing) -> None:
        async with database.uow() as uow:
            await uow.drawings.save(document_id, entries)
            await uow.commit()

    return save_entries


def entry(page: PageContent, **fields: Any) -> Drawing:
    told = {"title": "План вентиляции второго этажа", "sha256": SHA, "version": "p1", "model": "gemini:x", **fields}
    return Drawing(block_id=page.blocks[0].id, page_no=page.page.page_no, **told)


async def entries_of(database: Database, document_id: UUID) -> list[Drawing]:
    async with database.uow() as uow:
        return await uow.drawings.entries(document_id)


async def candidates_of(database: Database, document_id: UUID) -> list[Drawing]:
    async with database.uow() as uow:
        return await uow.drawings.candidates(document_id)


async def test_entries_come_back_as_they_were_told(database: Database, store: Store, save: Any):
    page = drawn_page(1, (WHOLE, ""))
    document_id = await store(page)
    told = entry(
        page,
        discipline="ventilation",
        keywords=("зал",),
        floor_or_section="2 этаж",
        scale="1:100",
        drawn="план",
        system_codes=(SystemCode(code="П1", seen_only=True),),
    )

    await save(document_id, told)
    await save(document_id, told)

    [stored] = await entries_of(database, document_id)
    assert stored.created_at is not None
    assert stored == Drawing(
        **{**{name: getattr(told, name) for name in told.__struct_fields__}, "created_at": stored.created_at}
    )


async def test_a_sheet_without_text_is_found_by_what_was_told_of_it(search: PostgresSearch, store: Store, save: Any):
    sheet = drawn_page(2, (WHOLE, ""))
    document_id = await store(page_of(1, "Ведомость: план кровли, разрезы этажа"), sheet, page_of(3, "План кровли"))
    before = await search.search(QUESTION, [document_id], level="page")
    await save(document_id, entry(sheet))

    pages = await search.search(QUESTION, [document_id], level="page")
    blocks = await search.search(QUESTION, [document_id])

    assert 2 not in [hit.page_no for hit in before]
    assert pages[0].page_no == 2
    assert (blocks[0].page_no, blocks[0].block_id) == (2, sheet.blocks[0].id)


async def test_what_was_told_is_never_a_snippet(search: PostgresSearch, store: Store, save: Any):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet))

    hits = await search.search(QUESTION, [document_id])

    assert [hit.snippet for hit in hits] == [""]


async def test_a_discipline_is_found_by_its_names_in_both_languages(search: PostgresSearch, store: Store, save: Any):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet, title="Лист", discipline="electrical"))

    found = [await search.search(query, [document_id]) for query in ("освещение", "lighting", "фундамент")]

    assert [len(hits) for hits in found] == [1, 1, 0]


async def test_an_index_that_says_what_the_text_says_changes_no_score(search: PostgresSearch, store: Store, save: Any):
    pages = [drawn_page(1, (WHOLE, "План вентиляции второго этажа")), page_of(2, "План кровли"), page_of(3, "Узлы")]
    document_id = await store(*pages)
    before = await search.search(QUESTION, [document_id], level="page")
    await save(document_id, entry(pages[0]))

    assert await search.search(QUESTION, [document_id], level="page") == before


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("update documents set sha256 = repeat('e', 64)", id="of another file"),
        pytest.param("update block_index set sha256 = repeat('e', 64)", id="told of another file"),
        pytest.param("update documents set deleted_at = now()", id="of a deleted document"),
        pytest.param("delete from blocks", id="of a block that is gone"),
    ],
)
async def test_entries_that_do_not_hold_any_more_serve_nobody(
    engine: AsyncEngine, database: Database, search: PostgresSearch, store: Store, save: Any, statement: str
):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet))
    assert await search.search(QUESTION, [document_id]) != []
    async with engine.begin() as connection:
        await connection.execute(text(statement))

    assert await search.search(QUESTION, [document_id]) == []
    assert await candidates_of(database, document_id) == []


async def test_entries_of_another_prompt_serve_until_they_are_told_anew(
    database: Database, search: PostgresSearch, store: Store, save: Any
):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet, version="an old one"))

    assert len(await search.search(QUESTION, [document_id])) == 1
    assert len(await candidates_of(database, document_id)) == 1


async def test_an_entry_that_is_an_error_is_no_candidate(
    database: Database, search: PostgresSearch, store: Store, save: Any
):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet, error="reply_invalid"))

    assert await search.search(QUESTION, [document_id]) == []
    assert await candidates_of(database, document_id) == []


async def test_with_its_tables_gone_searches_and_answers_go_on(
    engine: AsyncEngine, database: Database, search: PostgresSearch, store: Store
):
    document_id = await store(page_of(1, "План вентиляции второго этажа"))
    async with engine.begin() as connection:
        await connection.execute(text("drop table block_index, block_index_terms"))

    hits = await search.search(QUESTION, [document_id])

    assert [hit.page_no for hit in hits] == [1]
    assert await candidates_of(database, document_id) == []


async def test_with_its_tables_locked_searches_go_on(engine: AsyncEngine, search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "План вентиляции второго этажа"))
    async with engine.begin() as connection:
        await connection.execute(text("lock table block_index_terms in access exclusive mode"))

        hits = await search.search(QUESTION, [document_id])

    assert [hit.page_no for hit in hits] == [1]


async def test_only_documents_in_the_scope_are_searched(search: PostgresSearch, store: Store, save: Any):
    sheet = drawn_page(1, (WHOLE, ""))
    hidden, visible = await store(sheet), await store(page_of(1, "Другое"))
    await save(hidden, entry(sheet))

    assert await search.search(QUESTION, [visible]) == []


async def test_entries_with_other_keys_are_forgotten(database: Database, store: Store, save: Any):
    first, second = drawn_page(1, (WHOLE, "a")), drawn_page(2, (WHOLE, "b"))
    document_id = await store(first, second)
    await save(document_id, entry(first), entry(second))

    async with database.uow() as uow:
        await uow.drawings.keep_only(document_id, {entry(second).key})
        await uow.commit()

    assert [stored.page_no for stored in await entries_of(database, document_id)] == [2]


async def test_a_document_has_one_job_at_a_time(database: Database, user_id: UUID, store: Store):
    document_id = await store(drawn_page(1, (WHOLE, "")))
    accepted = []
    for _ in range(2):
        async with database.uow() as uow:
            document = await uow.documents.get(document_id)
            accepted.append(await submit_indexing(uow, document, user_id=user_id, wanted=BY_MODEL))
            await uow.commit()

    assert [is_new for _, is_new in accepted] == [True, False]
    assert accepted[0][0] == accepted[1][0]


async def lacking(direct: Direct, **fields: Any) -> list[UUID]:
    wish = Lacking(**{"prompt": "p1", "wanted": BY_MODEL, **fields})
    return [document_id for document_id, _ in await find_lacking(direct, wish, limit=100)]


async def ended(
    engine: AsyncEngine, database: Database, user_id: UUID, document_id: UUID, state: JobState, left: int = 0
) -> None:
    """A job that described the document by the prompt p1 ends so."""
    async with database.uow() as uow:
        document = await uow.documents.get(document_id)
        job_id, _ = await submit_indexing(uow, document, user_id=user_id, wanted=BY_MODEL)
        await uow.commit()
    told = json.dumps({"sha256": SHA, "version": "p1", "left": left}) if state is JobState.SUCCEEDED else None
    async with engine.begin() as connection:
        statement = text("update jobs set state = :state, result = cast(:told as jsonb) where id = :id")
        await connection.execute(statement, {"state": state.value, "told": told, "id": job_id})


async def test_what_lacks_an_index_is_what_was_never_told_or_by_other_rules(
    engine: AsyncEngine, database: Database, user_id: UUID, direct: Direct, store: Store, save: Any
):
    sheet = drawn_page(1, (WHOLE, ""))
    never, stale, fresh, empty, offline = [await store(sheet) for _ in range(5)]
    await save(stale, entry(sheet, version="p0"))
    await save(fresh, entry(sheet))
    await save(offline, entry(sheet, version=OFFLINE_VERSION, wanted=OFFLINE))
    await ended(engine, database, user_id, empty, JobState.SUCCEEDED)

    assert await lacking(direct) == [offline, stale, never]
    assert await lacking(direct, wanted=OFFLINE) == [never]
    assert await lacking(direct, document_ids=[stale, fresh]) == [stale]
    assert await lacking(direct, force=True, document_ids=[fresh]) == [fresh]
    assert await lacking(direct, node_id=new_id()) == []


async def test_failures_are_retried_only_when_asked_to(
    engine: AsyncEngine, database: Database, user_id: UUID, direct: Direct, store: Store
):
    document_id = await store(drawn_page(1, (WHOLE, "")))
    await ended(engine, database, user_id, document_id, JobState.FAILED)

    assert await lacking(direct) == []
    assert await lacking(direct, retry=True) == [document_id]


async def test_what_a_job_left_as_it_was_is_not_asked_for_again_and_again(
    engine: AsyncEngine, database: Database, user_id: UUID, direct: Direct, store: Store, save: Any
):
    sheet = drawn_page(1, (WHOLE, ""))
    document_id = await store(sheet)
    await save(document_id, entry(sheet, version="p0"))
    await ended(engine, database, user_id, document_id, JobState.SUCCEEDED, left=1)

    assert await lacking(direct) == []
    assert await lacking(direct, retry=True) == [document_id]
    assert await lacking(direct, prompt="p2") == [document_id]


async def test_the_keeper_has_documents_described_a_few_at_a_time(database: Database, direct: Direct, store: Store):
    for _ in range(AT_ONCE + 1):
        await store(drawn_page(1, (WHOLE, "")))
    keeper = IndexKeeper(database, direct, FakePrompts(**{PROMPT.replace("/", "__"): "text"}), after_reading=OFFLINE)

    assert [await keeper.look(), await keeper.look()] == [AT_ONCE, 0]


async def test_the_keeper_has_no_archive_described_by_a_model(
    engine: AsyncEngine, database: Database, direct: Direct, store: Store
):
    await store(drawn_page(1, (WHOLE, "")))
    async with engine.begin() as connection:
        await connection.execute(text("set session_replication_role = replica"))
        for table, column in (("documents", "id"), ("pages", "document_id"), ("blocks", "document_id")):
            await connection.execute(text(f"update {table} set {column} = '01800000-0000-7000-8000-000000000000'"))
        await connection.execute(text("set session_replication_role = origin"))
    prompts = FakePrompts(**{PROMPT.replace("/", "__"): "text"})

    by_model = await IndexKeeper(database, direct, prompts, after_reading=BY_MODEL).look()
    offline = await IndexKeeper(database, direct, prompts, after_reading=OFFLINE).look()

    assert (by_model, offline) == (0, 1)


async def test_an_owner_without_money_does_not_keep_the_documents_of_others(
    database: Database, direct: Direct, store: Store, user_id: UUID, other_user_id: UUID
):
    document_id = await store(drawn_page(1, (WHOLE, "")))
    for _ in range(AT_ONCE):
        poor = await store(drawn_page(1, (WHOLE, "")))
        async with database.uow() as uow:
            await uow.session.execute(
                text("update documents set owner_id = :owner where id = :id"), {"owner": other_user_id, "id": poor}
            )
            await uow.quotas.set_cap(other_user_id, 0)
            await uow.commit()
    prompts = FakePrompts(**{PROMPT.replace("/", "__"): "text"})

    accepted = await IndexKeeper(database, direct, prompts, after_reading=BY_MODEL).look()

    async with database.uow() as uow:
        assert (accepted, [job.document_id for job in await uow.jobs.list_of()]) == (1, [document_id])
