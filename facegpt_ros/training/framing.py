"""The standard framing of a crop (perception/crop.py), on plain coordinates, for many faces at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MARGIN = 0.75  # half crop size over the larger side of the landmarks' box: landmarks fill 2/3 of the crop


class Framing(NamedTuple):
    """Where the crop lies: centre (N, 2), half size (N,), roll (N,) radians of its x axis, clockwise in the image."""

    centre: np.ndarray
    half: np.ndarray
    roll: np.ndarray


def standard_framing(landmarks: np.ndarray) -> Framing:
    """Landmarks (N, 68, 2) in any image unit, y down → the crop that the tracker would cut.

    The crop's x axis is level with the outer eye corners; its centre is that of the landmarks' box in the turned frame.
    """
    eyes = landmarks[:, 45] - landmarks[:, 36]
    roll = np.arctan2(eyes[:, 1], eyes[:, 0])
    turn = _turn(roll)  # columns: the crop's axes
    turned = landmarks @ turn
    low, high = turned.min(1), turned.max(1)
    centre = np.einsum("nij,nj->ni", turn, (low + high) / 2)
    return Framing(centre, MARGIN * (high - low).max(1), roll)


def to_crop_units(points: np.ndarray, framing: Framing) -> np.ndarray:
    """Points (N, K, 2) in the image's unit → crop units, -1..1 from edge to edge."""
    return (points - framing.centre[:, None]) @ _turn(framing.roll) / framing.half[:, None, None]


def jitter(rng: np.random.Generator, count: int, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How far a real crop strays: shift (N, 2) in half crop sizes, size factor (N,), roll (N,) radians.

    Mostly as small as between two frames of a tracked face, else as large as after a detection.
    """
    tracked = rng.random(count) < 0.55
    shift = np.where(tracked[:, None], rng.normal(0, 0.06, (count, 2)), rng.uniform(-0.24, 0.24, (count, 2)))
    size = np.where(tracked, rng.normal(0, 0.06, count), rng.uniform(np.log(0.8), np.log(1.3), count))
    roll = np.where(tracked, rng.normal(0, 4, count), rng.uniform(-25, 25, count))
    return shift * strength, np.exp(size * strength), np.radians(roll) * strength


def _turn(roll: np.ndarray) -> np.ndarray:
    """(N,) radians → (N, 2, 2), columns are the turned axes."""
    cos, sin = np.cos(roll), np.sin(roll)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
