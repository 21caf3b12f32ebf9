"""Runs of replays: the pictures, models and settings of then."""

from typing import Any

import msgspec
import pytest

from domain.chats import Settings
from domain.errors import Unavailable
from domain.evidence import RenderSpec
from domain.ids import new_id
from domain.replays import Recording, ReplayWish
from tests.fakes.renderer import FakeRenderer
from tests.fakes.stage_context import FakeTeller, running_job
from workers.replaying import ReplayContext

SPEC = RenderSpec(sha256="ab", page_no=1)


class Tools(msgspec.Struct):
    """Only what is asked here."""

    renderer: Any
    search: Any = None
    blobs: Any = None
    reader: Any = None
    comparer: Any = None
    recogniser: Any = None
    vault: Any = None
    asker: Any = None


def context(renderer: Any, *, trial: bool = False, **record: Any) -> ReplayContext:
    job = running_job(new_id())
    teller: Any = FakeTeller()
    teller.stage = "crop"
    tools: Any = Tools(renderer=renderer)
    recording = Recording(job=job, settings=Settings(), calls=(), **record)
    wish = ReplayWish(of=job.id, owner_id=new_id(), trial_id=new_id() if trial else None)

    async def streamed() -> bool:
        return False

    return ReplayContext(job, tools, teller, streamed, wish, recording)


class Busy(FakeRenderer):
    """Not ready at first."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.left = refusals

    async def render(self, spec: RenderSpec, *, pinned: bool = False) -> Any:
        self.left -= 1
        if self.left >= 0:
            raise Unavailable("not ready")
        return await super().render(spec, pinned=pinned)


async def test_a_picture_that_was_not_ready_then_is_not_ready_now() -> None:
    ctx = context(FakeRenderer(), missed=frozenset({"crop"}))

    with pytest.raises(Unavailable):
        await ctx.renderer.render(SPEC)


async def test_pictures_that_were_ready_are_drawn() -> None:
    told = f"{1:064d}"

    told_of = await context(FakeRenderer(), missed=frozenset({"crop"}), pictures=frozenset({told})).renderer.render(
        SPEC
    )
    of_another_stage = await context(FakeRenderer(), missed=frozenset({"seek"})).renderer.render(SPEC)

    assert told_of.digest == of_another_stage.digest == told


async def test_a_replay_waits_longer_for_a_picture_than_a_user_would() -> None:
    assert (await context(Busy(2)).renderer.render(SPEC)).dpi == 150
    with pytest.raises(Unavailable):
        await context(Busy(3)).renderer.render(SPEC)


def test_stages_see_the_owner_and_the_last_attempt() -> None:
    replay, trial = context(FakeRenderer()), context(FakeRenderer(), trial=True)

    assert replay.job.attempt == replay.job.max_attempts
    assert trial.job.attempt == 1
    assert (replay.may_write, trial.may_write) == (False, False)
