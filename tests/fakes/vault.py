"""Secrets in memory."""

from uuid import UUID


class FakeVault:
    """`secrets` holds those that were not taken yet."""

    def __init__(self, secrets: dict[UUID, str]) -> None:
        self.secrets = secrets

    async def take(self, owner: UUID) -> str | None:
        return self.secrets.pop(owner, None)
