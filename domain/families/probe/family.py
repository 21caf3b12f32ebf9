"""The probe: one stage that returns its payload. Self-tests and benchmarks send it through the whole pipe."""

from typing import Any

import msgspec

from domain.family import Family, Stage
from domain.stage import Finished, StageContext


class ProbeState(msgspec.Struct, frozen=True, kw_only=True):
    payload: dict[str, Any] = {}


async def echo(ctx: StageContext, state: ProbeState) -> Finished:
    return Finished(result=state.payload)


FAMILY = Family(
    name="probe",
    queue="interactive",
    state_type=ProbeState,
    start=lambda payload: ProbeState(payload=payload),
    stages=(Stage(name="echo", run=echo, label_ru="Проверка", label_en="Probe", timeout_s=10.0),),
)
