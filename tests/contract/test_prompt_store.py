"""What `domain.ports.PromptStore` promises: of the files, of the database over them, and of the fake."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import NotFound
from domain.jobs import Job
from domain.ports import PromptStore
from storage.direct import Direct
from storage.prompts import DatabasePrompts, FilePrompts
from storage.uow import Database
from storage.users import User
from tests.fakes.jobs import accept, claim_one, get, new_job
from tests.fakes.prompt_store import FakePrompts

NAME = "analysis/answer"
TEXT = "Answer {{question}}"


def files(tmp_path: Path, text: str = TEXT) -> FilePrompts:
    (tmp_path / "analysis").mkdir(exist_ok=True)
    (tmp_path / "analysis" / "answer.md").write_text(text, encoding="utf-8")
    return FilePrompts(tmp_path)


@pytest.fixture(params=["fake", "files", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PromptStore:
    if request.param == "fake":
        return FakePrompts(analysis__answer=TEXT)
    if request.param == "files":
        return files(tmp_path)
    return DatabasePrompts(files(tmp_path), request.getfixturevalue("auto"))


@pytest.fixture
async def job(database: Database, admin: User) -> Job:
    """A job that runs."""
    await accept(database, new_job(admin.id))
    return (await claim_one(database)).job


async def test_a_prompt_is_found_by_its_name_and_again_by_its_version(store: PromptStore) -> None:
    live = await store.get(NAME)

    assert live.text == TEXT
    assert await store.get(NAME, live.version) == live
    assert store.names() == {NAME}


@pytest.mark.parametrize(("name", "version"), [("analysis/none", None), (NAME, "v7"), (NAME, "0123456789ab")])
async def test_what_is_not_there_is_not_found(store: PromptStore, name: str, version: str | None) -> None:
    with pytest.raises(NotFound):
        await store.get(name, version)


async def test_what_was_pinned_before_stays(store: PromptStore, job: Job) -> None:
    pins = await store.pin(job, {NAME: "v1"})

    assert pins == {NAME: "v1"}


async def test_pins_are_kept_in_the_job_and_only_by_its_run(
    tmp_path: Path, auto: Direct, database: Database, job: Job
) -> None:
    store = DatabasePrompts(files(tmp_path), auto)

    assert await store.pin(job, {NAME: "v1", "a/b": "x"}) == {NAME: "v1", "a/b": "x"}
    assert await store.pin(job, {NAME: "v2", "c/d": "y"}) == {NAME: "v1", "a/b": "x", "c/d": "y"}
    assert (await store.pin(job, {NAME: "v3"}, over=True))[NAME] == "v3"
    assert (await get(database, job.id)).prompt_pins == {NAME: "v3", "a/b": "x", "c/d": "y"}


async def test_a_published_text_stands_over_the_file_until_it_is_withdrawn(
    tmp_path: Path, auto: Direct, database: Database, admin: User
) -> None:
    store = DatabasePrompts(files(tmp_path), auto, live_s=0.0)
    file = await store.get(NAME)

    async with database.uow() as uow:
        draft = await uow.prompts.save(NAME, "Draft {{question}}", author_id=admin.id, live=False)
        await uow.commit()
    assert await store.get(NAME) == file
    assert (await store.get(NAME, draft.version)).text == "Draft {{question}}"

    async with database.uow() as uow:
        await uow.prompts.publish(NAME, draft.version)
        await uow.commit()
    assert await store.get(NAME) == await store.get(NAME, "v1")

    async with database.uow() as uow:
        await uow.prompts.publish(NAME, None)
        await uow.commit()
    assert await store.get(NAME) == file


async def test_the_database_is_not_asked_again_for_a_while(
    tmp_path: Path, auto: Direct, database: Database, admin: User
) -> None:
    store = DatabasePrompts(files(tmp_path), auto, live_s=0.2)
    file = await store.get(NAME)
    async with database.uow() as uow:
        await uow.prompts.save(NAME, "Anew {{question}}", author_id=admin.id)
        await uow.commit()

    assert await store.get(NAME) == file
    await asyncio.sleep(0.25)
    assert (await store.get(NAME)).text == "Anew {{question}}"


async def test_a_live_text_that_no_longer_takes_what_the_file_takes_is_passed_over(
    tmp_path: Path, auto: Direct, database: Database, admin: User
) -> None:
    async with database.uow() as uow:
        await uow.prompts.save(NAME, "Answer {{question}}!", author_id=admin.id)
        await uow.commit()

    deployed = DatabasePrompts(files(tmp_path, "Answer {{question}} for {{role}}"), auto)

    assert (await deployed.get(NAME)).text == "Answer {{question}} for {{role}}"


async def test_the_text_of_a_replaced_file_is_still_there(tmp_path: Path, auto: Direct) -> None:
    former = DatabasePrompts(files(tmp_path), auto)
    await former.keep_files()
    await former.keep_files()
    version = (await former.get(NAME)).version

    deployed = DatabasePrompts(files(tmp_path, "Other {{question}}"), auto)

    assert (await deployed.get(NAME)).text == "Other {{question}}"
    assert (await deployed.get(NAME, version)).text == TEXT
