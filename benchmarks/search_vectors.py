"""Search by text, by vectors and by both on the open sets; what vectors should weigh; re-ranking; and time.

Alone: `python -m benchmarks.search_vectors`; EMBEDDINGS=provider:model measures a real model, and it alone.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from benchmarks import search_rerank, vectors_scale
from benchmarks.fusion_weights import HALVES, Sweep, across_languages, in_one_language
from benchmarks.search import CELLS, migrated_database
from benchmarks.search_quality import Cells, cells_of, opened
from benchmarks.search_rerank import Reranks
from benchmarks.search_sets import QuestionSet, read_sets
from benchmarks.trained_vectors import NAME as TRAINED
from benchmarks.trained_vectors import trained_folder
from benchmarks.vector_questions import ACROSS, BRIDGED, PART, PLAIN, Found, embedder_of, find_all, models
from benchmarks.vectors_scale import Spent, VectorTimes
from domain.ports import Embedder
from storage.database import open_sessions
from storage.embedders.registry import build_embedder, read_embedding_settings
from storage.vectors.fusing import ONE_LANGUAGE_ACROSS, WEIGHTS, Weights
from storage.vectors.opening import weights_by

SHOWN = [cell for cell in CELLS if not cell.startswith("hit")]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """By model, what was found; `reranks` of the best of them."""

    found: dict[str, list[Found]]
    reranks: list[Reranks]
    times: VectorTimes


def section() -> str:
    return render(measure())


def measure() -> Measured:
    sets = list(read_sets())
    standards = next(one for one in sets if one.name == "ntd_text")
    found: dict[str, list[Found]] = {}
    for model in _models():
        with migrated_database() as url:
            found[model] = asyncio.run(find_model(url, sets, model))
    with migrated_database() as url:
        reranks = asyncio.run(search_rerank.measure(url, sets))
    with migrated_database() as url:
        times = asyncio.run(vectors_scale.measure(url, standards))
    return Measured(found=found, reranks=reranks, times=times)


def render(measured: Measured) -> str:
    tables = "\n".join(_compared(model, found) for model, found in measured.found.items())
    weights = "\n".join(_weighed(model, found) for model, found in measured.found.items())
    return f"""## Search: by text, by vectors, by both

Through the whole pipeline: chunks, a provider over HTTP, background filling, pgvector, fusing with the product's
weights. No network here, so no provider's embedding model. `{PLAIN}` is latent semantic analysis of the set's own
texts, a floor that knows no synonym they do not teach; `{TRAINED}` is a small trained model (static vectors of tokens,
English mostly){_lacking()}.

Sets named `across` are the same questions translated into the other language. Neither model connects two languages, so
there its vectors mean little, and count as those of a model of one language ({ONE_LANGUAGE_ACROSS:g} instead of
{WEIGHTS.across:g}). `{BRIDGED.strip()}`: the vector of a translated question is that of its original, as if the model
knew both languages; that measures no model, but tells what the weight must let through of one that does.
designqa: every {PART}th question. Wanted: fused no worse than text by more than one question in any cell.

{tables}
## Search: the weight of vectors

`gain` is the mean of all cells (recall@1, 3, 5, 10, MRR; each set and scope counts as one) against text alone, in
hundredths; `worst` the cell that loses most, in questions. Then: picked on one half of the questions, told of the
other half, {HALVES} times.

{weights}
{search_rerank.render(measured.reranks)}
{_times(measured.times)}"""


def grouped(found: Sequence[Found]) -> dict[tuple[str, str], list[Found]]:
    """By set and scope."""
    groups: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in found:
        groups[one.name, one.scope].append(one)
    return groups


def _lacking() -> str:
    return "" if trained_folder() else "; it is not installed here, `make bench` does"


def _compared(model: str, found: Sequence[Found]) -> str:
    weights = _weights(model)
    rows = "".join(
        _row(name, scope, way, cells)
        for (name, scope), own in grouped(found).items()
        for way, cells in (
            ("text", cells_of((one.asked, one.by_words()) for one in own)),
            ("vectors", cells_of((one.asked, one.by_vectors()) for one in own)),
            ("fused", cells_of((one.asked, one.by_both(weights)) for one in own)),
        )
    )
    return f"Vectors of {model}:\n\n| set | scope | n | | {' | '.join(SHOWN)} |\n|{'---|' * (4 + len(SHOWN))}\n{rows}"


def _row(name: str, scope: str, way: str, cells: Cells) -> str:
    shares = " | ".join(f"{cells.share(cell):.3f}" for cell in SHOWN)
    return f"| {name} | {scope} | {cells.questions} | {way} | {shares} |\n"


def _weighed(model: str, found: Sequence[Found]) -> str:
    own = [one for one in found if not one.name.endswith(ACROSS)]
    other = [one for one in found if one.name.endswith(ACROSS)]
    parts = [_sweep(f"{model}, one language", Sweep(own, in_one_language, _weights(model).same))] if own else []
    if other:
        parts.append(_sweep(f"{model}, across languages", Sweep(other, across_languages, _weights(model).across)))
    return "\n".join(parts)


def _sweep(name: str, sweep: Sweep) -> str:
    rows = "".join(
        f"| {one.weight:g} | {100 * one.gain:+.1f} | {one.worst:.2f} | {one.worst_cell} |\n" for one in sweep.every()
    )
    judged = sweep.judged()
    picked = ", ".join(f"{weight:g} ({times}×)" for weight, times in judged.picked.items())
    return f"""{name}:

| weight | gain | worst | of |
|---|---|---|---|
{rows}
Picked: {picked}. On the other halves the picked weight gives {100 * judged.gain:+.1f} and loses {judged.worst:.2f}
questions at most in a cell, the default ({sweep.default:g}) {100 * judged.default_gain:+.1f} and \
{judged.default_worst:.2f}.
"""


def _times(times: VectorTimes) -> str:
    return f"""## Search: time with vectors

{times.vectors} vectors of {vectors_scale.DIMENSIONS} dimensions, one for each block; p50 / p95, medians of
{vectors_scale.ROUNDS} rounds, without the provider's time. Wanted: p95 ≤ 50 ms inside {vectors_scale.SCOPE} documents,
≤ 150 ms over everything.

| | inside {vectors_scale.SCOPE} | everything |
|---|---|---|
{_spent("words", times.words)}{_spent("words and vectors", times.both)}
| index built in | one vector more | table | HNSW index | recall@10 of the index |
|---|---|---|---|---|
| {times.build_s:.0f} s | {times.add_ms:.1f} ms | {times.table_mb:.0f} MB | {times.index_mb:.0f} MB \
| {times.recall:.2f} |
"""


def _spent(name: str, spent: Spent) -> str:
    return (
        f"| {name} | {spent.narrow_p50_ms:.0f} / {spent.narrow_p95_ms:.0f} ms "
        f"| {spent.all_p50_ms:.0f} / {spent.all_p95_ms:.0f} ms |\n"
    )


def _weights(model: str) -> Weights:
    """As the product chooses them: neither model that is measured here knows both languages unless it is bridged."""
    configured = read_embedding_settings(os.environ)
    if configured is not None:
        return weights_by(configured)
    return WEIGHTS if model.endswith(BRIDGED) else Weights(across=ONE_LANGUAGE_ACROSS)


def _models() -> tuple[str, ...]:
    configured = read_embedding_settings(os.environ)
    return (f"{configured.provider}:{configured.model}",) if configured else models()


async def find_model(database_url: str, sets: Sequence[QuestionSet], model: str) -> list[Found]:
    """In a migrated, else unused database."""
    found: list[Found] = []
    async with opened(database_url) as (engine, database):
        sessions = open_sessions(engine)
        for questions in sets:
            is_bridged = model.endswith(BRIDGED)
            async with _embedder(model, questions) as embedder:
                found += [one async for one in find_all(sessions, database, questions, embedder, is_bridged=is_bridged)]
    return found


@asynccontextmanager
async def _embedder(model: str, questions: QuestionSet) -> AsyncIterator[Embedder]:
    configured = build_embedder(read_embedding_settings(os.environ))
    if configured is None:
        async with embedder_of(model, questions) as embedder:
            yield embedder
        return
    yield configured
    await configured.close()


if __name__ == "__main__":
    print(render(measure()))
