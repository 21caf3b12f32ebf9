"""The probe family."""

from domain.families.probe.family import FAMILY
from domain.ids import new_id
from domain.stage import Finished
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork


async def test_the_probe_returns_its_payload() -> None:
    state = FAMILY.start({"nonce": 7})

    outcome = await FAMILY.stages[0].run(FakeStageContext(FakeUnitOfWork(), new_id()), state)

    assert outcome == Finished(result={"nonce": 7})
