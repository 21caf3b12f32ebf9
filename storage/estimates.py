"""What a job will cost and how long it will take, by what jobs of its kind did."""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from storage.direct import Direct
from storage.lines import FEW

LAST = 200
"""Jobs measured, the newest (DESIGN §5, ETA)."""

KNOWN_S = 10.0
"""How long a measurement serves: a few jobs more or less change little. A guess."""

_MEASURED = f"""
select wish.mode, count(*),
  percentile_cont(array[0.5, 0.9]) within group (order by done.micro_usd),
  percentile_cont(array[0.5, 0.9]) within group (order by done.s)
from unnest($2::text[]) wish(mode)
cross join lateral (
  select coalesce((j.usage->>'cost_micro_usd')::float8, 0) as micro_usd,
    extract(epoch from j.finished_at - j.started_at)::float8 as s
  from jobs j where j.family = $1 and j.mode = wish.mode and j.state = 'succeeded'
    and j.started_at is not null and j.finished_at is not null
  order by j.finished_at desc limit {LAST}) done
group by wish.mode
"""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """Half of the jobs of this kind stayed below `p50`, nine of ten below `p90`."""

    p50: float
    p90: float


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """`based_on` is the number of measured jobs; below ten nothing is promised. `seconds` are from the start to the
    end, without the wait in line; money is in millionths of a US dollar."""

    cost_micro_usd: Interval | None = None
    seconds: Interval | None = None
    based_on: int = 0


class Estimates:
    """Measures a family and mode at most every `KNOWN_S`, however many ask at once."""

    def __init__(self, auto: Direct, *, known_s: float = KNOWN_S) -> None:
        self._auto = auto
        self._known_s = known_s
        self._known: dict[tuple[str, str], tuple[float, Estimate]] = {}
        self._measuring = asyncio.Lock()

    async def of(self, family: str, modes: Sequence[str]) -> dict[str, Estimate]:
        """By mode. Modes must be those of the family, for each is remembered."""
        if self._stale(family, modes):
            async with self._measuring:
                if stale := self._stale(family, modes):
                    await self._measure(family, stale)
        return {mode: self._known[family, mode][1] for mode in modes}

    def _stale(self, family: str, modes: Sequence[str]) -> list[str]:
        now = time.monotonic()
        return [mode for mode in modes if self._known.get((family, mode), (0.0, None))[0] <= now]

    async def _measure(self, family: str, modes: Sequence[str]) -> None:
        until = time.monotonic() + self._known_s
        rows = await self._auto.every(_MEASURED, family, list(modes))
        measured = {mode: _estimate(*rest) for mode, *rest in rows}
        for mode in modes:
            self._known[family, mode] = until, measured.get(mode, Estimate())


def _estimate(count: int, micro_usd: Sequence[float], seconds: Sequence[float]) -> Estimate:
    if count < FEW:
        return Estimate(based_on=count)
    return Estimate(
        cost_micro_usd=Interval(p50=round(micro_usd[0]), p90=round(micro_usd[1])),
        seconds=Interval(p50=round(seconds[0], 2), p90=round(seconds[1], 2)),
        based_on=count,
    )
