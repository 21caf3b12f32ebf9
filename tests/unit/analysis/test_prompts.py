"""The prompt files fit what the stages fill in."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.answers import AnswerReply, Intent, ReplyCitation
from domain.evidence import Region
from domain.families.analysis.family import FAMILY
from domain.families.analysis.types import Facts
from domain.family import Stage
from domain.llm import Capabilities
from domain.prompts import variables_of
from storage.prompts import read_prompts
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

PROMPTS = read_prompts(Path(__file__).parents[3] / "prompts")


def test_every_prompt_of_the_family_has_a_file() -> None:
    assert {name for stage in FAMILY.stages for name in stage.prompts} <= PROMPTS.keys()


async def test_the_stages_fill_in_exactly_the_variables_of_their_prompts(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    document = await add_document(uow, user_id, "a.pdf", page_of(1, "Расход П1 4200 м³/ч"))
    reply = AnswerReply(citations=(ReplyCitation(block_id="x"),), answer_markdown="Так [1].")
    ctx = FakeStageContext(uow, user_id, Intent(requires_visual_detail=True), Facts(), reply)
    ctx.can = Capabilities(images=True)
    region = Region(document_id=document.id, page_no=1, box=(0.1, 0.1, 0.5, 0.5))
    state = ask("Какой расход П1?")
    state = msgspec.structs.replace(state, question=msgspec.structs.replace(state.question, regions=(region,)))

    stage: Stage | None = FAMILY.stages[0]
    while stage is not None and stage.name != "verify":
        outcome: Any = await stage.run(ctx, state)
        state = outcome.state
        stage = FAMILY.stage(outcome.goto) if outcome.goto else FAMILY.after(stage.name)

    assert {asked.prompt: frozenset(asked.variables) for asked in ctx.asks} == {
        asked.prompt: variables_of(PROMPTS[asked.prompt].text) for asked in ctx.asks
    }
    assert len(ctx.asks) == 3


def test_document_text_stands_in_the_users_part_only() -> None:
    for name in ("analysis/answer", "analysis/classify", "analysis/collect", "analysis/compare", "analysis/extract"):
        system, _, user = PROMPTS[name].text.partition("<!-- user -->")
        assert "{{question}}" in user
        assert not {"{{materials}}", "{{facts}}", "{{pictures}}", "{{differences}}"} & set(
            re.findall(r"{{\w+}}", system)
        )
