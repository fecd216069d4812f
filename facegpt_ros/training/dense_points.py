"""Which vertices stand for the whole face: spread over it, and wherever an expression moves it in its own way."""

from __future__ import annotations

import numpy as np

from facegpt_ros.model.points import DENSE
from facegpt_ros.morphable.model import MorphableModel

_APART_MM, _MOVED_MM = 12.0, 3.0  # as different: to lie so far apart, or to be moved so differently by one expression


def dense_vertices(model: MorphableModel, count: int = DENSE) -> np.ndarray:
    """(count,) int, numbers of vertices of the face and the eyes: each the one that differs most from those before.

    Vertices differ by where they are and by what each expression does to them, so that lids, lips and pupils are among
    the first.
    """
    seen = model.regions["face"] > 0.5
    for name in ("eyes", "iris"):
        if name in model.regions:
            seen |= model.regions[name] > 0.5
    rows = np.flatnonzero(seen)
    where = 1000 * model.bases["mean"][rows] / _APART_MM  # (R, 3)
    moved = model.bases["expression"].reshape(len(model.expression_names), -1, 3)[:, rows]
    every = np.concatenate([where[None], 1000 * moved / _MOVED_MM]).transpose(1, 0, 2).reshape(len(rows), -1)
    chosen = [int(np.abs(every - every.mean(0)).sum(1).argmax())]
    nearest = np.full(len(rows), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.square(every - every[chosen[-1]]).sum(1))
        chosen.append(int(nearest.argmax()))
    return rows[chosen]
