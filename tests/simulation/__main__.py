"""`python -m tests.simulation SEED [COUNT]`: replays one schedule step by step, or runs COUNT of them from SEED on."""

import sys
import time

from tests.simulation.ledger import Violation
from tests.simulation.world import World


def main() -> int:
    seed, count = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.perf_counter()
    for number in range(seed, seed + count):
        world = World(number, say=print if count == 1 else None)
        try:
            world.run()
        except Violation as violation:
            print(f"seed {number}: {violation}")
            return 1
    print(f"{count} schedules, {count / (time.perf_counter() - started):.0f}/s, no violation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
