"""A count is never taken from one look at a picture."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.answers import AnswerReply, Intent, ReplyCitation
from domain.documents import Block, BlockKind
from tests.fakes.pages import add_document, page_of
from tests.fakes.provider import said_json
from tests.fakes.unit_of_work import FakeUnitOfWork
from tests.unit.analysis.conftest import Ask, AskModel
from tests.unit.analysis.test_family import run

QUESTION = "Сколько клапанов КПУ-1 на плане?"
COUNTING = Intent(intent_type="element_count")
LISTED = "Клапаны: КПУ-1, КПУ-2, КПУ-3."
DRAWING = Block(
    id="DRAW-DRAW-DRA", page_no=1, block_no=1, kind=BlockKind.IMAGE, content="План", box=(0.1, 0.5, 0.6, 0.8)
)
NOTE = "взято с изображения одним взглядом"


async def answered(uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, **reply: Any) -> dict[str, Any]:
    page = page_of(1, LISTED)
    await add_document(uow, user_id, "ОВ.pdf", msgspec.structs.replace(page, blocks=(*page.blocks, DRAWING)))
    ctx = ask_model(said_json(COUNTING), said_json(AnswerReply(**reply)))
    return (await run(ctx, ask(QUESTION))).result["answer"]


async def test_a_count_from_a_picture_is_called_unreliable(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel
) -> None:
    cited = (ReplyCitation(block_id=DRAWING.id),)

    answer = await answered(uow, user_id, ask, ask_model, citations=cited, answer_markdown="На плане 11 клапанов [1].")

    assert NOTE in answer["text"]
    assert answer["needs_more_evidence"]


@pytest.mark.parametrize(
    "text",
    ["Клапанов три: КПУ-1, КПУ-2, КПУ-3 [1].", "Всего 3 клапана: КПУ-1, КПУ-2, КПУ-3 [1]."],
    ids=["word", "digit"],
)
async def test_things_listed_in_text_are_counted(
    uow: FakeUnitOfWork, user_id: UUID, ask: Ask, ask_model: AskModel, text: str
) -> None:
    cited = (ReplyCitation(block_id=page_of(1, LISTED).blocks[0].id, quote="КПУ-1, КПУ-2, КПУ-3"),)

    answer = await answered(uow, user_id, ask, ask_model, citations=cited, answer_markdown=text)

    assert NOTE not in answer["text"]
