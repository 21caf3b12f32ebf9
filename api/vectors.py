"""What operators do with vectors: `python -m api.vectors [prune | again]`.

Without a word: how far each model is, and what embedding has cost the installation in the last months. `prune` removes
what other models than the configured one have made; `again` lets every document be looked through again, needed only
after vectors were lost.
"""

import asyncio
import os
import sys

from storage.database import in_autocommit, open_engine
from storage.settings import read_storage_settings
from storage.vectors.account import spent_lately
from storage.vectors.status import embed_again, prune, vector_states


async def _run(command: str) -> None:
    settings = read_storage_settings(os.environ)
    engine = open_engine(settings.database_url, name="vectors", pool_size=1)
    database = in_autocommit(engine)
    try:
        if command == "prune" and settings.embeddings is None:
            sys.exit("EMBEDDINGS is not set: nothing says which vectors to keep")
        if command == "prune" and settings.embeddings is not None:
            kept = f"{settings.embeddings.provider}:{settings.embeddings.model}"
            sys.stdout.write(f"{await prune(database, kept=kept)} indexes removed\n")
        if command == "again":
            sys.stdout.write(f"{await embed_again(database)} documents to look through\n")
        for state in await vector_states(database):
            sys.stdout.write(
                f"{state.model} ({state.dimensions}): {state.documents} documents, {state.vectors} vectors, "
                f"{state.waiting} waiting{f', failing: {state.error}' if state.error else ''}\n"
            )
        for spent in await spent_lately(database):
            sys.stdout.write(
                f"{spent.period} {spent.model}, {spent.purpose}: {spent.tokens} tokens, "
                f"${spent.cost_micro_usd / 1_000_000:.4f}\n"
            )
    finally:
        await engine.dispose()


if __name__ == "__main__":
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word not in ("", "prune", "again"):
        sys.exit(__doc__)
    asyncio.run(_run(word))
