"""The 257 coefficients of Deep3DFaceRecon (Deng et al., 2019): what each means, and our pose and light from them.

Their frame: x to the subject's left, y up, z to the camera, dm, origin at the mean of the model's vertices. A point p
of the head is at q = Rz(c) · Ry(b) · Rx(a) · p + t for angles (a, b, c) and translation t; the camera stands at z = 10
and looks back, with 1015 px of focal length for 224 × 224 px: column 112 + 1015 q_x / (10 - q_z), row
111 - 1015 q_y / (10 - q_z).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL, euler_from_matrix, matrix_from_euler

SIZE = 257
#: Their camera as pinhole intrinsics of the optical frame, px: fx, fy, cx, cy for an image of 224 × 224.
CAMERA = (1015.0, 1015.0, 112.0, 111.0)
_METRES = 0.1
_CAMERA_DISTANCE = np.array([0, 0, 1.0])  # m
_AMBIENT = 0.8  # they add it to the constant harmonic
#: Their harmonics carry signs, and their normals point up and to the camera where ours point down and away from it.
_LIGHT_SIGNS = np.array([1, 1, -1, -1, -1, -1, 1, 1, 1.0])
_GROUPS = {"identity": 80, "expression": 64, "albedo": 80, "angles": 3, "light": 27, "translation": 3}


@dataclass(frozen=True)
class Deep3DCoefficients:
    """Attributes, each (..., n):

    identity 80 σ, expression 64 σ, albedo 80 σ; angles 3 rad about x, y, z; light 27: nine harmonics of red, then of
    green and blue, without the 0.8 of ambient light that they add; translation 3 dm.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    angles: np.ndarray
    light: np.ndarray
    translation: np.ndarray

    @classmethod
    def split(cls, vector: np.ndarray) -> Deep3DCoefficients:
        """(..., 257) → its groups. Raises ModelError for another length or values that are not finite."""
        vector = np.asarray(vector)
        if vector.shape[-1:] != (SIZE,) or not np.isfinite(vector).all():
            raise ModelError(
                f"Deep3DFaceRecon's vector has the shape {vector.shape}, not (..., {SIZE}), or holds a NaN"
            )
        ends = np.cumsum(list(_GROUPS.values()))[:-1]
        return cls(*np.split(vector, ends, axis=-1))

    def join(self) -> np.ndarray:
        """(..., 257). Raises ModelError for a group of another length."""
        for group, count in _GROUPS.items():
            if getattr(self, group).shape[-1:] != (count,):
                raise ModelError(f"{group} has the shape {getattr(self, group).shape}; give (..., {count})")
        return np.concatenate([getattr(self, group) for group in _GROUPS], axis=-1)

    def pose(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Our pose: rotation (..., 3, 3) model → optical frame, and the model origin's place (..., 3) m in the latter.

        Args:
            mean: (V, 3) m, the mean face of the loaded BFM_model_front.mat, bases["mean"]: their origin is its centre.
        """
        a, b, c = np.degrees(np.moveaxis(np.asarray(self.angles, np.float64), -1, 0))
        rotation = matrix_from_euler(b, -a, c)
        place = np.asarray(self.translation, np.float64) * _METRES @ OPTICAL_FROM_MODEL_FRONTAL.T
        return rotation, place + _CAMERA_DISTANCE - rotation @ mean.mean(0, dtype=np.float64)

    def illumination(self) -> np.ndarray:
        """Our φ (..., 27), harmonic-major, of render/shading.py: the same colours for the same normals."""
        light = np.asarray(self.light, np.float64).reshape(*self.light.shape[:-1], 3, 9).copy()
        light[..., 0] += _AMBIENT
        return (light * _LIGHT_SIGNS).swapaxes(-1, -2).reshape(self.light.shape)


def angles_and_translation(
    rotation: np.ndarray, translation: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of Deep3DCoefficients.pose: angles (..., 3) rad and translation (..., 3) dm."""
    yaw, pitch, roll = np.moveaxis(euler_from_matrix(rotation), -1, 0)
    place = np.asarray(translation, np.float64) + rotation @ mean.mean(0, dtype=np.float64) - _CAMERA_DISTANCE
    return np.radians(np.stack([-pitch, yaw, roll], -1)), place @ OPTICAL_FROM_MODEL_FRONTAL / _METRES


def light_of(illumination: np.ndarray) -> np.ndarray:
    """The inverse of Deep3DCoefficients.illumination: our φ (..., 27) → their light (..., 27)."""
    phi = np.asarray(illumination, np.float64)
    light = phi.reshape(*phi.shape[:-1], 9, 3).swapaxes(-1, -2) * _LIGHT_SIGNS
    light[..., 0] -= _AMBIENT
    return light.reshape(phi.shape)
