"""Search by words and by vectors on PostgreSQL: what is embedded, found, kept apart and left alone."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.documents import Document, DocumentStatus, PageContent
from domain.errors import ProviderFailed, ProviderRefused
from domain.ids import new_id
from domain.llm import Usage
from storage.database import Sessions, in_autocommit, open_sessions
from storage.direct import Direct
from storage.embedders.registry import read_embedding_settings
from storage.search import PostgresSearch
from storage.uow import Database
from storage.vectors.account import spent_lately
from storage.vectors.asking import QuestionVectors
from storage.vectors.filling import Filler
from storage.vectors.fusing import Weights
from storage.vectors.indexes import Embedded, look_up_index
from storage.vectors.nearest import EXACT_CHUNKS, nearest
from storage.vectors.opening import charged, close_search, open_search
from storage.vectors.search import FusedSearch
from storage.vectors.status import VectorState, embed_again, prune, vector_states
from tests.fakes.bill import Bill
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.pages import page_of
from tests.fakes.stage_context import running_job
from workers.context import RunContext, Tools

Store = Callable[..., Awaitable[UUID]]


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return open_sessions(engine)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def filler(sessions: Sessions, embedder: FakeEmbedder) -> Filler:
    return Filler(sessions, embedder)


@pytest.fixture
def search(sessions: Sessions, embedder: FakeEmbedder) -> FusedSearch:
    return FusedSearch(sessions, QuestionVectors(embedder))


@pytest.fixture
def store(database: Database, user_id: UUID) -> Store:
    """Stores a document of these pages; its id."""

    async def store_pages(*contents: PageContent, name: str = "document.pdf") -> UUID:
        document_id = new_id()
        async with database.uow() as uow:
            await uow.documents.add(
                Document(id=document_id, owner_id=user_id, name=name, status=DocumentStatus.READING)
            )
            await uow.documents.save_pages(document_id, contents)
            await uow.documents.set_ready(document_id, {})
            await uow.commit()
        return document_id

    return store_pages


async def rows(sessions: Sessions, statement: str) -> list[tuple]:
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(statement))]


async def test_a_question_finds_what_is_said_in_another_language(search: FusedSearch, filler: Filler, store: Store):
    document_id = await store(page_of(1, "The valve is closed."), page_of(2, "The pump is started."))
    while await filler.fill_one():
        pass

    hits = await search.search("где насос?", [document_id])

    assert hits[0].page_no == 2
    assert hits[0].block_id is not None
    assert "pump" in hits[0].snippet


async def test_both_levels_at_once_are_what_each_finds(search: FusedSearch, filler: Filler, store: Store):
    document_id = await store(page_of(1, "Насос В2 и клапан"), page_of(2, "The pump is started."), page_of(3, "Клапан"))
    while await filler.fill_one():
        pass

    blocks, pages = await search.search_levels("насос В2", [document_id], blocks=3, pages=2)

    assert blocks == await search.search("насос В2", [document_id], limit=3, with_boxes=False)
    assert pages == await search.search("насос В2", [document_id], level="page", limit=2, with_boxes=False)


@pytest.mark.parametrize("level", ["page", "block"])
async def test_a_designation_stays_before_what_only_means_the_same(
    sessions: Sessions, embedder: FakeEmbedder, filler: Filler, store: Store, level: str
):
    search = FusedSearch(sessions, QuestionVectors(embedder), weights=Weights(same=5.0, across=5.0))
    document_id = await store(
        page_of(1, "Вентилятор В21, fan fan fan"), page_of(2, "Установка В2"), page_of(3, "Вентилятор В22, fan")
    )
    while await filler.fill_one():
        pass

    hits = await search.search("вентилятор В2", [document_id], level=level)

    assert hits[0].page_no == 2


async def test_only_the_given_documents_are_searched_by_vectors_too(search: FusedSearch, filler: Filler, store: Store):
    own = await store(page_of(1, "The pump is started."))
    other = await store(page_of(1, "The pump is started."))
    while await filler.fill_one():
        pass

    assert {hit.document_id for hit in await search.search("насос", [own])} == {own}
    assert {hit.document_id for hit in await search.search("насос", [own, other])} == {own, other}


async def test_without_vectors_search_is_what_it_was(
    search: FusedSearch, sessions: Sessions, embedder: FakeEmbedder, filler: Filler, store: Store
):
    document_id = await store(page_of(1, "Насос Н1 и клапан"), page_of(2, "Клапан"), page_of(3, "Насос Н2"))
    lexical = PostgresSearch(sessions)
    questions = [(text, level) for text in ("насос", "клапан Н1", "пусто", "") for level in ("page", "block")]

    before = [await search.search(text, [document_id], level=level) for text, level in questions]
    while await filler.fill_one():
        pass
    embedder.failure = ProviderFailed("away")
    down = FusedSearch(sessions, QuestionVectors(embedder))
    during = [await down.search(text, [document_id], level=level) for text, level in questions]

    expected = [await lexical.search(text, [document_id], level=level) for text, level in questions]
    assert before == expected
    assert during == expected


async def test_where_no_embeddings_are_configured_search_is_the_lexical_one(sessions: Sessions):
    settings = read_embedding_settings({"EMBEDDINGS": "ollama:bge-m3"})
    fused = open_search(sessions, settings)

    assert type(open_search(sessions, None)) is PostgresSearch
    assert type(fused) is FusedSearch
    await close_search(fused)


async def test_what_was_embedded_is_not_paid_again(
    filler: Filler, database: Database, embedder: FakeEmbedder, store: Store, sessions: Sessions
):
    document_id = await store(page_of(1, "Насос"), page_of(2, "Клапан"), page_of(3, "Вентилятор"))
    assert await filler.fill_one()
    assert not await filler.fill_one()

    async with database.uow() as uow:
        await uow.documents.save_pages(document_id, [page_of(2, "Клапан обратный")])
        await uow.commit()
    assert await filler.fill_one()

    assert [len(batch) for batch in embedder.sent] == [2, 1, 1]
    assert "Клапан обратный" in embedder.sent[-1][0]
    assert await rows(sessions, "select count(*) from vectors") == [(3,)]


async def test_a_stop_in_the_middle_keeps_what_was_paid(
    filler: Filler, embedder: FakeEmbedder, sessions: Sessions, store: Store
):
    await store(*(page_of(number, f"Насос {number}") for number in range(1, 6)))
    sent = embedder.embed_documents

    async def fail_later(texts):
        if len(embedder.sent) == 1:
            embedder.failure = ProviderFailed("away")
        return await sent(texts)

    embedder.embed_documents = fail_later
    assert not await filler.fill_one()
    assert await rows(sessions, "select error from vector_indexes") == [("provider_failed",)]

    embedder.failure, embedder.embed_documents = None, sent
    assert not await filler.fill_one()
    await _let_time_pass(sessions)
    assert await filler.fill_one()

    assert [len(batch) for batch in embedder.sent] == [2, 2, 2, 1]
    assert await rows(sessions, "select error from vector_indexes") == [(None,)]
    assert await rows(sessions, "select count(*) from vectors") == [(5,)]


async def test_a_refusal_is_kept_with_its_document(
    filler: Filler, embedder: FakeEmbedder, sessions: Sessions, store: Store
):
    await store(page_of(1, "Насос"))
    embedder.failure = ProviderRefused("wrong key")

    assert not await filler.fill_one()

    assert await rows(sessions, "select error, tries, embedded_at from vector_documents") == [
        ("provider_refused", 1, None)
    ]


async def test_another_model_has_vectors_of_its_own(sessions: Sessions, filler: Filler, store: Store):
    document_id = await store(page_of(1, "The pump"))
    await filler.fill_one()
    other = FakeEmbedder(model="fake:other", dimensions=6)

    assert await FusedSearch(sessions, QuestionVectors(other)).search("насос", [document_id]) == []
    await Filler(sessions, other).fill_one()

    assert len(await FusedSearch(sessions, QuestionVectors(other)).search("насос", [document_id])) == 1
    assert await rows(sessions, "select count(*), count(distinct index_id) from vectors") == [(2, 2)]


async def test_a_deleted_document_leaves_no_vectors(
    search: FusedSearch, filler: Filler, database: Database, store: Store, sessions: Sessions, user_id: UUID
):
    document_id = await store(page_of(1, "The pump"))
    await filler.fill_one()

    async with database.uow() as uow:
        await uow.documents.delete(document_id, user_id=user_id)
        await uow.commit()

    assert await search.search("насос", [document_id]) == []
    assert await rows(sessions, "select count(*) from vectors") == [(0,)]
    assert not await filler.fill_one()


async def test_a_document_deleted_while_it_is_embedded_leaves_no_vectors(
    filler: Filler, embedder: FakeEmbedder, database: Database, store: Store, sessions: Sessions, user_id: UUID
):
    document_id = await store(page_of(1, "The pump"))
    sent = embedder.embed_documents

    async def delete_meanwhile(texts):
        async with database.uow() as uow:
            await uow.documents.delete(document_id, user_id=user_id)
            await uow.commit()
        return await sent(texts)

    embedder.embed_documents = delete_meanwhile
    await filler.fill_one()

    assert await rows(sessions, "select count(*) from vectors") == [(0,)]
    assert await rows(sessions, "select count(*) from vector_documents") == [(0,)]


async def test_a_document_still_being_read_is_left_alone(
    filler: Filler, database: Database, embedder: FakeEmbedder, user_id: UUID
):
    async with database.uow() as uow:
        document_id = new_id()
        await uow.documents.add(Document(id=document_id, owner_id=user_id, name="a.pdf", status=DocumentStatus.READING))
        await uow.documents.save_pages(document_id, [page_of(1, "Насос")])
        await uow.commit()

    assert not await filler.fill_one()
    assert embedder.sent == []


async def test_two_fillers_share_the_documents(
    sessions: Sessions, embedder: FakeEmbedder, filler: Filler, store: Store
):
    for number in range(4):
        await store(page_of(1, f"Насос {number}"))
    other = Filler(sessions, embedder)

    while await filler.fill_one() or await other.fill_one():
        pass

    assert sorted(len(batch) for batch in embedder.sent) == [1, 1, 1, 1]


async def _let_time_pass(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text("update vector_documents set run_at = now() - interval '1 s'"))


async def test_operators_are_told_how_far_vectors_are(
    engine: AsyncEngine, sessions: Sessions, filler: Filler, embedder: FakeEmbedder, store: Store
):
    await store(page_of(1, "Насос"), page_of(2, "Клапан"))
    await filler.fill_one()
    embedder.failure = ProviderFailed("away")
    await store(page_of(1, "Вентилятор"))
    await filler.fill_one()

    assert await vector_states(in_autocommit(engine)) == [
        VectorState(model="fake:model", dimensions=4, documents=1, waiting=1, vectors=2, error="provider_failed")
    ]


async def test_former_models_vectors_go_when_they_are_pruned(
    engine: AsyncEngine, sessions: Sessions, filler: Filler, store: Store
):
    await store(page_of(1, "Насос"))
    await filler.fill_one()
    await Filler(sessions, FakeEmbedder(model="fake:other")).fill_one()

    assert await prune(in_autocommit(engine), kept="fake:other") == 1

    assert [state.model for state in await vector_states(in_autocommit(engine))] == ["fake:other"]
    assert await rows(sessions, "select count(*) from vectors") == [(1,)]
    assert await rows(sessions, "select count(*) from pg_indexes where indexname like 'ix_vectors_nearest_%'") == [(1,)]


async def test_looking_through_again_pays_nothing_again(
    engine: AsyncEngine, filler: Filler, embedder: FakeEmbedder, store: Store
):
    await store(page_of(1, "Насос"))
    await filler.fill_one()

    assert await embed_again(in_autocommit(engine)) == 1
    assert await filler.fill_one()

    assert len(embedder.sent) == 1


async def test_the_installation_pays_for_documents(sessions: Sessions, store: Store):
    await store(page_of(1, "Насос"), page_of(2, "Клапан"), page_of(3, "Вентилятор"))

    await Filler(sessions, FakeEmbedder(price_micro_usd=1_000_000)).fill_one()

    assert await rows(sessions, "select model, purpose, tokens, cost_micro_usd from embedding_spending") == [
        ("fake:model", "documents", 21, 21)
    ]


async def test_a_month_that_is_used_up_leaves_documents_waiting(sessions: Sessions, store: Store):
    await store(*(page_of(number, f"Насос {number}") for number in range(1, 6)))
    embedder = FakeEmbedder(price_micro_usd=1_000_000)
    filler = Filler(sessions, embedder, monthly_micro_usd=20)

    assert not await filler.fill_one()

    assert [len(batch) for batch in embedder.sent] == [2, 2]
    assert await rows(sessions, "select error, embedded_at from vector_documents") == [("embedding_limit", None)]
    assert await rows(sessions, "select error from vector_indexes") == [("embedding_limit",)]


async def test_another_month_is_another_limit(sessions: Sessions, store: Store):
    await store(page_of(1, "Насос"))
    async with sessions() as session, session.begin():
        former = "('2020-01', 'fake:model', 'documents', 9, 9)"
        await session.execute(text(f"insert into embedding_spending values {former}"))

    assert await Filler(sessions, FakeEmbedder(price_micro_usd=1_000_000), monthly_micro_usd=9).fill_one()


async def test_a_search_is_paid_by_its_job_else_by_the_installation(sessions: Sessions, store: Store):
    embedder, bill = FakeEmbedder(price_micro_usd=1_000_000), Bill()
    document_id = await store(page_of(1, "The pump"))
    await Filler(sessions, FakeEmbedder()).fill_one()
    search = FusedSearch(sessions, QuestionVectors(embedder))

    found = await charged(search, bill).search("насос", [document_id])
    await search.search("клапан", [document_id])

    assert len(found) == 1
    assert bill.usages == [Usage(input_tokens=7, cost_micro_usd=7)]
    assert await rows(sessions, "select purpose, tokens, cost_micro_usd from embedding_spending") == [
        ("questions", 7, 7)
    ]


async def test_a_run_counts_what_its_search_has_cost(sessions: Sessions, store: Store):
    document_id = await store(page_of(1, "The pump"))
    await Filler(sessions, FakeEmbedder()).fill_one()
    nothing: Any = None
    tools = Tools(
        database=nothing,
        search=FusedSearch(sessions, QuestionVectors(FakeEmbedder(price_micro_usd=1_000_000))),
        blobs=nothing,
        reader=nothing,
        renderer=nothing,
        comparer=nothing,
        recogniser=nothing,
        vault=nothing,
        asker=nothing,
    )
    run = RunContext(running_job(new_id()), tools, nothing, nothing)

    await run.search.search("насос", [document_id])

    assert run.spent == Usage(input_tokens=7, cost_micro_usd=7)


async def test_what_was_spent_is_told_by_month(sessions: Sessions, store: Store, engine: AsyncEngine):
    await store(page_of(1, "Насос"))
    await Filler(sessions, FakeEmbedder(price_micro_usd=1_000_000)).fill_one()

    told = await spent_lately(in_autocommit(engine))

    assert [(one.model, one.purpose, one.tokens, one.cost_micro_usd) for one in told] == [
        ("fake:model", "documents", 7, 7)
    ]


async def test_a_plan_for_few_vectors_never_serves_many(
    sessions: Sessions, filler: Filler, store: Store, engine: AsyncEngine, embedder: FakeEmbedder
):
    document_id = await store(page_of(1, "The pump"))
    await filler.fill_one()
    direct = Direct(engine, connections=1)
    index = await look_up_index(direct, embedder)
    assert index is not None

    for chunks in [1] * 7 + [EXACT_CHUNKS + 1] * 7:
        scope = {document_id: Embedded(chunks, "en")}
        assert len(await nearest(direct, index, [1.0, 0.0, 0.0, 0.0], scope, limit=10)) == 1

    told = "from pg_prepared_statements where trim(statement, chr(10)) like 'with near%'"
    assert [tuple(row) for row in await direct.every(f"select generic_plans, custom_plans {told}")] == [(0, 14)]
