"""The embedding providers against their APIs on loopback: what is sent, and what each answer becomes."""

import math
from collections.abc import Iterator, Sequence

import httpx
import pytest
from google import genai
from google.genai import types

from domain.errors import DomainError, InvalidInput, ProviderFailed, ProviderLimited, ProviderRefused
from domain.ports import Embedder
from storage.embedders.gemini import GeminiEmbedder
from storage.embedders.ollama import OllamaEmbedder
from storage.embedders.registry import BUILDERS, build_embedder, read_embedding_settings
from storage.vectors.opening import weights_by
from tests.loopback.embedding_server import EmbeddingServer

KEY = "AIzaSyTestTestTestTestTestTestTestTest12"


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer(lambda texts: [[3.0, 4.0, 0.0] for _ in texts]) as server:
        yield server


def gemini(server: EmbeddingServer, name: str = "gemini-embedding-001", dimensions: int = 3) -> GeminiEmbedder:
    return GeminiEmbedder(name, dimensions=dimensions, api_key=KEY, base_url=server.url)


def ollama(server: EmbeddingServer, name: str = "bge-m3", dimensions: int = 3) -> OllamaEmbedder:
    return OllamaEmbedder(name, dimensions=dimensions, base_url=server.url)


async def test_gemini_is_sent_what_its_own_client_sends(server: EmbeddingServer):
    http = httpx.AsyncClient()
    options = types.HttpOptions(base_url=server.url, api_version="v1beta", httpx_async_client=http)
    client = genai.Client(api_key=KEY, http_options=options)
    config = types.EmbedContentConfig(task_type="RETRIEVAL_DOCUMENT", output_dimensionality=3)
    await client.aio.models.embed_content(model="gemini-embedding-001", contents=["насос", "pump"], config=config)
    embedder = gemini(server)

    await embedder.embed_documents(["насос", "pump"])

    theirs, ours = server.seen
    assert (ours.path, ours.body) == (theirs.path, theirs.body)
    assert ours.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"] == KEY
    await embedder.close()
    await http.aclose()


async def test_gemini_is_told_a_question_from_a_text(server: EmbeddingServer):
    embedder = gemini(server)

    await embedder.embed_query("Какой насос?")

    assert server.seen[0].path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    assert server.seen[0].body == {
        "requests": [
            {
                "content": {"parts": [{"text": "Какой насос?"}], "role": "user"},
                "taskType": "RETRIEVAL_QUERY",
                "outputDimensionality": 3,
                "model": "models/gemini-embedding-001",
            }
        ]
    }
    await embedder.close()


async def test_the_second_gemini_model_is_told_in_the_text_and_gives_a_vector_for_each(server: EmbeddingServer):
    embedder = gemini(server, "gemini-embedding-2")

    vectors = (await embedder.embed_documents(["a", "b"])).vectors
    await embedder.embed_query("c")

    requests = [*server.seen[0].body["requests"], *server.seen[1].body["requests"]]
    assert [request["content"]["parts"][0]["text"] for request in requests] == [
        "title: none | text: a",
        "title: none | text: b",
        "task: search result | query: c",
    ]
    assert not any("taskType" in request for request in requests)
    assert len(vectors) == 2
    await embedder.close()


async def test_ollama_is_sent_all_texts_at_once_and_never_cuts_them(server: EmbeddingServer):
    embedder = ollama(server)

    await embedder.embed_documents(["насос", "клапан"])

    assert server.seen[0].path == "/api/embed"
    assert server.seen[0].body == {
        "model": "bge-m3",
        "input": ["насос", "клапан"],
        "truncate": False,
        "keep_alive": "30m",
    }
    await embedder.close()


@pytest.mark.parametrize(
    ("name", "question", "text"),
    [
        ("bge-m3", "q", "t"),
        ("nomic-embed-text:latest", "search_query: q", "search_document: t"),
        ("someone/embeddinggemma:300m", "task: search result | query: q", "title: none | text: t"),
    ],
    ids=["none", "nomic", "gemma"],
)
async def test_an_ollama_model_is_told_as_its_card_wants(server: EmbeddingServer, name: str, question: str, text: str):
    embedder = ollama(server, name)

    await embedder.embed_query("q")
    await embedder.embed_documents(["t"])

    assert [seen.body["input"] for seen in server.seen] == [[question], [text]]
    await embedder.close()


@pytest.mark.parametrize("make", [gemini, ollama], ids=["gemini", "ollama"])
async def test_vectors_come_at_length_one_in_the_order_of_the_texts(make):
    def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[float(len(text)), 1.0, 0.0] for text in texts]

    with EmbeddingServer(embed) as server:
        embedder: Embedder = make(server)

        vectors = (await embedder.embed_documents(["a", "bbbb"])).vectors

        assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0, 1.0])
        lengths = [round(vector[0] / vector[1]) for vector in vectors]
        assert lengths[1] - lengths[0] == 3
        await embedder.close()


@pytest.mark.parametrize("make", [gemini, ollama], ids=["gemini", "ollama"])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (429, ProviderLimited),
        (500, ProviderFailed),
        (503, ProviderFailed),
        (400, ProviderRefused),
        (401, ProviderRefused),
        (404, ProviderRefused),
    ],
    ids=str,
)
async def test_a_fault_is_told_by_its_kind_and_never_with_the_text(
    server: EmbeddingServer, make, code: int, error: type[DomainError]
):
    embedder: Embedder = make(server)
    server.answer_with(code, {"retry-after": "7"}, b'{"error": "secret text"}')

    with pytest.raises(error) as raised:
        await embedder.embed_query("secret text")

    assert type(raised.value) is error
    assert "secret" not in str(raised.value)
    assert raised.value.retry_after_s == (7.0 if code == 429 else None)
    await embedder.close()


@pytest.mark.parametrize("make", [gemini, ollama], ids=["gemini", "ollama"])
@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b"{}", b'{"embeddings": [null]}'], ids=["text", "list", "empty", "null"]
)
async def test_an_unreadable_answer_is_a_passing_failure(server: EmbeddingServer, make, body: bytes):
    embedder: Embedder = make(server)
    server.answer_with(200, body=body)

    with pytest.raises(ProviderFailed):
        await embedder.embed_query("насос")

    await embedder.close()


async def test_nobody_answering_is_a_passing_failure():
    embedder = OllamaEmbedder("bge-m3", dimensions=3, base_url="http://127.0.0.1:9")

    with pytest.raises(ProviderFailed):
        await embedder.embed_query("насос")

    await embedder.close()


@pytest.mark.parametrize("make", [gemini, ollama], ids=["gemini", "ollama"])
async def test_another_dimension_than_configured_is_refused(server: EmbeddingServer, make):
    embedder: Embedder = make(server, dimensions=768)

    with pytest.raises(ProviderRefused, match="3"):
        await embedder.embed_query("насос")

    await embedder.close()


def test_no_vectors_are_wanted_unless_told():
    assert read_embedding_settings({}) is None
    assert read_embedding_settings({"EMBEDDINGS": "off", "GEMINI_API_KEY": KEY}) is None
    assert build_embedder(None) is None


@pytest.mark.parametrize(
    "environ",
    [
        {"EMBEDDINGS": "gemini"},
        {"EMBEDDINGS": "openai:x"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_DIMENSIONS": "0"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_DIMENSIONS": "5000"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_DIMENSIONS": "many"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_DIMENSIONS": "3.5"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_WEIGHT": "-1"},
        {"EMBEDDINGS": "ollama:x", "EMBEDDING_WEIGHT": "nan"},
    ],
    ids=["no model", "unknown", "none", "too long", "no number", "a part", "less than nothing", "nan"],
)
def test_a_wrong_setting_is_named(environ: dict[str, str]):
    with pytest.raises(InvalidInput, match="EMBEDDING"):
        read_embedding_settings(environ)


def test_an_operator_may_say_what_vectors_count():
    settings = read_embedding_settings({"EMBEDDINGS": "ollama:bge-m3", "EMBEDDING_WEIGHT": "0.5"})

    assert settings is not None
    assert (settings.provider, settings.model, settings.dimensions, settings.weight) == ("ollama", "bge-m3", 768, 0.5)


@pytest.mark.parametrize(
    ("environ", "across"),
    [
        ({"EMBEDDINGS": "ollama:bge-m3"}, 1.5),
        ({"EMBEDDINGS": "gemini:gemini-embedding-001"}, 1.5),
        ({"EMBEDDINGS": "ollama:mxbai-embed-large:latest"}, 0.1),
        ({"EMBEDDINGS": "ollama:mxbai-embed-large", "EMBEDDING_WEIGHT_ACROSS": "0.7"}, 0.7),
    ],
    ids=["both languages", "gemini", "english only", "told"],
)
def test_across_languages_a_model_of_one_counts_little(environ: dict[str, str], across: float):
    settings = read_embedding_settings(environ)

    assert settings is not None
    assert weights_by(settings).across == across


def test_gemini_without_a_key_is_told_at_the_start():
    with pytest.raises(InvalidInput, match="key"):
        build_embedder(read_embedding_settings({"EMBEDDINGS": "gemini:gemini-embedding-001"}))


async def test_every_embedder_is_built_from_its_setting():
    environ = {"GEMINI_API_KEY": KEY, "EMBEDDING_DIMENSIONS": "16", "EMBEDDING_PRICE": "0.1"}

    built = [build_embedder(read_embedding_settings({**environ, "EMBEDDINGS": f"{name}:m"})) for name in BUILDERS]

    assert [(one.model, one.dimensions) for one in built if one] == [(f"{name}:m", 16) for name in BUILDERS]
    for one in built:
        if one:
            await one.close()


@pytest.mark.parametrize("make", [gemini, ollama], ids=["gemini", "ollama"])
async def test_the_providers_count_of_tokens_is_taken(make, server: EmbeddingServer):
    embedder: Embedder = make(server)

    told = await embedder.embed_documents(["насос", "клапан обратный"])

    assert told.tokens == 3
    await embedder.close()


async def test_a_reply_that_tells_no_tokens_leaves_them_open(server: EmbeddingServer):
    embedder = gemini(server)
    server.answer_with(200, body=b'{"embeddings": [{"values": [1, 0, 0]}]}')

    assert (await embedder.embed_query("насос")).tokens is None
    await embedder.close()


def test_a_paid_model_without_a_price_is_told_at_the_start():
    with pytest.raises(InvalidInput, match="EMBEDDING_PRICE"):
        read_embedding_settings({"EMBEDDINGS": "gemini:some-new-model"})


@pytest.mark.parametrize(
    ("environ", "price", "monthly"),
    [
        ({"EMBEDDINGS": "ollama:bge-m3"}, 0, 20_000_000),
        ({"EMBEDDINGS": "gemini:gemini-embedding-001"}, 150_000, 20_000_000),
        ({"EMBEDDINGS": "gemini:new", "EMBEDDING_PRICE": "0.4", "EMBEDDING_MONTHLY_USD": "5"}, 400_000, 5_000_000),
        ({"EMBEDDINGS": "gemini:gemini-embedding-001", "EMBEDDING_MONTHLY_USD": "0"}, 150_000, 0),
        ({"EMBEDDINGS": "gemini:gemini-embedding-001", "EMBEDDING_MONTHLY_USD": "off"}, 150_000, None),
    ],
    ids=["own machine", "known model", "told", "nothing", "no limit"],
)
def test_price_and_limit_of_a_month(environ: dict[str, str], price: int, monthly: int | None):
    settings = read_embedding_settings(environ)

    assert settings is not None
    assert (settings.price_micro_usd, settings.monthly_micro_usd) == (price, monthly)
