"""The log of model calls on real PostgreSQL."""

from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ids import new_id
from domain.llm import CallFault, ImagePart, LLMCall, LLMRequest, Piece, TextPart, Usage
from storage.database import open_sessions
from storage.dialogues import CallPage, read_calls
from storage.direct import Direct
from storage.llm_log import DatabaseLLMLog
from storage.tables.llm import LLMCallRow

LIMITED = CallFault(code="provider_limited")


def call(user_id: UUID, response: str = "{}", question: str = "Какой расход?") -> LLMCall:
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
        user_id=user_id,
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


async def test_a_call_is_kept_with_what_was_sent_and_what_it_cost(engine: AsyncEngine, user_id: UUID) -> None:
    sessions = open_sessions(engine)
    logged = call(user_id, response='{"answer": "4200"}')

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


async def test_what_postgresql_cannot_hold_is_left_out_of_the_text(engine: AsyncEngine, user_id: UUID) -> None:
    sessions = open_sessions(engine)

    await DatabaseLLMLog(sessions).write(call(user_id, response="a\x00b", question="в\x00опрос"))

    async with sessions() as session:
        [row] = (await session.execute(select(LLMCallRow))).scalars()
    assert (row.response, row.request["parts"][0]["text"]) == ("ab", "вопрос")


async def test_what_a_job_has_spent_is_the_sum_of_its_calls(engine: AsyncEngine, user_id: UUID) -> None:
    log = DatabaseLLMLog(open_sessions(engine))
    first = call(user_id)
    await log.write(first)
    await log.write(msgspec.structs.replace(call(user_id), job_id=first.job_id, own_key=True))
    await log.write(msgspec.structs.replace(call(user_id), job_id=first.job_id, fault=LIMITED, usage=Usage()))
    await log.write(call(user_id))

    spent = Usage(calls=2, input_tokens=200, output_tokens=100, cost_micro_usd=14, images=2)
    assert await log.spent(first.job_id) == (spent, 3.6)


async def test_a_reply_from_a_record_counts_as_the_recorded_call_but_costs_nothing(
    engine: AsyncEngine, user_id: UUID
) -> None:
    log = DatabaseLLMLog(open_sessions(engine))
    recorded = call(user_id)
    served = msgspec.structs.replace(call(user_id), served_by=recorded.id, usage=Usage(), latency_ms=1)
    await log.write(recorded)
    await log.write(served)

    spent = Usage(calls=1, input_tokens=100, output_tokens=50, images=1)
    assert await log.spent(served.job_id) == (spent, 1.2)


async def test_no_secret_is_kept_in_any_text(engine: AsyncEngine, user_id: UUID) -> None:
    log = DatabaseLLMLog(open_sessions(engine), secrets=["hunter2-of-the-bucket"])
    planted = [
        "hunter2-of-the-bucket",
        "AIzaSyPlantedPlantedPlanted1234",
        "azd_plantedplantedplantedplanted_00000000",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
        "plantedplantedplantedplanted",
    ]
    first, google, token, access, bearer = planted
    text = f"key {first}, {google} {token} {access}, Authorization: Bearer {bearer}, /pictures/ab?exp=1&sig={bearer}"
    fault = CallFault(code="provider_refused", detail=f"400 INVALID_ARGUMENT: {text}", public_en=text)
    logged = msgspec.structs.replace(
        call(user_id, response=f'{{"answer": "{text}"}}', question=text),
        fault=fault,
        thinking=text,
        pieces=(Piece(True, 5, 0), Piece(False, 7, 1)),
    )

    await log.write(logged)

    async with engine.connect() as connection:
        [(row,)] = (await connection.exec_driver_sql("select c::text from llm_calls c")).all()
    assert [secret for secret in planted if secret in row] == []
    async with open_sessions(engine)() as session:
        [kept] = (await session.execute(select(LLMCallRow))).scalars()
    assert msgspec.json.decode(kept.response).keys() == {"answer"}
    assert [length for _, length, _ in kept.pieces] == [len(kept.thinking), len(kept.response)]


async def test_what_a_user_asked_goes_with_the_user(engine: AsyncEngine, user_id: UUID) -> None:
    await DatabaseLLMLog(open_sessions(engine)).write(call(user_id))

    async with engine.begin() as connection:
        await connection.exec_driver_sql("delete from users")
        [(left,)] = (await connection.exec_driver_sql("select count(*) from llm_calls")).all()
    assert left == 0


async def test_a_job_without_calls_has_spent_nothing(engine: AsyncEngine) -> None:
    assert await DatabaseLLMLog(open_sessions(engine)).spent(new_id()) == (Usage(), 0.0)


async def test_a_page_of_a_dialogue_is_bounded_by_its_bytes_and_holds_at_least_one_call(
    engine: AsyncEngine, user_id: UUID
) -> None:
    log, job_id = DatabaseLLMLog(open_sessions(engine)), new_id()
    for response in ("a" * 1000, "ж" * 5000, "b" * 1000, "c" * 1000):
        await log.write(msgspec.structs.replace(call(user_id, response=response), job_id=job_id))
    direct = Direct(engine)

    pages: list[CallPage] = []
    while not pages or pages[-1].has_more:
        after = pages[-1].calls[-1].id if pages else None
        pages.append(await read_calls(direct, job_id, after=after, most_bytes=4000))

    assert [[logged.response[:1] for logged in page.calls] for page in pages] == [["a"], ["ж"], ["b", "c"]]
    by_count = await read_calls(direct, job_id, limit=3)
    assert (len(by_count.calls), by_count.has_more) == (3, True)
    assert not (await read_calls(direct, job_id, limit=4)).has_more
    assert await read_calls(direct, new_id()) == CallPage(calls=[], has_more=False)
