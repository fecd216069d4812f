"""Identity: principal axes of what moves a neutral face, from scanned people and from an artist's sliders."""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.pose import skew

#: Share of the sliders' variance added to the scans': what scans of adults of one study do not span.
SLIDERS_SHARE = 0.3


def without_motion(shifts: np.ndarray, vertices: np.ndarray, weight: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Takes the small rotation out of displacements, and the movement of the origin.

    Args:
        shifts: (N, V, 3) of the mean face's vertices (V, 3); weight: (V,) of a vertex in the rotation.
        origin: (N, 3) how far each moves the origin.
    """
    shifts = shifts - origin[:, None]
    levers = -np.array([skew(v) for v in vertices])  # (V, 3, 3): a small turn w moves v by skew(w) v = -skew(v) w
    weighted = levers * weight[:, None, None]
    normal = np.einsum("vij,vik->jk", levers, weighted)
    turns = np.linalg.solve(normal, np.einsum("vij,nvi->jn", weighted, shifts)).T
    return shifts - np.einsum("vij,nj->nvi", levers, turns)


def principal_axes(factors: np.ndarray, weight: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """Basis (count, V, 3), one standard deviation a unit, and the share of the variance it holds.

    Args:
        factors: (N, V, 3); the covariance of faces is the sum of their outer products.
        weight: (V,) of a vertex in what counts as variance.
    """
    flat = factors.reshape(len(factors), -1)
    scaled = flat * np.repeat(np.sqrt(weight), 3)
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    order = np.argsort(values)[::-1][:count]
    basis = vectors[:, order].T @ flat
    # The sign of an eigenvector is arbitrary: fix it, so that a rebuild gives the same axes.
    basis *= np.sign(basis[np.arange(count), np.abs(basis).argmax(1)])[:, None]
    return basis.reshape(count, -1, 3), float(values[order].sum() / values.sum())


def coefficients(shifts: np.ndarray, basis: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Displacements (N, V, 3) → coefficients (N, K) on principal axes (K, V, 3) found with the same weight (V,)."""
    weighted = basis * weight[:, None]
    scale = (weighted * basis).sum((1, 2))  # the axes are orthogonal under the weight
    return np.einsum("nvi,kvi->nk", shifts, weighted) / scale
