"""Secrets on their way from the api to a worker: sealed, in Redis only, for minutes, read once.

A password of a file is never stored: neither in PostgreSQL nor in a job's payload nor in a log. Losing Redis loses the
secret; whoever waited for it asks for it again.
"""

import os
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import Unavailable

LIFE_S = 1800
"""Longer than a full queue takes before the reading starts. A guess."""

NONCE_BYTES = 12


class Vault:
    """See `domain.ports.Vault`. The key is derived from the service's secret."""

    def __init__(self, redis: Redis, secret: bytes) -> None:
        self._redis = redis
        self._cipher = AESGCM(sha256(b"vault\0" + secret).digest())

    async def put(self, owner: UUID, secret: str) -> None:
        """Keep the secret for whoever knows the owner. Raises Unavailable."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), owner.bytes)
        try:
            await self._redis.set(_key(owner), sealed, ex=LIFE_S)
        except RedisError as error:
            raise Unavailable("vault") from error

    async def take(self, owner: UUID) -> str | None:
        """The secret, which is gone then; null when there is none. Raises Unavailable."""
        try:
            sealed = await self._redis.getdel(_key(owner))
        except RedisError as error:
            raise Unavailable("vault") from error
        if not isinstance(sealed, bytes):
            return None
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes).decode()
        except InvalidTag:
            return None


def _key(owner: UUID) -> str:
    return f"vault:{owner}"
