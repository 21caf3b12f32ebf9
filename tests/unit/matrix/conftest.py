"""A matrix job over fakes, run stage by stage as the engine runs it."""

from typing import Any

import msgspec
import pytest

from domain.documents import Document, PageContent
from domain.families.matrix.family import FAMILY
from domain.families.matrix.replies import RequirementsReply
from domain.families.matrix.types import MatrixState, Row
from domain.ids import new_id
from domain.llm import Capabilities
from domain.stage import Finished, Next
from tests.fakes.blobs import FakeBlobs
from tests.fakes.pages import add_document
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork

OWNER = new_id()


class Setting:
    """`states` are the checkpoints in order. Without replies the reader is offline."""

    def __init__(self) -> None:
        self.uow = FakeUnitOfWork()
        self.ctx = FakeStageContext(self.uow, OWNER)
        self.ctx.blobs = FakeBlobs()
        self.ctx.can = Capabilities(offline=True)
        self.ctx.offline = True
        self.ctx._replies = [RequirementsReply()]
        self.states: list[tuple[str, MatrixState]] = []
        self.result: dict[str, Any] = {}

    def will_reply(self, *replies: msgspec.Struct | Exception) -> None:
        self.ctx.can = Capabilities()
        self.ctx.offline = False
        self.ctx._replies = list(replies)

    async def add(self, name: str, *pages: PageContent, **fields: Any) -> Document:
        return await add_document(self.uow, OWNER, name, *pages, **fields)

    async def check(self, norm: Document, *drawings: Document, **wishes: Any) -> list[Row]:
        payload = {"requirements": str(norm.id), "drawings": [str(d.id) for d in drawings], **wishes}
        return await self.go_on("prepare", FAMILY.start(payload))

    async def go_on(self, name: str | None, state: MatrixState) -> list[Row]:
        """Run from this stage to the end, every state through JSON as a checkpoint would take it."""
        while True:
            outcome = await FAMILY.stage(name).run(self.ctx, state)
            if isinstance(outcome, Finished):
                self.result = msgspec.json.decode(msgspec.json.encode(outcome.result))
                return msgspec.json.decode(await self.ctx.blobs.get(self.result["rows"]), type=list[Row])
            assert isinstance(outcome, Next)
            state = msgspec.json.decode(msgspec.json.encode(outcome.state), type=FAMILY.state_type)
            following = FAMILY.after(name or "")
            name = outcome.goto or (following.name if following else None)
            self.states.append((name or "", state))


@pytest.fixture
def setting() -> Setting:
    return Setting()
