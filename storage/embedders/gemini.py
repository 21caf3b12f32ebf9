"""Gemini's embeddings over plain HTTP: `POST /v1beta/models/<model>:batchEmbedContents`.

Not over google-genai, for the api embeds questions too and would import it for one POST (1.2 s, dependencies.md §8).
A contract test holds that both send the same.

Quirks: google-genai 3.3 puts a list of texts for gemini-embedding-2 into *one* content and gets one vector for all;
gemini-embedding-2 takes no task type but a prefix in the text (ai.google.dev/gemini-api/docs/embeddings); vectors
shorter than 3072 come without length 1; a text is cut in silence at 2,048 tokens (the 001 model), so that chunks are
shorter.
"""

from collections.abc import Mapping, Sequence

import httpx

from domain.embedding import Embeddings
from domain.errors import ProviderFailed
from storage.embedders.wire import TIMEOUT, checked, count_in, post

NAME = "gemini"
BASE_URL = "https://generativelanguage.googleapis.com"
BATCH = 100
"""Texts of one request at most, by the API's documentation."""

_DOCUMENT, _QUERY = "RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"
_PREFIXES = {_DOCUMENT: "title: none | text: ", _QUERY: "task: search result | query: "}


class GeminiEmbedder:
    """See `domain.ports.Embedder`. Belongs to one event loop."""

    batch = BATCH

    def __init__(
        self, name: str, *, dimensions: int, api_key: str, base_url: str | None = None, price_micro_usd: int = 0
    ) -> None:
        self.model = f"{NAME}:{name}"
        self.dimensions = dimensions
        self.price_micro_usd = price_micro_usd
        self._name = f"models/{name}"
        self._url = f"{base_url or BASE_URL}/v1beta/{self._name}:batchEmbedContents"
        self._headers = {"x-goog-api-key": api_key}
        self._http = httpx.AsyncClient(timeout=TIMEOUT)

    async def embed_documents(self, texts: Sequence[str]) -> Embeddings:
        return await self._embed(texts, _DOCUMENT)

    async def embed_query(self, text: str) -> Embeddings:
        return await self._embed([text], _QUERY)

    async def close(self) -> None:
        await self._http.aclose()

    async def _embed(self, texts: Sequence[str], task: str) -> Embeddings:
        body = {"requests": [self._request(text, task) for text in texts]}
        reply = await post(self._http, self._url, body, self._headers)
        try:
            vectors = [one["values"] for one in reply["embeddings"]]
        except (KeyError, TypeError):
            raise ProviderFailed("embedding: unreadable") from None
        told = checked(vectors, count=len(texts), dimensions=self.dimensions)
        return Embeddings(told, count_in(reply.get("usageMetadata"), "promptTokenCount"))

    def _request(self, text: str, task: str) -> dict[str, object]:
        takes_task = "gemini-embedding-2" not in self._name
        sent = text if takes_task else _PREFIXES[task] + text
        request: dict[str, object] = {"content": {"parts": [{"text": sent}], "role": "user"}}
        if takes_task:
            request["taskType"] = task
        return {**request, "outputDimensionality": self.dimensions, "model": self._name}


def build(name: str, dimensions: int, price_micro_usd: int, environ: Mapping[str, str]) -> GeminiEmbedder | None:
    """Null without a server's key: users' keys are for their own questions, an index is everybody's."""
    key = environ.get("GEMINI_API_KEY") or environ.get("GOOGLE_API_KEY")
    if not key:
        return None
    return GeminiEmbedder(
        name,
        dimensions=dimensions,
        api_key=key,
        base_url=environ.get("GEMINI_BASE_URL") or None,
        price_micro_usd=price_micro_usd,
    )
