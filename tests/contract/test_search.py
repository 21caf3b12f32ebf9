"""Search on PostgreSQL: what is found, in which order, and where."""

from collections.abc import Awaitable, Callable
from math import log
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.reindex import reindex_all
from domain.documents import Block, Document, DocumentStatus, PageContent
from domain.ids import new_id
from storage.database import open_sessions
from storage.ranking import SHARES
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


async def test_a_page_named_by_its_sheet_goes_first(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "Фильтр", sheet="4"), page_of(2, "Фильтр", sheet="5"), page_of(3, "Фильтр"))

    hits = await search.search("какой фильтр на листе 5?", [document_id], level="page")

    assert [hit.page_no for hit in hits] == [2, 1, 3]


async def test_a_clause_is_found_where_it_stands(search: PostgresSearch, store: Store):
    document_id = await store(
        page_of(1, "Согласно 7.2.1 и 7.2.1 выше"), page_of(2, "7.2.1 Окраска"), page_of(3, "См. 7.2.1, п. 7.2.1")
    )

    for level in ("page", "block"):
        hits = await search.search("что говорит пункт 7.2.1?", [document_id], level=level)
        assert hits[0].page_no == 2


async def test_a_page_is_found_by_the_section_that_goes_on(search: PostgresSearch, store: Store, database: Database):
    first, second = page_of(1, "Начало"), page_of(2, "Расход 12 м3/ч")
    under = replace(first, blocks=tuple(replace(block, heading="Фильтры") for block in first.blocks))
    document_id = await store(under)
    async with database.uow() as uow:
        await uow.documents.save_pages(document_id, [second])
        await uow.commit()

    hits = await search.search("фильтры", [document_id], level="page")

    assert {hit.page_no for hit in hits} == {1, 2}


async def test_pages_saved_again_are_counted_once(
    search: PostgresSearch, store: Store, database: Database, engine: AsyncEngine
):
    document_id = await store(page_of(1, "альфа"), page_of(2, "бета"))
    async with database.uow() as uow:
        await uow.documents.save_pages(document_id, [page_of(2, "бета и гамма")])
        await uow.commit()

    async with engine.connect() as connection:
        sums = (await connection.execute(text("select pages, blocks, length from document_lengths"))).one()
    assert tuple(sums) == (2, 2, 3)
    assert [hit.page_no for hit in await search.search("бета", [document_id], level="page")] == [2]


async def test_the_places_alone_are_those_of_the_hits(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "фильтр"), page_of(2, "фильтр и фильтр"))

    hits = await search.search("фильтр", [document_id], level="page")
    ranked = await search.rank("фильтр", [document_id], level="page", limit=20)

    assert [one.place for one in ranked] == [(hit.document_id, hit.page_no) for hit in hits]
    assert await search.rank("и в на", [document_id], level="page", limit=20) == []


async def test_both_levels_at_once_are_what_each_finds(search: PostgresSearch, store: Store):
    document_id = await store(*(page_of(number, "фильтр " * number, "клапан и фильтр") for number in range(1, 5)))

    blocks, pages = await search.search_levels("клапан с фильтром", [document_id], blocks=5, pages=3)

    assert blocks == await search.search("клапан с фильтром", [document_id], limit=5, with_boxes=False)
    assert pages == await search.search("клапан с фильтром", [document_id], level="page", limit=3, with_boxes=False)
    assert (len(blocks), len(pages)) == (5, 3)
    assert await search.search_levels("и в на", [document_id], blocks=5, pages=3) == ([], [])


async def test_a_question_of_a_hundred_terms_finds_by_the_last_one(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "клапан"), page_of(2, "позиция99"))
    question = " ".join(f"позиция{number}" for number in range(100))

    (hit,) = await search.search(question, [document_id])

    assert hit.page_no == 2


async def test_reindexing_brings_back_what_the_index_lost(search: PostgresSearch, store: Store, engine: AsyncEngine):
    document_id = await store(page_of(1, "альфа"), page_of(2, "бета"))
    async with engine.begin() as connection:
        await connection.execute(text("delete from postings"))

    assert await reindex_all(open_sessions(engine)) == 1

    assert [hit.page_no for hit in await search.search("бета", [document_id], level="page")] == [2]


async def test_pages_are_scored_by_bm25_to_the_last_digit(search: PostgresSearch, store: Store):
    document_id = await store(page_of(1, "фильтр и фильтр"), page_of(2, "клапан клапан клапан клапан"))

    (hit,) = await search.search("фильтр", [document_id], level="page")

    idf = log(1 + 1.5 / 1.5)
    on_page = 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 2 / 3))
    in_blocks = SHARES.window * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 2 / SHARES.window_terms))
    assert hit.score == pytest.approx(idf * (on_page + in_blocks), abs=1e-4)
