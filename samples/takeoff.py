"""Quantities of the specification, counted from the model that the plan draws."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ductwork import Run, Size
from floor_ducts import BALANCED_STEMS, FIRE_DAMPERS, RUNS, TERMINALS


@dataclass(frozen=True)
class DuctQuantity:
    """Metres of one duct size of one system, rounded up to 0.5 m, and the sheet thickness in mm."""

    size: Size
    length_m: float
    thickness_mm: str
    is_fire_rated: bool


def ducts_of(system: str) -> list[DuctQuantity]:
    """Rectangular sizes from the largest, then round ones."""
    lengths: dict[tuple[Size, bool], float] = {}
    for run in RUNS:
        if run.system == system:
            key = run.size, is_fire_rated(run)
            lengths[key] = lengths.get(key, 0.0) + run.length_m
    ordered = sorted(lengths, key=lambda key: (key[0].height_mm == 0, -key[0].width_mm, -key[0].height_mm, not key[1]))
    return [
        DuctQuantity(size, math.ceil(lengths[size, rated] * 2) / 2, "0,8" if rated else thickness_mm(size), rated)
        for size, rated in ordered
    ]


def is_fire_rated(run: Run) -> bool:
    """Whether general note 9 holds for a duct: rectangular mains that begin in the plant room or its shafts."""
    return run.is_main and run.size.height_mm > 0 and 8.4 < run.start[1] < 14.4


def terminals_of(system: str) -> list[tuple[str, int]]:
    """Marks of diffusers and grilles with their number."""
    return sorted(Counter(item.kind for item in TERMINALS if item.system == system).items())


def fire_dampers_of(system: str) -> list[tuple[Size, int]]:
    counted = Counter(damper.size for damper in FIRE_DAMPERS if damper.system == system)
    return sorted(counted.items(), key=lambda pair: (pair[0].height_mm == 0, -pair[0].width_mm))


def balancing_dampers() -> list[tuple[Size, int]]:
    counted = Counter(run.size for run in BALANCED_STEMS)
    return sorted(counted.items(), key=lambda pair: -pair[0].width_mm)


def thickness_mm(size: Size) -> str:
    """Least thickness of galvanised sheet after СП 60.13330.2020, annex К."""
    if size.height_mm:
        return "0,5" if size.width_mm <= 250 else "0,7"
    return "0,5" if size.width_mm <= 200 else "0,6"


def surface_m2(runs: Iterable[Run]) -> float:
    """Outer surface of ducts."""
    return sum(run.length_m * perimeter_m(run.size) for run in runs)


def perimeter_m(size: Size) -> float:
    width, height = size.width_mm / 1000, size.height_mm / 1000
    return 2 * (width + height) if height else math.pi * width
