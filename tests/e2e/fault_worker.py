"""`python -m tests.e2e.fault_worker`: a worker of the interactive queue that also knows the family `fault`."""

import asyncio
import os

from domain.family_list import FAMILIES
from storage.logs import set_up_logs
from tests.e2e.fault_family import FAMILY
from workers.main import ROOT, new_event_loop, serve
from workers.settings import read_worker_settings


def main() -> None:
    settings = read_worker_settings(os.environ, queue="interactive", root=ROOT)
    set_up_logs(f"fault-worker-{settings.slot}")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(settings, {**FAMILIES, FAMILY.name: FAMILY}))


if __name__ == "__main__":
    main()
