"""Users' own keys of model providers: encrypted rows, and the ring of master keys that opens them.

AES-256-GCM with a fresh nonce of 96 bits; associated data bind a ciphertext to its user and provider, so that one moved
to another row cannot be read (reliability.md §5.6). Only the worker that calls the provider reads a key.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import InvalidInput, ProviderRefused, Unavailable
from storage.database import Sessions
from storage.tables.users import ProviderKeyRow

_log = structlog.get_logger()

NONCE_BYTES = 12
MASTER_BYTES = 32


class KeyRing:
    """Master keys by version, the one to write with first. Empty: no key can be kept."""

    def __init__(self, masters: Mapping[str, bytes]) -> None:
        self._ciphers = {version: AESGCM(master) for version, master in masters.items()}

    @property
    def newest(self) -> str | None:
        """The version that is written with; null without any."""
        return next(iter(self._ciphers), None)

    def seal(self, secret: str, bound_to: str) -> tuple[str, bytes]:
        """The version used and the ciphertext, nonce first. Raises Unavailable without any master key."""
        if not self._ciphers:
            raise Unavailable(
                "ENCRYPTION_KEYS is not set",
                public_ru="Сервер не настроен для хранения ключей.",
                public_en="The server is not set up to keep keys.",
            )
        version, cipher = next(iter(self._ciphers.items()))
        nonce = os.urandom(NONCE_BYTES)
        return version, nonce + cipher.encrypt(nonce, secret.encode(), bound_to.encode())

    def open(self, version: str, sealed: bytes, bound_to: str) -> str | None:
        """The secret; null when its master key is gone or it belongs to something else."""
        cipher = self._ciphers.get(version)
        if cipher is None:
            return None
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode()).decode()
        except InvalidTag:
            return None


def read_key_ring(text: str) -> KeyRing:
    """From ENCRYPTION_KEYS: `version:key` separated by commas, newest first; a key without version is version 1. Keys
    are 32 bytes, as hexadecimal digits or base64. Raises `InvalidInput`, never showing a value."""
    masters: dict[str, bytes] = {}
    for place, item in enumerate(part.strip() for part in text.split(",") if part.strip()):
        version, _, key = item.rpartition(":")
        master = _decoded(key)
        if len(master) != MASTER_BYTES or len(version) > 20 or (version or "1") in masters:
            raise InvalidInput(f"ENCRYPTION_KEYS: entry {place + 1} is not <version>:<32 bytes>, or not the only one")
        masters[version or "1"] = master
    return KeyRing(masters)


class KeptKey(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a kept key."""

    provider: str
    last_four: str
    updated_at: datetime


class ProviderKeyRepository:
    """Of one transaction; the caller commits."""

    def __init__(self, session: AsyncSession, ring: KeyRing) -> None:
        self._session = session
        self._ring = ring

    async def put(self, user_id: UUID, provider: str, key: str) -> KeptKey:
        """Keep the user's key in place of an earlier one. Raises Unavailable."""
        version, sealed = self._ring.seal(key, _bound_to(user_id, provider))
        values = {"ciphertext": sealed, "key_version": version, "last_four": key[-4:], "updated_at": func.now()}
        statement = insert(ProviderKeyRow).values(user_id=user_id, provider=provider, **values)
        updated_at = await self._session.scalar(
            statement.on_conflict_do_update(
                index_elements=[ProviderKeyRow.user_id, ProviderKeyRow.provider], set_=values
            ).returning(ProviderKeyRow.updated_at)
        )
        assert updated_at is not None
        return KeptKey(provider=provider, last_four=key[-4:], updated_at=updated_at)

    async def delete(self, user_id: UUID, provider: str) -> bool:
        """False when there was none."""
        deleted = await self._session.scalar(
            delete(ProviderKeyRow)
            .where(ProviderKeyRow.user_id == user_id, ProviderKeyRow.provider == provider)
            .returning(ProviderKeyRow.provider)
        )
        return deleted is not None

    async def list_of(self, user_id: UUID) -> list[KeptKey]:
        rows = await self._session.scalars(
            select(ProviderKeyRow).where(ProviderKeyRow.user_id == user_id).order_by(ProviderKeyRow.provider)
        )
        return [KeptKey(provider=row.provider, last_four=row.last_four, updated_at=row.updated_at) for row in rows]


class DatabaseUserKeys:
    """See `domain.ports.UserKeys`."""

    def __init__(self, sessions: Sessions, ring: KeyRing) -> None:
        self._sessions = sessions
        self._ring = ring

    async def keys_of(self, user_id: UUID) -> dict[str, str]:
        async with self._sessions() as session:
            rows = list(await session.scalars(select(ProviderKeyRow).where(ProviderKeyRow.user_id == user_id)))
        return {row.provider: self._opened(row) for row in rows}

    async def reseal(self) -> int:
        """Seal with the newest master key what an older one sealed, so that the older one can be dropped; how many
        keys that were. Safe to do at any time: a key that is changed meanwhile stays as it was changed to."""
        async with self._sessions() as session:
            is_old = ProviderKeyRow.key_version != (self._ring.newest or "")
            rows = list(await session.scalars(select(ProviderKeyRow).where(is_old))) if self._ring.newest else []
        return sum([await self._reseal(row) for row in rows])

    async def _reseal(self, row: ProviderKeyRow) -> bool:
        bound_to = _bound_to(row.user_id, row.provider)
        key = self._ring.open(row.key_version, row.ciphertext, bound_to)
        if key is None:
            _log.error("provider_key_unreadable", user_id=str(row.user_id), provider=row.provider)
            return False
        version, sealed = self._ring.seal(key, bound_to)
        async with self._sessions() as session, session.begin():
            resealed = await session.scalar(
                update(ProviderKeyRow)
                .where(
                    ProviderKeyRow.user_id == row.user_id,
                    ProviderKeyRow.provider == row.provider,
                    ProviderKeyRow.ciphertext == row.ciphertext,
                )
                .values(ciphertext=sealed, key_version=version)
                .returning(ProviderKeyRow.provider)
            )
        return resealed is not None

    def _opened(self, row: ProviderKeyRow) -> str:
        key = self._ring.open(row.key_version, row.ciphertext, _bound_to(row.user_id, row.provider))
        if key is None:
            _log.error("provider_key_unreadable", user_id=str(row.user_id), provider=row.provider)
            raise ProviderRefused(
                f"key of {row.provider}, version {row.key_version}",
                public_ru="Сохранённый ключ модели не читается: введите его заново или удалите.",
                public_en="Your stored model key cannot be read: enter it again or delete it.",
            )
        return key


def _bound_to(user_id: UUID, provider: str) -> str:
    return f"provider_key|{user_id}|{provider}"


def _decoded(text: str) -> bytes:
    """Bytes of hexadecimal digits or base64; empty when it is neither."""
    try:
        return bytes.fromhex(text) if len(text) == 2 * MASTER_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
