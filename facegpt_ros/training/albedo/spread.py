"""Skin beyond what photographs show: ears, neck and scalp take over the tone of the face next to them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, diags, eye
from scipy.sparse.linalg import splu

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.albedo.chart import photographed

_KNOWN = 0.6  # share of the photographs from which on a vertex passes its colour on
_FORGET_M = 0.08  # way over which a colour's own pattern gives way to the mean tone


class SkinSpread:
    """Harmonic extension over the mesh with a pull towards the face's tone (a screened Poisson equation).

    Args:
        model: its mean shape and triangles are the surface.
        source: (V,) bool, vertices whose colours can be had from photographs.
    """

    def __init__(self, model: MorphableModel, source: np.ndarray) -> None:
        share = photographed(model)
        self.share = share
        self.known = source & (share > _KNOWN)
        skin = model.regions["skin"] * (1 - model.regions.get("beard", 0 * share))
        self._tone = np.where(self.known, skin * share, 0)
        self._tone /= max(float(self._tone.sum()), 1e-9)
        points, triangles = model.bases["mean"].astype(np.float64), model.triangles
        i, j = triangles.ravel(), np.roll(triangles, 1, 1).ravel()
        length = np.linalg.norm(points[i] - points[j], axis=1)
        count = len(points)
        near = coo_matrix((1 / np.maximum(length, 1e-4), (i, j)), shape=(count, count)).tocsr()
        near = near.maximum(near.T)
        degree = np.asarray(near.sum(1)).ravel()
        step = float(np.median(length))
        smooth = diags(1 / np.maximum(degree, 1e-9)) @ near
        free = np.flatnonzero(~self.known)
        system = (1 + (step / _FORGET_M) ** 2) * eye(count) - smooth
        self._free = free
        self._from_known = smooth[free][:, self.known]
        self._pull = (step / _FORGET_M) ** 2
        self._solve = splu(system.tocsr()[free][:, free].tocsc()).solve

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (V, K), of which those of known vertices count → (V, K) everywhere."""
        out = np.array(values, np.float64)
        tone = self._tone @ out
        out[self._free] = self._solve(self._from_known @ out[self.known] + self._pull * tone)
        return out
