"""Ollama's embeddings: `POST /api/embed` (docs.ollama.com/api/embed).

Quirks: `truncate` defaults to true and then cuts in silence, so it is turned off; a text too long for the model is a
400. `dimensions` shortens only vectors of models made for it and is left out unless asked. What a model wants before
a question or a text is on its card, not in the API.
"""

from collections.abc import Mapping, Sequence

import httpx

from domain.embedding import Embeddings
from domain.errors import ProviderFailed
from storage.embedders.wire import TIMEOUT, checked, count_in, post

NAME = "ollama"
BASE_URL = "http://127.0.0.1:11434"
BATCH = 32
"""Texts of one request: on a processor of its own Ollama takes about a second for them. A guess."""

KEEP_ALIVE = "30m"
"""Ollama unloads a model after 5 minutes by itself, and the next question would wait for it."""

_PREFIXES = {
    "nomic-embed-text": ("search_query: ", "search_document: "),
    "embeddinggemma": ("task: search result | query: ", "title: none | text: "),
    "mxbai-embed-large": ("Represent this sentence for searching relevant passages: ", ""),
    "snowflake-arctic-embed": ("Represent this sentence for searching relevant passages: ", ""),
    "snowflake-arctic-embed2": ("query: ", ""),
    "qwen3-embedding": (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:",
        "",
    ),
}
"""Before a question and before a text, by the models' cards. Others (bge-m3, all-minilm) want nothing."""

ENGLISH_ONLY = frozenset({"nomic-embed-text", "mxbai-embed-large", "snowflake-arctic-embed", "all-minilm", "bge-large"})
"""Models that know one language, by their cards. Others are taken to know both of ours (bge-m3, embeddinggemma)."""


class OllamaEmbedder:
    """See `domain.ports.Embedder`. Belongs to one event loop."""

    batch = BATCH

    def __init__(self, name: str, *, dimensions: int, base_url: str | None = None, price_micro_usd: int = 0) -> None:
        self.model = f"{NAME}:{name}"
        self.dimensions = dimensions
        self.price_micro_usd = price_micro_usd
        self._name = name
        self._before_query, self._before_text = _PREFIXES.get(base_name(name), ("", ""))
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/api/embed"
        self._http = httpx.AsyncClient(timeout=TIMEOUT)

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings:
        return await self._embed([self._before_text + text for text in texts])

    async def embed_query(self, text: str) -> Embeddings:
        return await self._embed([self._before_query + text])

    async def close(self) -> None:
        await self._http.aclose()

    async def _embed(self, texts: Sequence[str]) -> Embeddings:
        body = {"model": self._name, "input": list(texts), "truncate": False, "keep_alive": KEEP_ALIVE}
        reply = await post(self._http, self._url, body, {})
        if not isinstance(reply, dict):
            raise ProviderFailed("embedding: unreadable")
        vectors = checked(reply.get("embeddings"), count=len(texts), dimensions=self.dimensions)
        return Embeddings(vectors, count_in(reply, "prompt_eval_count"))


def base_name(name: str) -> str:
    """Of `someone/model:tag`."""
    return name.partition(":")[0].rpartition("/")[2]


def build(name: str, dimensions: int, price_micro_usd: int, environ: Mapping[str, str]) -> OllamaEmbedder | None:
    base_url = environ.get("OLLAMA_BASE_URL") or None
    return OllamaEmbedder(name, dimensions=dimensions, base_url=base_url, price_micro_usd=price_micro_usd)
