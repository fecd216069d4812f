"""Named axes of identity: describe a face in words' units, and draw a face from a description.

Shapes are measured on the mesh between MediaPipe's points; age, masculinity and weight are what anny's sliders of those
names do. A face has a value on each axis in standard deviations of the model's people, 0 for the mean face. The map and
its way back are linear: value = W α; the likeliest face with given values is α = Wᵀ (W Wᵀ)⁻¹ value, which leaves every
axis that was not asked for where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import ModelError

if TYPE_CHECKING:
    from facegpt_ros.morphable.model import MorphableModel

#: Axes that sliders teach, in the order of the model file's rows.
SLIDERS = ("age", "masculinity", "weight")
_STEP = 0.05  # of a coefficient, for the derivative of a measure


def _across(a: int, b: int) -> Callable[[np.ndarray], np.ndarray]:
    """Distance from side to side between two of MediaPipe's points."""
    return lambda points: np.abs(points[..., a, 0] - points[..., b, 0])


def _up(a: int, b: int) -> Callable[[np.ndarray], np.ndarray]:
    """How much higher a lies than b."""
    return lambda points: points[..., a, 1] - points[..., b, 1]


def _out(a: int, b: int) -> Callable[[np.ndarray], np.ndarray]:
    """How far a stands out before b."""
    return lambda points: points[..., a, 2] - points[..., b, 2]


def _mean_up(a: tuple[int, ...], b: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda points: points[..., a, 1].mean(-1) - points[..., b, 1].mean(-1)


#: name → measure of the 478 points (..., 478, 3) m → (...) m.
MEASURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "face_width": _across(234, 454),
    "face_length": _up(168, 152),
    "jaw_width": _across(172, 397),
    "chin_protrusion": _out(199, 164),
    "nose_width": _across(64, 294),
    "nose_length": _up(168, 2),
    "nose_protrusion": _out(4, 2),
    "nose_tip_height": _up(4, 2),
    "mouth_width": _across(61, 291),
    "upper_lip_fullness": _up(0, 13),
    "lower_lip_fullness": _up(14, 17),
    "eye_distance": _across(133, 362),
    "eye_width": lambda points: (_across(33, 133)(points) + _across(263, 362)(points)) / 2,
    "eye_openness": _mean_up((159, 386), (145, 374)),
    "brow_height": _mean_up((105, 334), (159, 386)),
    "forehead_slope": _out(168, 10),
    "cheek_fullness": lambda points: points[..., (205, 425), 2].mean(-1) - points[..., (33, 263), 2].mean(-1),
}


class SemanticAxes:
    """Named axes of a model's identity.

    Args:
        model: its 478 landmarks are measured.
        sliders: (3, I) readout of SLIDERS from identity coefficients, of any length.

    Attributes:
        names: of the axes.
        unit_mm: (A,) how many mm one standard deviation of a measured axis is; 0 for one that sliders teach.
    """

    def __init__(self, model: MorphableModel, sliders: np.ndarray) -> None:
        count = len(model.identity_names)
        if sliders.shape != (len(SLIDERS), count) or not np.isfinite(sliders).all():
            raise ModelError(f"axes are {sliders.shape}, for {count} coefficients {(len(SLIDERS), count)}; build again")
        self._model = model
        self.names = (*SLIDERS, *MEASURES)
        steps = np.concatenate([np.eye(count), -np.eye(count)]) * _STEP
        slopes = self.measure(steps) / (2 * _STEP)  # (2 I, M) m
        slopes = (slopes[:count] - slopes[count:]).T
        sigma = np.linalg.norm(slopes, axis=1)
        self.unit_mm = np.concatenate([np.zeros(len(SLIDERS)), 1000 * sigma])
        readout = np.concatenate([sliders, slopes]).astype(np.float64)
        self._readout = readout / np.linalg.norm(readout, axis=1, keepdims=True)  # (A, I)
        self._drawing = np.linalg.pinv(self._readout)  # (I, A)

    def measure(self, identity: np.ndarray) -> np.ndarray:
        """MEASURES of neutral faces, read off the mesh: (..., I) → (..., M) m."""
        neutral = np.zeros((*np.shape(identity)[:-1], len(self._model.expression_names)))
        points = self._model.landmarks(identity, neutral, "mediapipe478")
        return np.stack([measure(points) for measure in MEASURES.values()], -1)

    def describe(self, identity: np.ndarray) -> np.ndarray:
        """Identity (..., I) → values (..., A) on the axes, standard deviations."""
        return np.asarray(identity, np.float64) @ self._readout.T

    def draw(self, values: Mapping[str, float], rng: np.random.Generator | None = None) -> np.ndarray:
        """Identity (I,) with the given values, 0 on the other axes.

        Args:
            values: name of an axis → standard deviations.
            rng: varies what no axis says; None draws the likeliest face.

        Raises:
            ModelError: no axis has that name, or a value is not finite.
        """
        wanted = np.zeros(len(self.names))
        for name, value in values.items():
            if name not in self.names or not np.isfinite(value):
                raise ModelError(f"axis {name} = {value}; axes are {', '.join(self.names)}, values finite numbers")
            wanted[self.names.index(name)] = value
        identity = self._drawing @ wanted
        if rng is not None:
            free = rng.standard_normal(len(identity))
            identity = identity + free - self._drawing @ (self._readout @ free)
        return identity

    @property
    def cost(self) -> np.ndarray:
        """(A,) distance of the likeliest face at 1 on each axis from the mean face, standard deviations."""
        return np.linalg.norm(self._drawing, axis=0)


def learn_sliders(identity: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
    """Readout (3, I) of the sliders: how coefficients go with them, which for coefficients of variance 1 is the best.

    Args:
        identity: (N, I) coefficients of drawn people; values: SLIDERS → (N,).
    """
    centred = identity - identity.mean(0)
    targets = np.stack([(values[name] - values[name].mean()) / values[name].std() for name in SLIDERS])
    return targets @ centred / len(identity)
