"""Both processes with an embedding provider: found by meaning, also answered so; without it by words, and told."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from launch.stack import Stack
from tests.fakes.embedder import MEANINGS
from tests.integration.api.caller import Caller, made, wait_for
from tests.loopback.embedding_server import EmbeddingServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ENGLISH = b"Doors.\n\nThe pump is started by the operator of the shift only.\n\nThe roof."
QUESTION = "Кто включает насос?"


class Service(NamedTuple):
    caller: Caller
    provider: EmbeddingServer


def embed(texts: Sequence[str]) -> list[list[float]]:
    """Two languages, one meaning."""
    vectors = []
    for text in texts:
        values = [0.0, 0.0, 0.0, 0.1]
        for word, axis in MEANINGS.items():
            values[axis] += text.lower().count(word)
        vectors.append(values)
    return vectors


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    told: list[str] = []
    with tempfile.TemporaryDirectory() as folder, EmbeddingServer(embed) as provider:
        Path(folder).chmod(0o755)
        extra = {"EMBEDDINGS": "ollama:meanings", "EMBEDDING_DIMENSIONS": "4", "OLLAMA_BASE_URL": provider.url}
        with Stack(Path(folder), durable=False, say=told.append, extra_env=extra) as stack:
            token = next(line for line in told if "token" in line.lower()).rpartition(" ")[2].strip()
            exchanged = made(httpx.post(f"{stack.url}/auth/exchange", json={"static_token": token}))
            user_id = UUID(exchanged["user"]["id"])
            yield Service(Caller(stack.url, user_id, exchanged["access_token"]), provider)


def vectors_of(caller: Caller) -> dict[str, Any]:
    return made(caller.get("/ready"))["vectors"] or {}


def test_a_document_gets_vectors_after_it_was_read_and_is_found_by_meaning(service: Service) -> None:
    caller, _ = service
    document_id = caller.read_document("a.txt", ENGLISH, "text/plain")["document_id"]
    wait_for(lambda: vectors_of(caller).get("documents") or None)

    hits = made(caller.get("/documents/search", params={"query": QUESTION, "document_ids": [document_id]}))["items"]
    result = caller.ended(caller.ask(caller.new_chat(), QUESTION, document_ids=[document_id])["job_id"])

    assert "pump" in hits[0]["snippet"]
    assert result["status"] == "succeeded"
    assert vectors_of(caller).items() >= {"model": "ollama:meanings", "waiting": 0, "error": None}.items()


def test_an_outage_of_the_provider_leaves_search_by_words_and_is_told(service: Service) -> None:
    caller, provider = service
    for _ in range(20):
        provider.answer_with(503)

    document_id = caller.read_document("b.txt", "Клапан закрыт.".encode(), "text/plain")["document_id"]
    hits = made(caller.get("/documents/search", params={"query": "клапан", "document_ids": [document_id]}))["items"]

    assert [hit["document_id"] for hit in hits] == [document_id]
    assert wait_for(lambda: vectors_of(caller).get("error")) == "provider_failed"
    assert made(caller.get("/ready"))["status"] == "ready"
