"""The log of model calls on real PostgreSQL."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ids import new_id
from domain.llm import ImagePart, LLMCall, LLMRequest, TextPart, Usage
from storage.database import open_sessions
from storage.llm_log import DatabaseLLMLog
from storage.tables.llm import LLMCallRow


def call(response: str = "{}", question: str = "Какой расход?") -> LLMCall:
    request = LLMRequest(
        model="gemini:flash",
        purpose="analysis/answer",
        system="Правила",
        parts=(TextPart(text=question), ImagePart(digest="ab" * 32, mime_type="image/png", label="A1")),
        variables={"materials": ["текст документа"]},
        schema={"type": "object"},
        temperature=0.3,
    )
    return LLMCall(
        job_id=new_id(),
        user_id=new_id(),
        stage="answer",
        role="flash",
        request=request,
        prompt_version="abc123",
        response=response,
        finish_reason="stop",
        usage=Usage(input_tokens=100, output_tokens=50, cost_micro_usd=7, calls=1, images=1),
        latency_ms=1200,
        first_token_ms=300,
    )


async def test_a_call_is_kept_with_what_was_sent_and_what_it_cost(engine: AsyncEngine) -> None:
    sessions = open_sessions(engine)
    logged = call(response='{"answer": "4200"}')

    await DatabaseLLMLog(sessions).write(logged)

    async with sessions() as session:
        [row] = (await session.execute(select(LLMCallRow))).scalars()
    assert (row.job_id, row.model, row.prompt, row.prompt_version) == (
        logged.job_id,
        "gemini:flash",
        "analysis/answer",
        "abc123",
    )
    assert (row.input_tokens, row.output_tokens, row.images, row.cost_micro_usd) == (100, 50, 1, 7)
    assert (row.latency_ms, row.first_token_ms, row.error, row.is_repair) == (1200, 300, None, False)
    assert row.response == '{"answer": "4200"}'
    assert row.request["parts"][0] == {"type": "text", "text": "Какой расход?"}
    assert row.request["parts"][1]["digest"] == "ab" * 32
    assert row.request["temperature"] == 0.3
    assert "variables" not in row.request


async def test_what_postgresql_cannot_hold_is_left_out_of_the_text(engine: AsyncEngine) -> None:
    sessions = open_sessions(engine)

    await DatabaseLLMLog(sessions).write(call(response="a\x00b", question="в\x00опрос"))

    async with sessions() as session:
        [row] = (await session.execute(select(LLMCallRow))).scalars()
    assert (row.response, row.request["parts"][0]["text"]) == ("ab", "вопрос")


async def test_what_a_job_has_spent_is_the_sum_of_its_calls(engine: AsyncEngine) -> None:
    log = DatabaseLLMLog(open_sessions(engine))
    first = call()
    await log.write(first)
    await log.write(msgspec.structs.replace(call(), job_id=first.job_id, own_key=True))
    await log.write(msgspec.structs.replace(call(), job_id=first.job_id, error="provider_limited", usage=Usage()))
    await log.write(call())

    spent = Usage(calls=2, input_tokens=200, output_tokens=100, cost_micro_usd=14, images=2)
    assert await log.spent(first.job_id) == (spent, 3.6)


async def test_a_job_without_calls_has_spent_nothing(engine: AsyncEngine) -> None:
    assert await DatabaseLLMLog(open_sessions(engine)).spent(new_id()) == (Usage(), 0.0)
