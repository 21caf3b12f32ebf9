"""Saving, publishing and pinning texts of prompts on real PostgreSQL."""

import asyncio

import pytest

from domain.errors import Conflict, NotFound
from storage.prompt_versions import SavedPrompt
from storage.uow import Database
from storage.users import User
from tests.fakes.jobs import accept, claim_one, get, new_job

NAME = "analysis/answer"


async def save(
    database: Database, author: User, text: str, *, live: bool = True, seen: int | None = None
) -> SavedPrompt:
    async with database.uow() as uow:
        saved = await uow.prompts.save(NAME, text, author_id=author.id, note=text[:1], live=live, seen_revision=seen)
        await uow.commit()
    return saved


async def test_versions_are_numbered_and_the_newest_comes_first(database: Database, admin: User) -> None:
    for text in ("one", "two", "three"):
        await save(database, admin, text, live=text != "two")

    async with database.uow() as uow:
        history = await uow.prompts.history(NAME)
        rest = await uow.prompts.history(NAME, before="v2")
        state = await uow.prompts.state(NAME)

    assert [(one.version, one.text, one.live_at is not None) for one in history] == [
        ("v3", "three", True),
        ("v2", "two", False),
        ("v1", "one", True),
    ]
    assert [one.version for one in rest] == ["v1"]
    assert (history[0].note, history[0].author_id) == ("t", admin.id)
    assert (state.live, state.revision) == ("v3", 3)


async def test_of_two_editors_who_saw_the_same_revision_one_wins(database: Database, admin: User) -> None:
    await save(database, admin, "first")

    done = await asyncio.gather(
        *(save(database, admin, text, seen=1) for text in ("a", "b", "c")), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Conflict", "SavedPrompt"]
    async with database.uow() as uow:
        assert [one.version for one in await uow.prompts.history(NAME)] == ["v2", "v1"]


async def test_many_who_do_not_care_are_all_saved(database: Database, admin: User) -> None:
    saved = await asyncio.gather(*(save(database, admin, str(number)) for number in range(10)))

    assert sorted(int(one.version[1:]) for one in saved) == list(range(1, 11))


async def test_publishing_is_refused_for_what_is_unknown_or_was_changed(database: Database, admin: User) -> None:
    await save(database, admin, "first")

    async with database.uow() as uow:
        with pytest.raises(NotFound):
            await uow.prompts.publish(NAME, "v9")
        with pytest.raises(NotFound):
            await uow.prompts.publish(NAME, "0123456789ab")
        with pytest.raises(Conflict):
            await uow.prompts.publish(NAME, "v1", seen_revision=0)
        with pytest.raises(NotFound):
            await uow.prompts.saved(NAME, "0123456789ab")


async def test_a_job_is_accepted_with_drafts_and_lets_them_go_on_wish(database: Database, admin: User) -> None:
    draft = await save(database, admin, "draft", live=False)
    job = new_job(admin.id)
    async with database.uow() as uow:
        await uow.jobs.accept(job)
        await uow.prompts.pin(job.id, {NAME: draft.version})
        await uow.commit()

    assert (await claim_one(database)).job.prompt_pins == {NAME: "v1"}
    async with database.uow() as uow:
        await uow.prompts.unpin(job.id)
        await uow.commit()
    assert (await get(database, job.id)).prompt_pins == {}


async def test_only_what_is_stored_can_be_pinned(database: Database, admin: User) -> None:
    [job_id] = await accept(database, new_job(admin.id))

    async with database.uow() as uow:
        with pytest.raises(NotFound):
            await uow.prompts.pin(job_id, {NAME: "v1"})
