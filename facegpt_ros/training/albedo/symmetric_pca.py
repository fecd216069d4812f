"""Principal axes of faces and their mirror images, with weights and with known axes taken out first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Axes:
    """Mean and K axes of one standard deviation each: the given ones first, then by falling variance.

    A face and its mirror image are both samples; then every axis is either the same on both sides or opposite.

    Attributes:
        mean: (D,) float32; basis: (K, D) float32.
        scores: (N, K) coordinates of the samples, of unit weighted variance.
        sign: (K,) 1 for axes that mirroring keeps, -1 for those that it turns round: the scores of a mirror image are
            sign * scores.
    """

    mean: np.ndarray
    basis: np.ndarray
    scores: np.ndarray
    sign: np.ndarray

    def faces(self, rows: slice | np.ndarray, *, mirrored: bool = False, count: int | None = None) -> np.ndarray:
        """The samples as the first `count` axes have them, (n, D) float32; all axes for None."""
        scores = self.scores[rows, :count] * (self.sign[:count] if mirrored else 1)
        return scores.astype(np.float32) @ self.basis[:count] + self.mean


def symmetric_axes(faces: np.ndarray, mirrored: np.ndarray, weights: np.ndarray, given: np.ndarray, count: int) -> Axes:
    """Weighted PCA by the Gram matrix of the samples.

    Args:
        faces, mirrored: (N, D) float32, each sample and its mirror image; overwritten.
        weights: (N,) > 0.
        given: (N, G) coordinates of the samples on axes asked for, of weighted mean 0 and uncorrelated, variance 1.
        count: K, axes wanted, the G given ones included; fewer come back where the samples have no more.
    """
    share = (weights / weights.sum()).astype(np.float32)
    mean = (share @ faces + share @ mirrored) / 2
    faces -= mean
    mirrored -= mean
    even, odd = (faces + mirrored) / 2, (faces - mirrored) / 2
    along = (given * share[:, None]).T.astype(np.float32) @ even  # (G, D)
    even -= given.astype(np.float32) @ along
    parts = []
    for half, side in ((even, 1), (odd, -1)):
        half *= np.sqrt(share)[:, None]
        values, vectors = np.linalg.eigh((half @ half.T).astype(np.float64))
        order = np.argsort(values)[::-1][: count - given.shape[1]]
        order = order[values[order] > 1e-9 * max(float(values.max()), 1e-12)]
        parts.append((values[order], vectors[:, order], np.full(len(order), side)))
    sign = np.concatenate([part[2] for part in parts])
    best = np.argsort(-np.concatenate([part[0] for part in parts]), kind="stable")[: count - given.shape[1]]
    vectors = np.concatenate([part[1] for part in parts], 1)[:, best].astype(np.float32)
    sign = sign[best]
    basis = np.where(sign[:, None] > 0, vectors.T @ even, vectors.T @ odd)
    # The sign of an eigenvector is arbitrary: fix it, so that another run gives the same axes.
    turn = np.sign(basis[np.arange(len(basis)), np.abs(basis).argmax(1)])
    basis *= turn[:, None]
    scores = vectors * turn / np.sqrt(share)[:, None]
    return Axes(
        mean,
        np.concatenate([along, basis]).astype(np.float32),
        np.concatenate([given, scores], 1),
        np.concatenate([np.ones(given.shape[1]), sign]),
    )
