"""Embedding in the background waits its turn like every other call."""

import pytest

from domain.errors import ProviderLimited
from tests.fakes.embedder import FakeEmbedder
from workers.embedding import LimitedEmbedder
from workers.limiting import Ticket


class Turns:
    """A limiter that remembers who came and went."""

    def __init__(self) -> None:
        self.entered: list[tuple[str, str]] = []
        self.left: list[float | None] = []

    async def enter(self, model: str, owner: str, tokens: int) -> Ticket:
        assert tokens > 0
        self.entered.append((model, owner))
        return Ticket(model, "", tokens)

    async def leave(self, ticket: Ticket, tokens: int, *, pause_s: float | None = None) -> None:
        self.left.append(pause_s)


async def test_a_batch_takes_one_turn_of_the_servers_account() -> None:
    turns = Turns()

    told = await LimitedEmbedder(FakeEmbedder(), turns).embed_documents(["насос", "клапан"])

    assert len(told.vectors) == 2
    assert (turns.entered, turns.left) == ([("fake:model", "server")], [None])


async def test_a_limit_told_by_the_provider_pauses_the_account() -> None:
    turns, embedder = Turns(), FakeEmbedder()
    embedder.failure = ProviderLimited("429", retry_after_s=7.0)

    with pytest.raises(ProviderLimited):
        await LimitedEmbedder(embedder, turns).embed_documents(["насос"])

    assert turns.left == [7.0]
