"""`python -m launch.worker_health SLOT`: exits with 0 if the worker of this slot reported lately; for containers."""

import asyncio
import os
import sys

import asyncpg

# A worker reports every 2 s (DESIGN §4.4); some missed reports are no illness.
LATEST_REPORT_S = 20
TIMEOUT_S = 5


async def is_alive(database_url: str, slot: str) -> bool:
    """Whether the database saw the worker within the last 20 s."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", "", 1), timeout=TIMEOUT_S)
    try:
        query = "SELECT seen_at > now() - make_interval(secs => $2) FROM workers WHERE slot = $1"
        return bool(await connection.fetchval(query, slot, LATEST_REPORT_S, timeout=TIMEOUT_S))
    finally:
        await connection.close()


def main() -> int:
    """0 if alive, 1 if not; an unreachable database counts as not and is told."""
    try:
        return 0 if asyncio.run(is_alive(os.environ["DATABASE_URL"], sys.argv[1])) else 1
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        print(f"the database does not answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
