"""A face as Deep3DFaceRecon saves it, in the Basel Face Model that a user owns: 257 coefficients and 68 landmarks."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.face import Face
from facegpt_ros.morphable.carry import Carrier
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.loaders.deep3d_vector import CAMERA, angles_and_translation, light_of
from facegpt_ros.morphable.pose import rotation_from_vector
from facegpt_ros.reconstruction import model_json, rounded

SIDE = 224  # px, of the image that Deep3DFaceRecon sees
_PX_PER_DM = 102.0  # at which it shows the face
_AXES = (80, 64, 80)
_CURE = "name Deep3DFaceRecon's BFM_model_front.mat, or 01_MorphableModel.mat with the other files of its BFM folder"


@dataclass(frozen=True)
class Converted:
    """Attributes:

    mat: the file's content, float32: id (1, 80), exp (1, 64), tex (1, 80), angle (1, 3) rad, gamma (1, 27),
        trans (1, 3) dm, and lm68 (1, 68, 2) px in the aligned image of 224 × 224.
    about: for a .json: model, trans_params (width and height of the photo, scale, and the centre of the aligned image
        in it, y from below), how far apart the two models' faces are (mm), and their landmarks (px, aligned image).
    """

    mat: bytes
    about: dict[str, Any]


class BaselConverter:
    """Carries faces from our model to a user's.

    Args:
        path: BFM_model_front.mat, or 01_MorphableModel.mat cut to the same front by the files beside it.
        model: of the faces.

    Raises:
        ModelError: scipy or the file is missing, it is another model, or it has not the axes and landmarks of
            Deep3DFaceRecon.
    """

    def __init__(self, path: Path, model: LinearModel) -> None:
        self.basel = load_basel(path)
        self._carrier = Carrier(model, self.basel)

    def convert(self, face: Face) -> Converted:
        """A face of the model, seen by any camera.

        Deep3DFaceRecon looks at every face through the same long lens, at an image that is moved and scaled so that the
        face is about a metre away. So the pose is that of a camera turned to the face, at the distance at which this
        lens shows the face in that size; the perspective of a closer camera is lost.

        Raises:
            ModelError: the fit finds no partners on the other model.
        """
        carried = self._carrier.carry(face.identity, face.expression, face.albedo)
        mean = self.basel.bases["mean"]
        centre = mean.mean(0, dtype=np.float64)
        rotation = face.rotation @ carried.rotation  # (3, 3) their model → the camera's frame
        origin = rotation @ centre + face.rotation @ carried.translation + face.translation
        turned = _turn_to_axis(origin) @ rotation
        lens, x0, y0 = CAMERA[0], CAMERA[2], CAMERA[3]
        place = np.array([0, 0, lens * 0.1 / _PX_PER_DM]) - turned @ centre  # of their model's frame, m
        angle, trans = angles_and_translation(turned, place, mean)

        points = self.basel.landmarks(carried.identity, carried.expression) @ turned.T + place  # (68, 3)
        lm68 = points[:, :2] / points[:, 2:] * lens + (x0, y0)
        scale, at = _alignment(face, origin)
        aligned = (face.landmarks - at) * scale + (x0, y0)
        content = {
            "id": carried.identity,
            "exp": carried.expression,
            "tex": carried.albedo,
            "angle": angle,
            "gamma": light_of(face.illumination),
            "trans": trans,
            "lm68": lm68,
        }
        camera, far = face.camera, np.linalg.norm(aligned - lm68, axis=1)
        about = {
            "morphable_model": model_json(self.basel),
            "trans_params": rounded((camera.width, camera.height, scale, at[0], camera.height - 1 - at[1]), 4),
            "error_mm": round(float(np.median(carried.expressive_mm)), 3),
            "landmark_error_px": round(float(far.mean()), 2),
        }
        return Converted(_mat({key: np.asarray(value, np.float32)[None] for key, value in content.items()}), about)


def load_basel(path: Path) -> LinearModel:
    """The user's model. Raises ModelError as BaselConverter does."""
    model = load_model(path)
    axes = tuple(len(names) for names in (model.identity_names, model.expression_names, model.albedo_names))
    if axes != _AXES:
        raise ModelError(f"{path}: {model.name} has {axes} identity, expression and albedo axes, not {_AXES}; {_CURE}")
    if "ibug68" not in model.schemes:
        raise ModelError(f"{path}: {model.name} does not say where the 68 landmarks are; {_CURE}")
    return model


def _turn_to_axis(direction: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that brings a direction (3,) onto the optical axis."""
    unit = direction / np.linalg.norm(direction)
    axis = np.cross(unit, (0, 0, 1.0))
    sine = np.linalg.norm(axis)
    return rotation_from_vector(axis / max(sine, 1e-12) * np.arctan2(sine, unit[2]))


def _alignment(face: Face, origin: np.ndarray) -> tuple[float, np.ndarray]:
    """Scale of the photo in the aligned image, and the photo's pixel (2,) in its middle; origin (3,) m, optical."""
    across = np.linalg.norm(origin) * np.eye(3)[:2] * 1e-3
    at, right, below = face.camera.project(np.stack([origin, origin + across[0], origin + across[1]]))
    px_per_dm = 0.5 * (np.linalg.norm(right - at) + np.linalg.norm(below - at)) / (1e-3 * np.linalg.norm(origin)) * 0.1
    return float(_PX_PER_DM / px_per_dm), at


def _mat(content: dict[str, np.ndarray]) -> bytes:
    from scipy.io import savemat  # load_model has said what is missing

    data = io.BytesIO()
    savemat(data, content)
    return data.getvalue()
