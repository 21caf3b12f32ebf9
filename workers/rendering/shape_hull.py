"""The convex hull of a shape's points, and whether points lie in it. Runs in render children only."""

import numpy as np


def hull_of(points: np.ndarray) -> np.ndarray:
    """The corners of the convex hull as complex numbers, in order; at least one. By Andrew's monotone chain."""
    given = sorted(set(zip(np.real(points).tolist(), np.imag(points).tolist(), strict=True)))
    if len(given) < 3:
        return np.array([complex(x, y) for x, y in given])
    lower, upper = _chain(given), _chain(given[::-1])
    return np.array([complex(x, y) for x, y in (*lower[:-1], *upper[:-1])])


def is_within(points: np.ndarray, hull: np.ndarray, slack: float) -> np.ndarray:
    """Which points lie in the hull or at most `slack` outside of it."""
    if len(hull) < 3:
        return np.abs(points[:, None] - hull[None, :]).min(axis=1) <= slack
    along = np.roll(hull, -1) - hull
    unit = along / np.maximum(np.abs(along), 1e-9)
    across = ((points[:, None] - hull[None, :]) * unit.conj()[None, :]).imag
    middle = ((hull.mean() - hull) * unit.conj()).imag
    return (across * np.sign(middle)[None, :] >= -slack).all(axis=1)


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    for point in points:
        while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    return corners


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
