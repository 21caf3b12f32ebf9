"""Quantities of the specification, counted from the model that the plan draws."""

import math
from collections import Counter
from dataclasses import dataclass

from ductwork import BALANCED_STEMS, FIRE_DAMPERS, RUNS, TERMINALS, Size


@dataclass(frozen=True)
class DuctQuantity:
    """Metres of one duct size of one system, rounded up to 0.5 m, and the sheet thickness in mm."""

    size: Size
    length_m: float
    thickness_mm: str


def ducts_of(system: str) -> list[DuctQuantity]:
    """Rectangular sizes from the largest, then round ones."""
    lengths: dict[Size, float] = {}
    for run in RUNS:
        if run.system == system:
            lengths[run.size] = lengths.get(run.size, 0.0) + run.length_m
    ordered = sorted(lengths, key=lambda size: (size.height_mm == 0, -size.width_mm, -size.height_mm))
    return [DuctQuantity(size, math.ceil(lengths[size] * 2) / 2, thickness_mm(size)) for size in ordered]


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


def surface_m2(system: str) -> float:
    """Outer surface of all ducts of a system."""
    total = 0.0
    for run in RUNS:
        if run.system == system:
            width, height = run.size.width_mm / 1000, run.size.height_mm / 1000
            total += run.length_m * (2 * (width + height) if height else math.pi * width)
    return total
