"""The matrix from documents to rows: what is found, judged, told and kept."""

import msgspec
import pytest

from domain.documents import BlockKind, DocumentStatus, PageContent
from domain.errors import BudgetExceeded, DocumentRejected, InvalidInput, NotFound, ProviderRefused
from domain.events import EventType
from domain.families.matrix.family import FAMILY
from domain.families.matrix.replies import (
    Evidence,
    FoundRequirement,
    JudgedRequirement,
    JudgeReply,
    RequirementsReply,
)
from domain.families.matrix.rules_amounts import Verdict
from domain.families.matrix.types import Row
from domain.ids import new_id
from domain.llm import Capabilities, ImagePart
from domain.stage import Wait
from tests.fakes.pages import page_of
from tests.unit.matrix.conftest import OWNER, Setting

NORM = "5.1 Ширина коридора должна быть не менее 1,2 м.\n5.2 Высота потолка должна быть не менее 2,5 м."
PLAN = "Ширина коридора К1: 1400 мм"
LOW = "Высота потолка 2400 мм"


async def _simple(setting: Setting, *plans: str) -> list[Row]:
    norm = await setting.add("ТЗ.pdf", page_of(3, NORM))
    setting.uow.documents.stored[norm.id] = msgspec.structs.replace(norm, page_count=3)
    drawing = await setting.add("АР.pdf", page_of(7, *plans, sheet="5"))
    return await setting.check(norm, drawing)


async def test_each_requirement_has_its_clause_its_limit_and_its_boxes(setting: Setting) -> None:
    one, two = await _simple(setting, PLAN)

    assert (one.requirement.clause, one.requirement.expected) == ("5.1", "не менее 1,2 м")
    assert (two.requirement.clause, two.requirement.expected) == ("5.2", "не менее 2,5 м")
    assert one.requirement.place.boxes != two.requirement.place.boxes
    assert one.requirement.place.page_no == 3


async def test_a_value_that_meets_its_limit_passes_with_its_place_in_the_drawing(setting: Setting) -> None:
    one, two = await _simple(setting, PLAN, LOW)

    assert (one.verdict, two.verdict) == (Verdict.PASS, Verdict.FAIL)
    (proof,) = one.proofs
    assert (proof.place.page_no, proof.place.sheet) == (7, "лист 5 (стр. 7)")
    assert (proof.found, proof.place.quote) == ("1400 мм", PLAN)
    assert len(proof.place.boxes) == 1


async def test_silence_is_unknown(setting: Setting) -> None:
    rows = await _simple(setting, "Кирпич керамический М150")

    assert [(row.verdict, row.reason) for row in rows] == [(Verdict.UNKNOWN, "not_found")] * 2


async def test_places_that_contradict_one_another_are_both_shown(setting: Setting) -> None:
    row = (await _simple(setting, "Ширина коридора 1100 мм", "Ширина коридора 1300 мм"))[0]

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "contradictory")
    assert {proof.found for proof in row.proofs} == {"1100 мм", "1300 мм"}


async def test_rows_are_told_as_they_are_judged_and_add_up_in_the_snapshot(setting: Setting) -> None:
    await _simple(setting, PLAN, LOW)

    (told,) = setting.ctx.payloads(EventType.MATRIX_JUDGED)
    assert (told["judged"], told["total"], told["by_verdict"]) == (2, 2, {"pass": 1, "fail": 1})
    assert [row["number"] for row in setting.ctx.snapshot().matrix] == [1, 2]


async def test_a_batch_that_is_told_twice_counts_once(setting: Setting) -> None:
    await _simple(setting, PLAN, LOW)
    before_judging = next(state for name, state in setting.states if name == "judge")

    await setting.go_on("judge", before_judging)

    assert [row["number"] for row in setting.ctx.snapshot().matrix] == [1, 2]


async def test_the_result_says_that_no_model_was_asked(setting: Setting) -> None:
    await _simple(setting, PLAN)

    assert setting.result["offline"] is True
    assert [note["code"] for note in setting.result["notes"]] == ["offline"]


async def test_many_requirements_are_judged_in_batches_and_resume_after_any(setting: Setting) -> None:
    clauses = "\n".join(f"5.{n} Длина участка У{n} должна быть не менее {n} м." for n in range(1, 31))
    norm = await setting.add("ТЗ.pdf", page_of(1, clauses))
    drawing = await setting.add("АР.pdf", page_of(1, *[f"Длина участка У{n} равна {n} м" for n in range(1, 31)]))

    rows = await setting.check(norm, drawing)

    judging = [state for name, state in setting.states if name == "judge"]
    assert [state.judged for state in judging] == [0, 12, 24]
    again = await setting.go_on("judge", judging[1])
    assert [row.requirement.number for row in rows] == [row.requirement.number for row in again] == list(range(1, 31))
    assert {row.verdict for row in rows} == {Verdict.PASS}


async def test_the_state_of_a_long_norm_stays_small(setting: Setting) -> None:
    pages = [
        page_of(p, "\n".join(f"{p}.{n} Длина участка У{n} должна быть не менее {n} м." for n in range(1, 21)))
        for p in range(1, 61)
    ]
    norm = await setting.add("СП.pdf", *pages)
    drawing = await setting.add("АР.pdf", page_of(1, "Длина участка У1: 5 м"))

    await setting.check(norm, drawing)

    assert setting.result["total"] == 1200
    assert max(len(msgspec.json.encode(state)) for _, state in setting.states) < 32 * 1024


async def test_only_the_wanted_pages_are_read(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM), page_of(2, "6.1 Длина марша должна быть не более 3 м."))
    drawing = await setting.add("АР.pdf", page_of(1, PLAN))

    rows = await setting.check(norm, drawing, pages=[2])

    assert [row.requirement.clause for row in rows] == ["6.1"]


async def test_a_document_that_is_being_read_is_waited_for(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", status=DocumentStatus.READING)

    outcome = await FAMILY.stage("prepare").run(
        setting.ctx, FAMILY.start({"requirements": str(norm.id), "drawings": [str(drawing.id)]})
    )

    assert isinstance(outcome, Wait)
    assert outcome.document_ids == (drawing.id,)


async def test_a_drawing_that_was_not_read_is_named_in_the_result(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", page_of(1, PLAN))
    broken = await setting.add("КЖ.pdf", status=DocumentStatus.FAILED, error_ru="файл повреждён")

    await setting.check(norm, drawing, broken)

    assert "КЖ.pdf" in setting.result["notes"][0]["message_ru"]


@pytest.mark.parametrize(
    ("norm_status", "drawing_status"),
    [
        pytest.param(DocumentStatus.FAILED, DocumentStatus.READY, id="requirements"),
        pytest.param(DocumentStatus.READY, DocumentStatus.FAILED, id="all drawings"),
    ],
)
async def test_a_matrix_without_one_of_its_sides_is_refused(
    setting: Setting, norm_status: DocumentStatus, drawing_status: DocumentStatus
) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM), status=norm_status)
    drawing = await setting.add("АР.pdf", page_of(1, PLAN), status=drawing_status)

    with pytest.raises(DocumentRejected):
        await setting.check(norm, drawing)


async def test_pages_beyond_the_end_are_refused(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", page_of(1, PLAN))

    with pytest.raises(InvalidInput):
        await setting.check(norm, drawing, pages=[9])


async def test_a_foreign_norm_is_not_found(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", page_of(1, PLAN))
    setting.uow.documents.stored[norm.id] = msgspec.structs.replace(norm, owner_id=new_id())

    with pytest.raises(NotFound):
        await setting.check(norm, drawing)
    assert drawing.owner_id == OWNER


class Asked:
    """A norm with one demand that only a model can judge, and a drawing that speaks of it."""

    text = "5.7 Двери эвакуационных выходов при числе людей более 15 должны быть шириной не менее 3,5 м."
    plan = "Двери эвакуационных выходов, число людей 40: ширина 3 м"

    @classmethod
    async def judged(cls, setting: Setting, *replies: msgspec.Struct | Exception, plan: str = "") -> Row:
        norm = await setting.add("ТЗ.pdf", page_of(1, cls.text))
        drawing = await setting.add("АР.pdf", page_of(1, plan or cls.plan))
        setting.will_reply(RequirementsReply(), *replies)
        (row,) = await setting.check(norm, drawing)
        return row


async def _block_id(setting: Setting) -> str:
    documents = list(setting.uow.documents.stored)
    blocks = await setting.uow.documents.blocks(documents[-1])
    return blocks[0].id


def _opinion(verdict: Verdict, block_id: str, quote: str) -> JudgeReply:
    evidence = (Evidence(block_id=block_id, quote=quote),)
    return JudgeReply(judged=(JudgedRequirement(number=1, evidence=evidence, verdict=verdict, reason="Видно."),))


def _id_of(plan: str) -> str:
    return page_of(1, plan).blocks[0].id


async def test_a_models_fail_is_kept_when_the_arithmetic_says_so(setting: Setting) -> None:
    row = await Asked.judged(setting, _opinion(Verdict.FAIL, _id_of(Asked.plan), Asked.plan))

    assert (row.verdict, row.reason, row.judged_by) == (Verdict.FAIL, "computed_fail", "fake:model")
    assert (row.found, row.note) == ("3 м", "Видно.")


async def test_a_models_pass_on_a_value_that_breaks_the_limit_is_never_a_pass(setting: Setting) -> None:
    row = await Asked.judged(setting, _opinion(Verdict.PASS, _id_of(Asked.plan), Asked.plan))

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "disagreeing")
    assert [proof.found for proof in row.proofs] == ["3 м"]


@pytest.mark.parametrize(
    ("block_id", "quote"),
    [
        pytest.param(_id_of(Asked.plan), "Двери эвакуационных выходов: ширина 3,6 м", id="invented words"),
        pytest.param("AAAA-BBBB-CCC", Asked.plan, id="invented block"),
        pytest.param(_id_of(Asked.plan), "3 м", id="a bare value"),
        pytest.param(_id_of(Asked.plan), "", id="no words"),
    ],
)
async def test_a_pass_on_words_that_are_not_there_is_never_a_pass(setting: Setting, block_id: str, quote: str) -> None:
    row = await Asked.judged(setting, _opinion(Verdict.PASS, block_id, quote))

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "unverified")


async def test_a_pass_on_another_thing_is_never_a_pass(setting: Setting) -> None:
    plan = "Ширина проезда 3,6 м"

    row = await Asked.judged(setting, _opinion(Verdict.PASS, _id_of(plan), plan), plan=f"{plan}. {Asked.plan}")

    assert row.verdict is Verdict.UNKNOWN


async def test_a_pass_on_the_right_words_and_arithmetic_is_a_pass(setting: Setting) -> None:
    plan = "Двери эвакуационных выходов, число людей 40: ширина 3600 мм"

    row = await Asked.judged(setting, _opinion(Verdict.PASS, _id_of(plan), plan), plan=plan)

    assert (row.verdict, row.reason) == (Verdict.PASS, "computed_pass")


async def test_what_a_model_says_nothing_of_is_unknown(setting: Setting) -> None:
    row = await Asked.judged(setting, JudgeReply())

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "undecided")


async def test_without_budget_the_rest_is_judged_by_rules_and_said(setting: Setting) -> None:
    row = await Asked.judged(setting, BudgetExceeded("calls"))

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "not_reached")
    assert "budget" in [note["code"] for note in setting.result["notes"]]


async def test_a_model_that_refuses_leaves_the_rules(setting: Setting) -> None:
    row = await Asked.judged(setting, ProviderRefused("no"))

    assert row.verdict is Verdict.UNKNOWN
    assert "judged_by_rules" in [warning["code"] for warning in setting.ctx.payloads(EventType.WARNING)]


async def test_requirements_that_a_model_adds_must_stand_in_the_norm(setting: Setting) -> None:
    text = "Общие данные. Все розетки с заземляющим контактом."
    norm = await setting.add("ТЗ.pdf", page_of(1, text))
    drawing = await setting.add("АР.pdf", page_of(1, "Розетки с заземляющим контактом, 16 А"))
    block_id = _id_of(text)
    setting.will_reply(
        RequirementsReply(
            requirements=(
                FoundRequirement(block_id=block_id, quote="Все розетки с заземляющим контактом."),
                FoundRequirement(block_id=block_id, quote="Все розетки должны быть красными."),
            )
        ),
        _opinion(Verdict.PASS, _id_of("Розетки с заземляющим контактом, 16 А"), "Розетки с заземляющим контактом"),
    )

    (row,) = await setting.check(norm, drawing)

    assert row.requirement.text == "Все розетки с заземляющим контактом."
    assert (row.verdict, row.reason) == (Verdict.PASS, "quoted_pass")
    dropped = [w for w in setting.ctx.payloads(EventType.WARNING) if w["code"] == "quotes_dropped"]
    assert [warning["count"] for warning in dropped] == [1]


async def test_words_around_a_label_of_the_drawing_are_no_quotation(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, "5.1 Коридор должен быть оборудован пожарной сигнализацией."))
    plan = "Коридор"
    drawing = await setting.add("АР.pdf", page_of(1, plan))
    setting.will_reply(
        RequirementsReply(), _opinion(Verdict.PASS, _id_of(plan), "Коридор оборудован пожарной сигнализацией")
    )

    (row,) = await setting.check(norm, drawing)

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "unverified")


async def test_a_label_that_only_names_the_subject_is_no_evidence(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, "5.1 Коридор должен быть оборудован пожарной сигнализацией."))
    plan = "Коридор 101"
    drawing = await setting.add("АР.pdf", page_of(1, plan))
    setting.will_reply(RequirementsReply(), _opinion(Verdict.PASS, _id_of(plan), plan))

    (row,) = await setting.check(norm, drawing)

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "unverified")


async def test_words_of_another_language_prove_nothing_without_a_value_or_a_name(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, "5.1 Коридор должен быть оборудован пожарной сигнализацией."))
    plan = "Коридор: handrails are painted grey on both sides of the stairs"
    drawing = await setting.add("A-101.pdf", page_of(1, plan))
    setting.will_reply(RequirementsReply(), _opinion(Verdict.PASS, _id_of(plan), plan))

    (row,) = await setting.check(norm, drawing)

    assert row.verdict is Verdict.UNKNOWN


async def test_a_contradiction_stays_one_when_the_budget_is_spent(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", page_of(1, "Ширина коридора 1100 мм", "Ширина коридора 1300 мм"))
    setting.will_reply(BudgetExceeded("calls"))

    rows = await setting.check(norm, drawing)

    assert rows[0].reason == "contradictory"


async def test_pages_without_requirements_use_up_questions_about_the_norm_too(setting: Setting) -> None:
    pages = [page_of(n, "Общие сведения о здании.") for n in range(1, 121)]
    norm = await setting.add("ТЗ.pdf", *pages)
    setting.uow.documents.stored[norm.id] = msgspec.structs.replace(norm, page_count=120)
    drawing = await setting.add("АР.pdf", page_of(1, PLAN))
    setting.will_reply(*[RequirementsReply()] * 12)

    await setting.check(norm, drawing)

    assert setting.states[-1][1].questions == 12


async def test_what_the_rules_are_sure_of_costs_no_question(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, NORM))
    drawing = await setting.add("АР.pdf", page_of(1, PLAN, LOW))
    setting.will_reply(RequirementsReply())

    await setting.check(norm, drawing)

    assert [asked.prompt for asked in setting.ctx.asks] == ["matrix/requirements"]


def _picture_block() -> PageContent:
    """A page with a note and a figure without words."""
    page = page_of(1, Asked.plan)
    figure = msgspec.structs.replace(
        page.blocks[0], id="FFFF-FFFF-FFF", block_no=1, kind=BlockKind.IMAGE, content="", box=(0.2, 0.4, 0.6, 0.8)
    )
    return msgspec.structs.replace(page, blocks=(*page.blocks, figure))


async def test_what_a_model_sees_only_on_a_picture_is_told_and_decides_nothing(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, Asked.text))
    drawing = await setting.add("АР.pdf", _picture_block())
    setting.will_reply(RequirementsReply(), _opinion(Verdict.PASS, "P1", ""))
    setting.ctx.can = Capabilities(images=True)

    (row,) = await setting.check(norm, drawing)

    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, "seen_only")
    assert [(proof.basis, proof.place.block_id) for proof in row.proofs] == [("seen", "FFFF-FFFF-FFF")]
    assert [part.label for part in setting.ctx.asks[-1].parts if isinstance(part, ImagePart)] == ["P1"]
    assert setting.ctx.renderer.pinned == [True]


async def test_a_picture_that_cannot_be_drawn_is_left_out(setting: Setting) -> None:
    norm = await setting.add("ТЗ.pdf", page_of(1, Asked.text))
    drawing = await setting.add("АР.pdf", _picture_block())
    setting.will_reply(RequirementsReply(), _opinion(Verdict.PASS, "P1", ""))
    setting.ctx.can = Capabilities(images=True)
    setting.ctx.renderer.failure = DocumentRejected("broken")

    (row,) = await setting.check(norm, drawing)

    assert row.reason == "unverified"
