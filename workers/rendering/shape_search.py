"""Finds a sample of strokes everywhere on a page, in any turn, mirrored or not. Runs in render children only.

Not by connected groups: walls, wires and leaders touch the symbols of real drawings, and exporters split paths. A place
counts when nearly all of the sample's strokes are there and hardly any others lie whole among them.
"""

import time
from collections.abc import Sequence

import msgspec
import numpy as np

from domain.counting.types import Shape, ShapeMatch, ShapesFound
from workers.rendering.shape_fills import Fills
from workers.rendering.shape_map import StrokeMap
from workers.rendering.shape_near import Attached, attached_to, foreign_share
from workers.rendering.shape_parts import Strokes
from workers.rendering.shape_places import Page, Pose, Sample, share_there
from workers.rendering.shape_poses import Poses, find_poses

FIRST_POINTS = 12
FIRST_SHARE, MAP_SHARE = 0.7, 0.82
"""Poses are dropped that do not hold so much of a few, then of all points of the sample. Guesses: the map is coarse."""

LEAST_SHARE = 0.94
"""Of the sample's length that must be there to a tolerance. Measured with `python -m benchmarks counting`."""

OWN_SHARE = 0.87
"""Of the sample's length that must be there without walls and wires that pass through. Measured as above."""

FOREIGN_SHARE = 0.06
"""Of the sample's length: more strokes of their own make another symbol. Measured as above."""

SAME_PLACE = 0.35
"""Of the sample's shorter side: poses whose middles are nearer are one place. A guess."""

MIRROR_HANDICAP = 0.02
"""A symmetric sample stands mirrored wherever it stands; then it is told as not mirrored."""

TRIES = 6
"""Poses looked at closely of one place: turns of a round symbol are many and alike. A guess."""

LOOKING_CPU_S = 8.0
"""Of one search; what is left then is said to be left. The child has 18 s for all of it."""

CHUNK = 20_000
SURVIVORS_LIMIT = 6_000
"""Poses looked at closely. A guess."""

LEAST_ENDS = 3
"""A sample of fewer ends of strokes is found everywhere."""

OWN_PLACE_PT = 1.0
REPEATED = 2
"""A further shape at so many places is no accident."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    pose: Pose
    middle: complex
    share: float
    is_foreign: bool


def find_shapes(
    shape: Shape,
    strokes: Strokes,
    size: tuple[float, float],
    scales: tuple[float, float],
    outlines: Sequence[np.ndarray] = (),
) -> ShapesFound:
    """All places of the sample on a page of `size` (as seen, points); the sample's own place too, if it is there.
    `outlines` are the page's filled shapes."""
    if is_plain(shape):
        return ShapesFound(is_plain=True)
    if not len(strokes.chords):
        return ShapesFound()
    sample, page = Sample.of(Strokes(shape.parts), Strokes(shape.context)), Page(strokes)
    poses = find_poses(sample.strokes, strokes, scales)
    kept, shares = _held(StrokeMap(strokes, size, sample.diagonal), sample, poses)
    order = np.argsort(-(shares - MIRROR_HANDICAP * kept.is_mirrored), kind="stable")
    ends = time.process_time() + LOOKING_CPU_S
    fills = Fills(shape, sample, outlines)
    places, looked = _places(sample, page, fills, kept, order[:SURVIVORS_LIMIT], ends)
    matches = [place for place in places if not place.is_foreign]
    variants = _variants(sample, page, places)
    similar = [place.pose.box for place in places if place.is_foreign or place.middle in variants]
    matches = [place for place in matches if place.middle not in variants]
    matches.sort(key=lambda place: (round(place.pose.box[1]), place.pose.box[0]))
    return ShapesFound(
        matches=tuple(_match(place) for place in matches),
        similar=tuple(similar),
        is_complete=poses.is_complete and looked == len(order) and fills.is_compared,
    )


def is_plain(shape: Shape) -> bool:
    """A stroke or an angle: nothing that could be told from others."""
    if not shape.parts or shape.box is None:
        return True
    curves = sum(1 for part in shape.parts if len(part) == 8)
    ends = {(round(part[n]), round(part[n + 1])) for part in shape.parts for n in (0, len(part) - 2)}
    width, height = shape.box[2] - shape.box[0], shape.box[3] - shape.box[1]
    if min(width, height) < 0.5 or max(width, height) < 2.0:
        return True
    return curves < 2 and (len(ends) < LEAST_ENDS or len(shape.parts) < LEAST_ENDS)


def _held(strokes: StrokeMap, sample: Sample, poses: Poses) -> tuple[Poses, np.ndarray]:
    """The poses that the map holds, with their shares, one of each place and turn."""
    few = np.linspace(0, len(sample.points) - 1, FIRST_POINTS).astype(int)
    shares = np.zeros(0)
    for which, least in ((few, FIRST_SHARE), (np.arange(len(sample.points)), MAP_SHARE)):
        shares = np.concatenate(
            [np.zeros(0), *(_shares(strokes, sample, poses, which, n) for n in range(0, len(poses.turn), CHUNK))]
        )
        poses, shares = poses.taken(shares >= least), shares[shares >= least]
    return _each_once(sample, poses, shares)


def _shares(strokes: StrokeMap, sample: Sample, poses: Poses, which: np.ndarray, first: int) -> np.ndarray:
    part = poses.taken(np.arange(first, min(first + CHUNK, len(poses.turn))))
    directions = np.where(part.is_mirrored[:, None], -sample.directions[None, which], sample.directions[None, which])
    return strokes.share(part.placed(sample.points[which]), directions + np.angle(part.turn)[:, None])


def _each_once(sample: Sample, poses: Poses, shares: np.ndarray) -> tuple[Poses, np.ndarray]:
    if not len(shares):
        return poses, shares
    middle = poses.placed(np.array([sample.middle]))[:, 0]
    step = max(sample.tolerance, 0.3)
    keys = np.stack(
        [
            np.round(np.real(middle) / step),
            np.round(np.imag(middle) / step),
            np.round(np.angle(poses.turn) / np.radians(2)),
            np.round(np.log(np.abs(poses.turn)) / 0.02),
            poses.is_mirrored,
        ],
        axis=1,
    )
    order = np.argsort(-shares, kind="stable")
    _, first = np.unique(keys[order], axis=0, return_index=True)
    chosen = order[np.sort(first)]
    return poses.taken(chosen), shares[chosen]


def _places(
    sample: Sample, page: Page, fills: Fills, poses: Poses, order: np.ndarray, ends: float
) -> tuple[list[_Place], int]:
    """One of each place, looked at from the likeliest pose on; a pose without foreign strokes goes before one with.
    Also how many poses were looked at until the processor time `ends`."""
    places: list[_Place] = []
    tried: list[complex] = []
    for looked, number in enumerate(order):
        if time.process_time() > ends:
            return places, looked
        turn, is_mirrored = complex(poses.turn[number]), bool(poses.is_mirrored[number])
        pose = Pose.of(sample, turn, complex(poses.shift[number]), is_mirrored=is_mirrored)
        middle = turn * (sample.middle.conjugate() if is_mirrored else sample.middle) + pose.shift
        near = SAME_PLACE * sample.shorter * pose.scale
        there = [place for place in places if abs(place.middle - middle) < near]
        if any(not place.is_foreign for place in there) or sum(abs(each - middle) < near for each in tried) >= TRIES:
            continue
        tried.append(middle)
        share, own_share = share_there(sample, page, pose)
        if share < LEAST_SHARE:
            continue
        is_foreign = own_share < OWN_SHARE or foreign_share(sample, page, pose) > FOREIGN_SHARE or fills.differ(pose)
        if is_foreign and there:
            continue
        places = [place for place in places if place not in there]
        places.append(_Place(pose=pose, middle=middle, share=share, is_foreign=is_foreign))
    return places, len(order)


def _variants(sample: Sample, page: Page, places: list[_Place]) -> set[complex]:
    """The middles of places that have the same further shape attached, at least two of them, and the sample has not:
    a driven valve holds the strokes of a valve. Another symbol that is wired to this one is no part of it."""
    attached = _attached(sample, page, places, [place for place in places if not place.is_foreign])
    own = [shape for middle, shape in attached.items() if abs(middle - sample.middle) < OWN_PLACE_PT]
    strange = {middle: shape for middle, shape in attached.items() if not any(shape.is_like(other) for other in own)}
    if not strange:
        return set()
    others = _attached(sample, page, places, [place for place in places if place.is_foreign])
    every = [*strange.values(), *others.values()]
    repeated = [shape for shape in every if sum(shape.is_like(other) for other in every) >= REPEATED]
    return {middle for middle, shape in strange.items() if any(shape.holds(other) for other in repeated)}


def _attached(sample: Sample, page: Page, places: list[_Place], looked_at: list[_Place]) -> dict[complex, Attached]:
    found: dict[complex, Attached] = {}
    for place in looked_at:
        others = [other.pose.box for other in places if other.middle != place.middle]
        if (shape := attached_to(sample, page, place.pose, others)) is not None:
            found[place.middle] = shape
    return found


def _match(place: _Place) -> ShapeMatch:
    return ShapeMatch(
        box=place.pose.box,
        angle=round(float(np.degrees(np.angle(place.pose.turn))) % 360, 1),
        scale=round(place.pose.scale, 3),
        is_mirrored=place.pose.is_mirrored,
        score=round(place.share, 3),
    )
