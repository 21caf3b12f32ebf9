"""Users' own keys of providers, on real PostgreSQL: sealed, bound to their owner, readable under older master keys."""

from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import InvalidInput, ProviderRefused, Unavailable
from storage.database import Sessions, open_sessions
from storage.provider_keys import DatabaseUserKeys, ProviderKeyRepository, read_key_ring
from storage.tables.users import ProviderKeyRow

OLD = "1:" + "11" * 32
NEW = "2:" + "22" * 32
KEY = "AIzaSyTestTestTestTestTestTestTestTest12"


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return open_sessions(engine)


async def put(sessions: Sessions, user_id: UUID, key: str = KEY, masters: str = OLD) -> None:
    async with sessions() as session, session.begin():
        await ProviderKeyRepository(session, read_key_ring(masters)).put(user_id, "gemini", key)


async def keys_of(sessions: Sessions, user_id: UUID, masters: str = OLD) -> dict[str, str]:
    return await DatabaseUserKeys(sessions, read_key_ring(masters)).keys_of(user_id)


async def row_of(sessions: Sessions, user_id: UUID) -> ProviderKeyRow:
    async with sessions() as session:
        return (await session.scalars(select(ProviderKeyRow).where(ProviderKeyRow.user_id == user_id))).one()


async def test_a_kept_key_is_read_by_its_owners_jobs_only(
    sessions: Sessions, user_id: UUID, other_user_id: UUID
) -> None:
    await put(sessions, user_id)

    assert await keys_of(sessions, user_id) == {"gemini": KEY}
    assert await keys_of(sessions, other_user_id) == {}


async def test_the_row_holds_nothing_of_the_key_but_its_end(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)

    row = await row_of(sessions, user_id)
    assert (row.last_four, row.key_version) == (KEY[-4:], "1")
    assert KEY[:-4].encode() not in row.ciphertext


async def test_a_new_key_takes_the_place_of_the_old_one(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)
    await put(sessions, user_id, "another-key-0000000001")

    assert await keys_of(sessions, user_id) == {"gemini": "another-key-0000000001"}
    assert (await row_of(sessions, user_id)).last_four == "0001"


async def test_a_key_is_sealed_differently_each_time(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)
    first = (await row_of(sessions, user_id)).ciphertext
    await put(sessions, user_id)

    assert (await row_of(sessions, user_id)).ciphertext != first


async def test_older_master_keys_still_open_what_they_sealed(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)
    turned = f"{NEW},{OLD}"

    assert await keys_of(sessions, user_id, turned) == {"gemini": KEY}
    await put(sessions, user_id, masters=turned)
    assert (await row_of(sessions, user_id)).key_version == "2"
    assert await keys_of(sessions, user_id, NEW) == {"gemini": KEY}


async def test_keys_are_sealed_anew_so_that_an_older_master_key_can_go(
    sessions: Sessions, user_id: UUID, other_user_id: UUID
) -> None:
    await put(sessions, user_id)
    await put(sessions, other_user_id, masters=f"{NEW},{OLD}")
    keys = DatabaseUserKeys(sessions, read_key_ring(f"{NEW},{OLD}"))

    assert (await keys.reseal(), await keys.reseal()) == (1, 0)

    assert await keys_of(sessions, user_id, NEW) == {"gemini": KEY}


async def test_a_key_that_cannot_be_read_is_left_as_it_is(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)

    assert await DatabaseUserKeys(sessions, read_key_ring(NEW)).reseal() == 0
    assert await DatabaseUserKeys(sessions, read_key_ring("")).reseal() == 0

    assert await keys_of(sessions, user_id) == {"gemini": KEY}


async def test_a_key_whose_master_is_gone_is_refused_not_passed_over(sessions: Sessions, user_id: UUID) -> None:
    await put(sessions, user_id)

    with pytest.raises(ProviderRefused):
        await keys_of(sessions, user_id, NEW)


async def test_a_ciphertext_moved_to_another_user_cannot_be_read(
    sessions: Sessions, user_id: UUID, other_user_id: UUID
) -> None:
    await put(sessions, user_id)
    await put(sessions, other_user_id, "another-key-0000000001")
    stolen = (await row_of(sessions, user_id)).ciphertext
    async with sessions() as session, session.begin():
        await session.execute(
            update(ProviderKeyRow).where(ProviderKeyRow.user_id == other_user_id).values(ciphertext=stolen)
        )

    with pytest.raises(ProviderRefused):
        await keys_of(sessions, other_user_id)


async def test_without_a_master_key_nothing_is_kept(sessions: Sessions, user_id: UUID) -> None:
    with pytest.raises(Unavailable):
        await put(sessions, user_id, masters="")


@pytest.mark.parametrize(
    "text",
    ["1:short", "11" * 31, f"{OLD},{OLD}", "1:" + "zz" * 32],
    ids=["too_short", "31_bytes", "one_version_twice", "no_digits"],
)
def test_a_master_key_that_is_none_is_named_by_its_place_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_key_ring(text)

    assert text.rpartition(":")[2] not in str(raised.value)


def test_master_keys_may_be_base64_and_without_a_version() -> None:
    ring = read_key_ring("IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=")
    version, sealed = ring.seal("secret", "me")

    assert (version, read_key_ring("1:" + "22" * 32).open("1", sealed, "me")) == ("1", "secret")
