"""Counting by text: exact designations on all pages, apart from tables and notes, and what schedules tell."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from domain.answers import AnswerReply, Intent, ReplyCitation, Verdict
from domain.chats import Scope
from domain.documents import Block, BlockKind, Page, PageContent, PageFacts, Word
from domain.events import EventType
from domain.families.analysis.rules_marks import Zone, find_marks, pattern_of, series_of
from domain.families.analysis.rules_measure_wanted import Measure
from domain.families.analysis.rules_wanted import Wanted, wanted_of
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask
from tests.unit.analysis.test_family import offline_asker, run

SCHEDULE = "| Поз. | Наименование | Кол. |\n|---|---|---|\n| Д-1 | Дверь глухая | 4 |\n| Д-11 | Дверь остеклённая | 2 |"


def plan(page_no: int, *labels: str) -> PageContent:
    """A drawing with these labels, each a block of its own."""
    words = tuple(
        Word(text=label, box=(0.1 + n * 0.05, 0.2, 0.13 + n * 0.05, 0.22), block_no=n, line_no=0)
        for n, label in enumerate(labels)
    )
    blocks = tuple(
        Block(
            id=f"MARK-{page_no:04}-{n:03}",
            page_no=page_no,
            block_no=n,
            kind=BlockKind.TEXT,
            content=word.text,
            box=word.box,
        )
        for n, word in enumerate(words)
    )
    return PageContent(page=Page(page_no=page_no, width_pt=1191, height_pt=842), blocks=blocks, words=words)


def wanted(text: str, *, is_pointing: bool = False) -> Wanted:
    return wanted_of(text, Intent(), is_pointing=is_pointing)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Сколько Д-1 на плане?", ("Д-1",)),
        ("How many VAV-3 are shown on sheet 5?", ("VAV-3",)),
        ("Какое количество окон ОК-1 и ОК-2?", ("ОК-1", "ОК-2")),
        ("Сколько раз встречается «ОК-2»?", ("ОК-2",)),
        ("Сколько воздуха подаёт П1?", ()),
        ("Сколько кВт потребляет П1?", ()),
        ("Сколько весит П1?", ()),
        ("How many kW does P1 consume?", ()),
        ("Сколько клапанов у установки П1?", ()),
        ("Каково количество воздуха, подаваемого П1?", ()),
        ("Число оборотов двигателя вентилятора В1", ()),
        ("Number of phases of motor M1", ()),
        ("Перечисли все помещения категории В1", ()),
        ("Количество клапанов, установленных на П1", ()),
        ("Сколько стоит П1?", ()),
    ],
    ids=[
        "ru",
        "en",
        "two",
        "quoted",
        "verb",
        "unit",
        "value",
        "en unit",
        "of something",
        "amount",
        "revolutions",
        "phases",
        "category",
        "aside",
        "cost",
    ],
)
def test_only_what_stands_behind_the_words_of_counting_is_counted(question: str, names: tuple[str, ...]) -> None:
    assert wanted(question).names == names


def test_letters_alone_name_a_series_and_plain_words_a_thing() -> None:
    assert wanted("Перечисли все клапаны КПУ").series == ("КПУ",)
    assert wanted("Сколько дверей на плане 1 этажа?").noun == "дверей"
    assert wanted("How many water heaters are shown?").noun == "water heaters"
    assert wanted("Сколько кВт потребляет П1 и сколько Д-1 на плане?").is_count
    assert wanted("How many of these symbols are there?", is_pointing=True).is_pointed


def test_a_standard_is_no_series_of_marks() -> None:
    assert wanted("Найди все упоминания ГОСТ 21.101-2020").series == ()


def test_nothing_is_measured_without_a_place_that_is_pointed_at() -> None:
    assert wanted("Какова длина?", is_pointing=True).measure is Measure.LENGTH
    assert wanted("Какова длина трассы?").measure is None


def test_designations_match_whole() -> None:
    page = plan(1, "Д-1", "Д-11", "Д-1а", "ВД-1", "Д-1.2", "Д-1,", "D-1", "Д1", "Д-1/2")

    found = find_marks(pattern_of("Д-1"), page.page, page.words, page.blocks)

    assert [mark.name for mark in found] == ["Д-1", "Д-1"]


def test_letters_that_look_alike_are_the_same() -> None:
    page = plan(1, "BK-2", "ВК-2")

    assert len(find_marks(pattern_of("ВК-2"), page.page, page.words, page.blocks)) == 2


def test_a_series_is_all_designations_that_begin_with_its_letters() -> None:
    page = plan(1, "КПУ-1", "КПУ2", "АКПУ-3", "КПУ")

    found = find_marks(series_of("КПУ"), page.page, page.words, page.blocks)

    assert [mark.name for mark in found] == ["КПУ-1", "КПУ2"]


def test_a_multiplier_beside_a_mark_is_told() -> None:
    page = page_of(1, "Д-1 (2 шт.)", "4 отв. М8")

    [one] = find_marks(pattern_of("Д-1"), page.page, page.words, page.blocks)
    [other] = find_marks(pattern_of("М8"), page.page, page.words, page.blocks)

    assert (one.times, other.times) == (2, 4)


def test_tables_notes_and_title_blocks_are_told_from_the_drawing() -> None:
    note = "Установить дверь Д-1 по инструкции завода изготовителя после стяжки"
    page = page_of(1, SCHEDULE, note, "Д-1")

    found = find_marks(pattern_of("Д-1"), page.page, page.words, page.blocks)

    assert [mark.zone for mark in found] == [Zone.TABLE, Zone.TEXT, Zone.DRAWING]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_title_block_is_where_it_is_seen(rotation: int) -> None:
    boxes = {
        0: (0.9, 0.95, 0.92, 0.96),
        90: (0.95, 0.08, 0.96, 0.1),
        180: (0.08, 0.04, 0.1, 0.05),
        270: (0.04, 0.9, 0.05, 0.92),
    }
    facts = PageFacts(stamp={"code": "X"})
    page = Page(page_no=1, width_pt=1191, height_pt=842, rotation=rotation, facts=facts)

    [mark] = find_marks(pattern_of("Д-1"), page, [Word("Д-1", boxes[rotation], 0, 0)], [])

    assert mark.zone is Zone.STAMP


async def counted(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, question: str, *pages: PageContent, **message: Any
) -> tuple[FakeStageContext, dict[str, Any]]:
    document = await add_document(uow, user_id, "АР.pdf", *pages)
    asker, _ = offline_asker()
    ctx = FakeStageContext(uow, user_id, asker=asker)
    state = ask(question, scope=Scope(document_ids=(document.id,)))
    finished = await run(ctx, state)
    return ctx, finished.result["answer"]


async def test_all_pages_are_counted_offline_and_each_mark_has_its_box(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    pages = (plan(1, "Д-1", "Д-1", "Д-11"), plan(2, "Д-2"), plan(3, "Д-1"), page_of(4, SCHEDULE))

    ctx, answer = await counted(uow, user_id, ask, "Сколько Д-1 на плане?", *pages)

    assert "Д-1: на чертежах 3 (стр. 1 — 2; стр. 3 — 1). [1]" in answer["text"]
    assert "количество Д-1 — 4 (стр. 4); на чертежах 3. [1]" in answer["text"]
    assert [(c["page_no"], len(c["boxes"])) for c in answer["citations"]] == [(1, 2), (3, 1)]
    [claim] = [claim for claim in answer["claims"] if claim["text"] == "3" and claim["verdict"] == "counted"][:1]
    assert claim["boxes"]
    assert {p["page_no"] for p in answer["pictures"]} == {1, 3}
    assert [p["tool"] for p in ctx.payloads(EventType.TOOL_CALLED)] == ["count"]


async def test_a_question_of_a_value_is_not_counted(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    ctx, answer = await counted(uow, user_id, ask, "Сколько весит П1?", page_of(1, "Установка П1 весит 40 кг."))

    assert "40 кг" in answer["text"]
    assert not ctx.payloads(EventType.TOOL_CALLED)


async def test_a_thing_is_counted_by_the_schedule_that_names_it(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    pages = (plan(1, "Д-1", "Д-11"), page_of(2, SCHEDULE))

    _, answer = await counted(uow, user_id, ask, "Сколько дверей по проекту?", *pages)

    assert "4 + 2 = 6" in answer["text"]
    assert "Д-11: на чертежах 1" in answer["text"]


async def test_what_is_not_there_is_not_counted_as_nothing_found_by_search(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    _, answer = await counted(uow, user_id, ask, "Сколько Д-9 на плане?", plan(1, "Д-1", "Д9"))

    assert "Д-9: на чертежах обозначений нет." in answer["text"]
    assert "Написано иначе и не посчитано: Д9." in answer["text"]


async def test_a_model_is_given_the_count_and_its_words_are_verified(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", plan(1, "Д-1", "Д-1"), plan(2, "Д-1"))
    reply = AnswerReply(
        citations=(ReplyCitation(block_id="C1", quote="на чертежах 3"),), answer_markdown="На чертежах 3 двери Д-1 [1]."
    )
    ctx = FakeStageContext(uow, user_id, Intent(intent_type="element_count"), reply)

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    answer = finished.result["answer"]
    assert any(block["kind"] == "count" for block in ctx.asks[-1].variables["materials"])
    verdicts = {claim["text"].split()[0]: claim["verdict"] for claim in answer["claims"]}
    assert verdicts["3"] == Verdict.COUNTED
    assert [(c["number"], c["page_no"], len(c["boxes"])) for c in answer["citations"]] == [(1, 1, 2), (2, 2, 1)]
    assert "Посчитанное на других листах: [2]" in answer["text"]


async def test_a_count_that_the_model_does_not_cite_is_told_by_the_server(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "АР.pdf", plan(1, "Д-1"))
    reply = AnswerReply(answer_markdown="Дверей Д-1 — 7.")
    ctx = FakeStageContext(uow, user_id, Intent(), reply)

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    text = finished.result["answer"]["text"]
    assert "Подсчёт сервера:\n\nД-1: на чертежах 1 (стр. 1 — 1)." in text


async def test_more_boxes_than_the_state_holds_all_stand_in_the_answer(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    page = page_of(1, *["D-1 " * 20] * 60)
    pages = [PageContent(page=Page(page_no=n, width_pt=595, height_pt=842), words=page.words) for n in (1, 2, 3)]
    document = await add_document(uow, user_id, "AR.pdf", *pages)
    reply = AnswerReply(citations=(ReplyCitation(block_id="C1"),), answer_markdown="There are 3600 marks D-1 [1].")
    ctx = FakeStageContext(uow, user_id, Intent(), reply)
    ctx.blobs = FakeBlobs()

    finished = await run(ctx, ask("How many D-1 are there?", scope=Scope(document_ids=(document.id,))))

    answer = finished.result["answer"]
    assert sum(len(citation["boxes"]) for citation in answer["citations"]) == 3600
    assert {claim["verdict"] for claim in answer["claims"]} == {"counted"}


def test_what_the_model_understood_counts_where_the_words_are_unknown() -> None:
    intent = Intent(intent_type="element_count", count_of=("Д-1", "двери"))

    found = wanted_of("Двери Д-1 на плане, штук?", intent, is_pointing=False)

    assert (found.names, found.noun, found.is_count) == (("Д-1",), "двери", True)


async def test_too_many_pages_are_not_counted_in_part(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(uow, user_id, "АР.pdf", plan(1, "Д-1"))
    uow.documents.stored[document.id] = structs.replace(uow.documents.stored[document.id], page_count=5_000)
    ctx = FakeStageContext(uow, user_id, Intent(), AnswerReply(answer_markdown="Не посчитано."))

    finished = await run(ctx, ask("Сколько Д-1?", scope=Scope(document_ids=(document.id,))))

    assert "не посчитано, в выбранных документах 5000 стр." in finished.result["answer"]["text"]
