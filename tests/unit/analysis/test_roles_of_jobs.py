"""The user's role in a job: read once, noted with its version, and told to who chooses the material."""

from uuid import UUID

import msgspec

from domain.answers import Intent
from domain.chats import Settings
from domain.families.analysis.classify import classify
from domain.families.analysis.collect import ROLE_WORDS, collect
from domain.families.analysis.replies import CollectReply
from domain.families.analysis.search import search
from domain.roles import RolePrompt
from tests.fakes.pages import add_document, page_of
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask

INTENT = Intent(focus_areas=("расход",))
ROLE = RolePrompt(id=2, version=4, name="Экономист", content="Считай.", focus=tuple(f"слово{n}" for n in range(20)))


async def test_the_role_is_read_with_the_settings_and_noted_at_the_checkpoint(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    uow.roles.stored[2] = ROLE
    uow.users.user_settings = Settings(selected_role_prompt_id=2)
    ctx = FakeStageContext(uow, user_id, INTENT)

    outcome = await classify(ctx, ask("Какой расход?"))

    assert outcome.state.role == ROLE
    assert uow.roles.pinned == {}
    assert outcome.write is not None
    await outcome.write(uow)
    assert uow.roles.pinned == {ctx.job.id: ROLE}


async def test_without_a_role_or_with_one_that_is_gone_nothing_is_noted(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask
) -> None:
    for settings in (Settings(), Settings(selected_role_prompt_id=99)):
        uow.users.user_settings = settings

        outcome = await classify(FakeStageContext(uow, user_id, INTENT), ask("Какой расход?"))

        assert (outcome.state.role, outcome.write) == (None, None)


async def test_the_collector_is_told_what_the_role_looks_for(uow: FakeUnitOfWork, user_id: UUID, ask: Ask) -> None:
    await add_document(uow, user_id, "ОВ.pdf", page_of(1, "Расход воздуха установки П1 — 4200 м³/ч."))
    uow.users.user_settings = Settings(model_profile="complex")
    state = (await classify(FakeStageContext(uow, user_id, INTENT), ask("Какой расход?"))).state
    state = (await search(FakeStageContext(uow, user_id), state)).state
    asked = {}
    for role in (None, ROLE):
        ctx = FakeStageContext(uow, user_id, *[CollectReply(selected_blocks=()) for _ in state.documents])

        await collect(ctx, msgspec.structs.replace(state, role=role))

        asked[role] = ctx.asks[0].variables["focus"]

    assert asked == {None: ["расход"], ROLE: ["расход", *ROLE.focus[:ROLE_WORDS]]}
