"""Search on PostgreSQL: what is found, in which order, and where."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.documents import Block, Document, DocumentStatus, PageContent
from domain.ids import new_id
from storage.database import open_sessions
from storage.search import PostgresSearch
from storage.uow import Database
from tests.fakes.pages import page_of

Store = Callable[..., Awaitable[UUID]]


@pytest.fixture
def search(engine: AsyncEngine) -> PostgresSearch:
    return PostgresSearch(open_sessions(engine))


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


async def test_words_are_found_in_any_form(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "Двигатель"), page_of(2, "Установка циркуляционных насосов"))

    hits = await search.search("где циркуляционный насос?", [document_id])

    assert [(hit.page_no, hit.document_id) for hit in hits] == [(2, document_id)]
    assert hits[0].block_id is not None


async def test_a_designation_is_found_exactly(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "Вентилятор В21"), page_of(2, "Вентилятор В2"), page_of(3, "Вентилятор В22"))

    hits = await search.search("вентилятор B2", [document_id])

    assert hits[0].page_no == 2
    assert hits[0].score > hits[1].score


async def test_an_axis_is_not_its_number(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "Ось 1, ось 1, поз. 1"), page_of(2, "Колонна на оси П/1"))

    hits = await search.search("колонна на оси П/1", [document_id], level="page")

    assert hits[0].page_no == 2


async def test_a_rare_word_counts_more_than_a_common_one(search: PostgresSearch, store: Store):
    pages = [page_of(number, "насос насос насос") for number in range(1, 6)]
    document_id = await store(*pages, page_of(6, "насос кавитация и ещё много других слов о разном"))

    hits = await search.search("насос кавитация", [document_id], level="page")

    assert hits[0].page_no == 6


async def test_only_the_given_documents_are_searched(search: PostgresSearch, store: Store):
    first = await store(page_of(1, "насос"))
    second = await store(page_of(1, "насос"))

    assert {hit.document_id for hit in await search.search("насос", [first])} == {first}
    assert {hit.document_id for hit in await search.search("насос", [first, second])} == {first, second}
    assert await search.search("насос", []) == []


async def test_rarity_is_counted_inside_the_scope(search: PostgresSearch, store: Store):
    scope = await store(page_of(1, "альфа"), page_of(2, "бета"))
    (alone,) = await search.search("альфа", [scope], level="page")
    for _ in range(3):
        await store(*[page_of(number, "альфа") for number in range(1, 9)])

    (with_others,) = await search.search("альфа", [scope], level="page")

    assert with_others.score == alone.score


async def test_a_deleted_document_is_not_found_even_when_asked_for(
    search: PostgresSearch, store: Store, database: Database, user_id: UUID
):
    document_id = await store(page_of(1, "насос"))
    async with database.uow() as uow:
        await uow.documents.delete(document_id, user_id=user_id)
        await uow.commit()

    assert await search.search("насос", [document_id]) == []


async def test_page_hits_name_no_block_and_show_the_best_one(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "Общие сведения о здании", "Расход воды 12 м3/ч", "Прочее"))

    (hit,) = await search.search("расход воды", [document_id], level="page")

    assert hit.block_id is None
    assert hit.snippet == "Расход воды 12 м3/ч"


async def test_the_boxes_are_those_of_the_words_found(search: PostgresSearch, store: Store):
    content = page_of(1, "Насос подаёт воду", "Двигатель вращает насос")
    document_id = await store(content)

    hits = await search.search("двигатель", [document_id])

    (word,) = [word for word in content.words if word.text == "Двигатель"]
    assert [hit.boxes for hit in hits] == [(word.box,)]


async def test_the_snippet_of_a_table_is_the_row_that_answers(search: PostgresSearch, store: Store):
    rows = [f"| {number} | Деталь {number} | {number * 3} |" for number in range(1, 60)]
    document_id = await store(
        page_of(1, "\n".join(["| Поз | Имя | Кол |", "|---|---|---|", *rows, "| 60 | Клапан | 7 |"]))
    )

    (hit,) = await search.search("количество клапанов", [document_id])

    assert "| 60 | Клапан | 7 |" in hit.snippet
    assert len(hit.snippet) < 400


async def test_a_page_is_found_by_its_sheet_and_its_documents_name(search: PostgresSearch, store: Store):
    named = await store(page_of(1, "текст"), name="АР4 Кладочные планы.pdf")
    other = await store(page_of(1, "текст"), name="ОВ1.pdf")

    hits = await search.search("кладочный план текст", [named, other], level="page")

    assert hits[0].document_id == named
    assert hits[0].score > hits[1].score


async def test_a_block_is_found_by_the_heading_it_stands_under(search: PostgresSearch, store: Store):
    content = page_of(1, "Подача 12 м3/ч", "Мощность 5 кВт")
    first, second = content.blocks
    under = Block(
        **{name: getattr(second, name) for name in second.__struct_fields__} | {"heading": "Электродвигатель"}
    )
    page = PageContent(page=content.page, blocks=(first, under), words=content.words)
    document_id = await store(page)

    hits = await search.search("мощность электродвигателя", [document_id])

    assert hits[0].block_id == second.id


async def test_a_question_without_terms_finds_nothing(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "и в на"))

    assert await search.search("и в на?", [document_id]) == []


async def test_the_limit_is_kept(search: PostgresSearch, store: Store):
    document_id = await store(*[page_of(number, f"насос {number}") for number in range(1, 31)])

    assert len(await search.search("насос", [document_id], limit=7)) == 7
