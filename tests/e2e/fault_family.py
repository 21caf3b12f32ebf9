"""A family for tests of faults: each stage does what the job's payload says, and notes every execution in a file.

The payload maps a stage to its wishes: `pieces` of text to stream with `pause_s` between them, `holds` (wait until the
test opens the gate), `blocks_s` (blocks the whole event loop of the worker).
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from domain.family import Family, Stage
from domain.stage import Finished, Next, Outcome, StageContext

STAGES = ("one", "two", "three", "four")


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    pieces: int = 0
    piece_bytes: int = 8
    pause_s: float = 0.0
    holds: bool = False
    blocks_s: float = 0.0


class FaultState(msgspec.Struct, frozen=True, kw_only=True):
    wishes: dict[str, Wishes] = {}
    text: str = ""


class Note(msgspec.Struct, frozen=True):
    """A stage of a job began in a process."""

    job_id: str
    stage: str
    epoch: int
    pid: int


def notes_path(folder: Path) -> Path:
    return folder / "executions.jsonl"


def gate_path(folder: Path, job_id: object, stage: str) -> Path:
    """The stage holds until this file exists."""
    return folder / f"gate-{job_id}-{stage}"


def piece_of(number: int, size_bytes: int) -> str:
    return f"{number} ".ljust(size_bytes, ".")


def _stage(name: str) -> Stage:
    async def run(ctx: StageContext, state: FaultState) -> Outcome:
        folder = Path(os.environ["DATA_DIR"])
        _note(folder, Note(str(ctx.job.id), name, ctx.job.epoch, os.getpid()))
        wishes = state.wishes.get(name, Wishes())
        text = state.text
        if wishes.pieces:
            await ctx.restart_answer("again")
            text = await _stream(ctx, wishes)
        if wishes.blocks_s:
            time.sleep(wishes.blocks_s)  # noqa: ASYNC251
        while wishes.holds and not gate_path(folder, ctx.job.id, name).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        if name == STAGES[-1]:
            return Finished(result={"stages": len(STAGES)}, text=text)
        return Next(state=msgspec.structs.replace(state, text=text))

    return Stage(name=name, run=run, label_ru=name, label_en=name, timeout_s=120.0)


async def _stream(ctx: StageContext, wishes: Wishes) -> str:
    pieces = [piece_of(number, wishes.piece_bytes) for number in range(wishes.pieces)]
    for piece in pieces:
        await ctx.write_answer(piece)
        await asyncio.sleep(wishes.pause_s)
    return "".join(pieces)


def _note(folder: Path, note: Note) -> None:
    """One line per execution; it survives SIGKILL, as the page cache does."""
    with notes_path(folder).open("ab", buffering=0) as file:
        file.write(msgspec.json.encode(note) + b"\n")


def _start(payload: dict[str, Any]) -> FaultState:
    return FaultState(wishes=msgspec.convert(payload, dict[str, Wishes]))


FAMILY = Family(
    name="fault",
    queue="interactive",
    state_type=FaultState,
    start=_start,
    stages=tuple(_stage(name) for name in STAGES),
)
