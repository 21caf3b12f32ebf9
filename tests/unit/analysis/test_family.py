"""The family as a whole: a question in, an answer with its proof out, offline."""

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.budgets import Budget
from domain.events import EventType
from domain.families.analysis.family import FAMILY
from domain.families.analysis.types import AnalysisState
from domain.family import Stage
from domain.stage import Finished, Next
from storage.prompts import FilePrompts
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import add_document, page_of
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask
from workers.asking import Asker
from workers.engine import MAX_STATE_BYTES
from workers.models import ModelConfig
from workers.providers.registry import build_providers

PROMPTS = Path(__file__).parents[3] / "prompts"


async def run(ctx: FakeStageContext, state: AnalysisState) -> Finished:
    """The stages one after another, each state through JSON as a checkpoint would take it."""
    stage: Stage | None = FAMILY.stages[0]
    while stage is not None:
        ctx.teller.stage = stage.name
        outcome: Any = await stage.run(ctx, state)
        if isinstance(outcome, Finished):
            if outcome.write is not None:
                await outcome.write(ctx.store)
            return outcome
        assert isinstance(outcome, Next)
        kept = msgspec.json.encode(outcome.state)
        assert len(kept) <= MAX_STATE_BYTES
        state = msgspec.json.decode(kept, type=AnalysisState)
        stage = FAMILY.stage(outcome.goto) if outcome.goto else FAMILY.after(stage.name)
    raise AssertionError("the last stage did not finish")


def offline_asker() -> tuple[Asker, FakeLLMLog]:
    log = FakeLLMLog()
    providers = build_providers({}, FakeBlobs())
    return Asker(providers=providers, config=ModelConfig(), prompts=FilePrompts(PROMPTS), log=log, budget=Budget()), log


async def test_a_question_is_answered_offline_with_an_exact_box(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    document = await add_document(
        uow,
        user_id,
        "ОВ.pdf",
        page_of(1, "Общие данные", sheet="1"),
        page_of(
            2, "Приточная установка П1 обслуживает зал.\nРасход воздуха установки П1 составляет 4200 м³/ч.", sheet="5"
        ),
    )
    asker, log = offline_asker()
    ctx = FakeStageContext(uow, user_id, asker=asker)

    finished = await run(ctx, ask("Какой расход воздуха у установки П1?"))

    answer = finished.result["answer"]
    assert "4200 м³/ч" in answer["text"]
    assert answer["text"].endswith("_Прочитано без модели._")
    assert (answer["model"], answer["offline"]) == ("dryrun:reader", True)
    [citation] = answer["citations"]
    assert (citation["document_id"], citation["page_no"], citation["sheet"]) == (str(document.id), 2, "лист 5 (стр. 2)")
    assert len(citation["boxes"]) >= 1
    assert ctx.snapshot().answer == finished.text == answer["text"]
    assert ctx.payloads(EventType.ANSWER_COMPLETED)[0]["offline"] is True
    assert [call.request.purpose for call in log.calls] == ["analysis/classify", "analysis/answer"]
    assert len(uow.chats.answers) == 1
