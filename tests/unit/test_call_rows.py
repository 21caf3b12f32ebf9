"""The row of a paid call: what is known of it when."""

import asyncio
from uuid import UUID

import pytest

from domain.budgets import Meter
from domain.chats import Settings
from domain.llm import LLMCall, LLMRequest, TextPart, Usage
from domain.prompts import Prompt
from tests.fakes.prompt_store import FakeLLMLog
from tests.fakes.stage_context import FakeStageContext
from tests.fakes.unit_of_work import FakeUnitOfWork
from workers.call_rows import SENT_AFTER_S, CallRow
from workers.questions import Question, Shown
from workers.receiving import Received

REQUEST = LLMRequest(
    model="gemini:flash", purpose="a/b", system="rules", parts=(TextPart(text="blocks"),), variables={}
)
ROOM = Usage(calls=1, cost_micro_usd=900)
USED = Usage(calls=1, cost_micro_usd=5)


class WatchedLog(FakeLLMLog):
    """`told` is every write: what it cost then, the request's texts, and whether those were written with it."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.told: list[tuple[int, int, bool]] = []
        self._fails = fails

    async def write(self, call: LLMCall, *, with_request: bool = True) -> None:
        self.told.append((call.usage.cost_micro_usd, len(call.request.parts), with_request))
        if self._fails and len(self.told) == 2:
            raise ValueError("refused by the database")
        await super().write(call, with_request=with_request)


@pytest.fixture
def question() -> Question:
    return Question(
        role="flash",
        prompt=Prompt(name="a/b", version="1", text=""),
        system="rules",
        user="",
        variables={},
        parts=(),
        schema=Usage,
        stream_field=None,
        hold=None,
        settings=Settings(),
        user_settings=Settings(),
        keys={},
        meter=Meter(Usage()),
        shown=Shown(),
    )


def row_of(log: FakeLLMLog, question: Question) -> CallRow:
    run = FakeStageContext(FakeUnitOfWork(), UUID(int=1))
    return CallRow(log, run, question, Received(None), is_repair=False)


async def test_a_long_call_keeps_what_was_sent_before_its_reply_is_there(question: Question) -> None:
    log = WatchedLog()
    row = row_of(log, question)

    await row.begin(REQUEST, ROOM)
    row.sending(REQUEST, ROOM)
    await asyncio.sleep(SENT_AFTER_S * 2)
    kept = log.calls[0]
    await row.end(REQUEST, USED, None)

    assert (kept.request, kept.usage) == (REQUEST, ROOM)
    assert log.told == [(900, 0, True), (900, 1, True), (5, 1, False)]
    assert (log.calls[0].request, log.calls[0].usage, log.calls[0].error) == (REQUEST, USED, None)


async def test_a_short_call_is_written_at_its_end_with_what_was_sent(question: Question) -> None:
    log = WatchedLog()
    row = row_of(log, question)

    await row.begin(REQUEST, ROOM)
    row.sending(REQUEST, ROOM)
    await row.end(REQUEST, USED, None)

    assert log.told == [(900, 0, True), (5, 1, True)]


async def test_what_could_not_be_kept_meanwhile_is_kept_at_the_end(question: Question) -> None:
    log = WatchedLog(fails=True)
    row = row_of(log, question)

    await row.begin(REQUEST, ROOM)
    row.sending(REQUEST, ROOM)
    await asyncio.sleep(SENT_AFTER_S * 2)
    await row.end(REQUEST, USED, None)

    assert log.told[-1] == (5, 1, True)
    assert log.calls[0].request == REQUEST


async def test_a_call_that_costs_nothing_has_one_write(question: Question) -> None:
    log = WatchedLog()
    row = row_of(log, question)

    await row.begin(REQUEST, Usage())
    row.sending(REQUEST, Usage())
    await row.end(REQUEST, Usage(calls=1), None)

    assert log.told == [(0, 1, True)]
