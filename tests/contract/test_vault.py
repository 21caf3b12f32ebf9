"""The vault: secrets that are read once."""

from redis.asyncio import Redis

from domain.ids import new_id
from storage.vault import Vault

SECRET = b"s" * 32


async def test_a_secret_is_read_once(redis: Redis):
    vault, owner = Vault(redis, SECRET), new_id()

    await vault.put(owner, "пароль")

    assert [await vault.take(owner), await vault.take(owner)] == ["пароль", None]


async def test_a_secret_is_sealed_for_its_owner_and_the_services_key_and_forgets_itself(redis: Redis):
    owner = new_id()
    await Vault(redis, SECRET).put(owner, "пароль")
    (key,) = await redis.keys("vault:*")

    assert "пароль".encode() not in (await redis.get(key) or b"")
    assert 0 < await redis.ttl(key) <= 1800
    assert await Vault(redis, b"t" * 32).take(owner) is None
