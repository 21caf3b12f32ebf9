"""Says every two seconds that this process lives and which jobs it runs, from a thread with a loop and a connection
of its own: whatever blocks the worker's event loop does not stop it (DESIGN §4.4)."""

import asyncio
import threading
from uuid import UUID

import asyncpg
import structlog

from storage.workers import BEAT, HEARTBEAT_S, beat_arguments
from workers.engine import Engine
from workers.telling import Stop

_log = structlog.get_logger()


class Heartbeat:
    """`database_url` in SQLAlchemy's or the plain form. `slot` is the process's place, `incarnation` this start."""

    def __init__(self, engine: Engine, *, database_url: str, slot: str, incarnation: UUID) -> None:
        self._engine = engine
        self._url = database_url.replace("postgresql+asyncpg://", "postgresql://")
        self._slot = slot
        self._incarnation = incarnation
        self._loop = asyncio.get_running_loop()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._main, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the thread has said a last time that it runs nothing. Blocks up to 5 s."""
        self._end.set()
        self._thread.join(5)

    def _main(self) -> None:
        asyncio.run(self._beat_for_ever())

    async def _beat_for_ever(self) -> None:
        connection: asyncpg.Connection | None = None
        while True:
            last = self._end.is_set()
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(self._url, timeout=3, command_timeout=5)
                await self._beat(connection)  # pyright: ignore[reportArgumentType] - asyncpg is untyped
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                _log.warning("heartbeat_missed", error=type(error).__name__)
                if connection is not None:
                    connection.terminate()
                    connection = None
            if last:
                if connection is not None:
                    await connection.close(timeout=1)
                return
            await asyncio.to_thread(self._end.wait, HEARTBEAT_S)

    async def _beat(self, connection: asyncpg.Connection) -> None:
        runs = [(run.job.id, run.job.epoch) for run in list(self._engine.runs.values())]
        rows = await connection.fetch(
            BEAT,
            *beat_arguments(
                slot=self._slot,
                incarnation=self._incarnation,
                queue=self._engine.queue,
                threads=self._engine.slots,
                draining=self._engine.draining or self._end.is_set(),
                runs=runs,
            ),
        )
        for job_id, epoch, ours, cancelled in rows:
            if not ours:
                self._tell(job_id, epoch, Stop.LOST)
            elif cancelled:
                self._tell(job_id, epoch, Stop.CANCEL)

    def _tell(self, job_id: UUID, epoch: int, reason: Stop) -> None:
        self._loop.call_soon_threadsafe(self._stop_run, job_id, epoch, reason)

    def _stop_run(self, job_id: UUID, epoch: int, reason: Stop) -> None:
        run = self._engine.runs.get((job_id, epoch))
        if run is not None and not run.ended:
            run.stop(reason)
