"""FLAME 2020 and 2023 (Li et al., 2017): .pkl as published, read without running it, or the same arrays as .npz.

v_template (V, 3) m, shapedirs (V, 3, 400) already times the standard deviations (300 identity, 100 expression),
posedirs (V, 3, 36), J_regressor (5, V), kintree_table (2, 5), weights (V, 5), f (F, 3). Joints: root, neck, jaw, left
eye, right eye; y up, z out of the face. The head's own rotation is the pose of the face, not part of the model here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders.array_files import NpzFile
from facegpt_ros.morphable.loaders.fields import Fields
from facegpt_ros.morphable.loaders.landmark_file import Landmarks, read_landmarks
from facegpt_ros.morphable.loaders.loaded import Axes, LoadedModel, RawModel
from facegpt_ros.morphable.loaders.safe_pickle import UnsafePickleError, array, load_pickle
from facegpt_ros.morphable.pose import rotation_from_vector

LICENCE = "FLAME, (c) Max-Planck-Gesellschaft: non-commercial research only; CC BY 4.0 if it is FLAME 2023 Open"
CURE = "get it again from https://flame.is.tue.mpg.de"
JOINTS = ("neck", "jaw", "left_eye", "right_eye")
#: Appended to the expressions: axis times angle of each joint, rad, in the axes of the model frame.
POSE_NAMES = tuple(f"{joint}_{axis}" for joint in JOINTS for axis in "xyz")
MAX_ANGLE = np.pi / 2  # rad; a coefficient beyond it is clipped
_IDENTITY, _EXPRESSION = 300, 100
_SMALL = 0.02  # rad
_EMBEDDINGS = ("landmark_embedding.npy", "flame_static_embedding.pkl")


@dataclass(frozen=True)
class Skeleton:
    """What turns the neck, jaw and eyes.

    Attributes:
        regressor: (5, V) joints out of vertices.
        parents: (5,) int, -1 for the root.
        weights: (V, 5) how much each joint carries of a vertex.
        correctives: (36, 3V) m per entry of the joints' rotations minus identity.
    """

    regressor: np.ndarray
    parents: tuple[int, ...]
    weights: np.ndarray
    correctives: np.ndarray

    def pose(self, rest: np.ndarray, joints: np.ndarray, angles: np.ndarray) -> np.ndarray:
        """Linear blend skinning with pose correctives (Loper et al., 2015, eq. 2-4).

        Args:
            rest: (V, 3) m, joints: (5, 3) m, in one frame; angles: (4, 3) rad, axis times angle of JOINTS.

        Returns:
            (V, 3) m.
        """
        rotations = np.concatenate([np.eye(3)[None], rotation_from_vector(angles)])
        moved = rest + ((rotations[1:] - np.eye(3)).ravel() @ self.correctives).reshape(-1, 3)
        turn, at = np.empty((5, 3, 3)), np.empty((5, 3))
        for j, parent in enumerate(self.parents):
            if parent < 0:
                turn[j], at[j] = rotations[j], joints[j]
            else:
                turn[j] = turn[parent] @ rotations[j]
                at[j] = turn[parent] @ (joints[j] - joints[parent]) + at[parent]
        shift = at - np.einsum("jkl,jl->jk", turn, joints)
        return np.einsum("vj,jkl,vl->vk", self.weights, turn, moved, optimize=True) + self.weights @ shift


class FlameModel(LoadedModel):
    """FLAME; its last twelve expression coefficients are POSE_NAMES, in rad, and bend the mesh exactly.

    `bases` holds their derivatives at rest, which is what a linear fit needs.
    """

    joint_names = POSE_NAMES

    def __init__(self, *, skeleton: Skeleton, **arrays: Any) -> None:
        super().__init__(**arrays)
        self._skeleton = skeleton

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """α (..., I), δ (..., E) → (..., V, 3) float32, model frame, m."""
        expression = self._coefficients(expression, self.expression_names, "expression")
        linear = expression.copy()
        linear[..., -len(POSE_NAMES) :] = 0
        rest = super().vertices(identity, linear)
        angles = np.broadcast_to(expression[..., -len(POSE_NAMES) :], (*rest.shape[:-2], len(POSE_NAMES)))
        flat, out = rest.reshape(-1, *rest.shape[-2:]), np.empty((int(np.prod(rest.shape[:-2])), *rest.shape[-2:]))
        for i, angle in enumerate(angles.reshape(-1, len(JOINTS), 3).clip(-MAX_ANGLE, MAX_ANGLE)):
            if angle.any():
                joints = self._skeleton.regressor @ (flat[i] + self.origin) - self.origin
                out[i] = self._skeleton.pose(flat[i], joints, angle)
            else:
                out[i] = flat[i]
        return out.reshape(rest.shape).astype(np.float32)

    def landmarks(
        self,
        identity: np.ndarray,
        expression: np.ndarray,
        scheme: str = "ibug68",
        yaw: np.ndarray | float | None = None,
    ) -> np.ndarray:
        """α (..., I), δ (..., E) → (..., N, 3) float32, model frame, m. FLAME has no contour that slides with yaw."""
        corners, weights = self.embedding(scheme)
        return np.einsum("...nci,nc->...ni", self.vertices(identity, expression)[..., corners, :], weights)


def load_flame(
    path: Path,
    data: bytes,
    sha256: str,
    identity: int | None = None,
    expression: int | None = None,
    landmarks: Path | None = None,
) -> FlameModel:
    """A .pkl or .npz; identity and expression are how many axes to keep, None for 300 and 100 (the joints come on top).

    Landmarks are those of a landmark file (see read_landmarks), or of landmark_embedding.npy or
    flame_static_embedding.pkl if one lies next to the model.

    Raises:
        ModelError: the pickle names anything but arrays, or a key is missing or wrong.
    """
    fields = Fields(path, NpzFile(path) if data.startswith(b"PK") else PickledArrays(path, data), CURE)
    template = fields.numbers("v_template", None, 3)
    v = len(template)
    directions = fields.numbers("shapedirs", v, 3, _IDENTITY + _EXPRESSION).reshape(3 * v, -1)
    parents = fields.whole("kintree_table", 2, 5)[0]
    parents[0] = -1  # published as 2³² - 1
    if (parents[1:] < 0).any() or (parents >= np.arange(5)).any():
        raise fields.error("kintree_table", f"names the parents {parents.tolist()}: each must come before its child")
    skeleton = Skeleton(
        regressor=fields.numbers("J_regressor", 5, v),
        parents=tuple(parents.tolist()),
        weights=fields.numbers("weights", v, 5),
        correctives=np.ascontiguousarray(fields.numbers("posedirs", v, 3, 36).reshape(3 * v, 36).T),
    )
    expressions = directions[:, _IDENTITY:][:, :expression]
    moving = Axes(
        np.hstack([expressions, _derivatives(skeleton, template)]),
        np.ones(expressions.shape[1] + len(POSE_NAMES), np.float32),
        (*(f"expression_{i:03d}" for i in range(expressions.shape[1])), *POSE_NAMES),
    )
    beside = landmarks or next((path.parent / name for name in _EMBEDDINGS if (path.parent / name).exists()), None)
    raw = RawModel(
        name="flame",
        version="2023" if "2023" in path.name else "2020",
        licence=LICENCE,
        mean=template,
        triangles=fields.integers("f", None, 3, low=0, high=v),
        identity=Axes.numbered(directions, np.ones(_IDENTITY, np.float32), "identity", min(identity or 300, _IDENTITY)),
        expression=moving,
        metres_per_unit=1,
        landmarks=read_landmarks(beside) if beside else Landmarks(),
    )
    model = raw.build(path, sha256, CURE, FlameModel, skeleton=skeleton)
    assert isinstance(model, FlameModel)
    return model


class PickledArrays:
    """The arrays of a pickled dictionary, by name.

    Raises:
        ModelError: the pickle names anything but arrays, is cut off, or is no dictionary.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        try:
            content = load_pickle(data)
        except UnsafePickleError as error:
            raise ModelError(f"{path}: the pickle is refused: {error}; {CURE}") from error
        if not isinstance(content, dict):
            raise ModelError(f"{path}: the pickle holds a {type(content).__name__}, not a dictionary; {CURE}")
        self._content = content

    def __contains__(self, key: object) -> bool:
        return key in self._content

    def __getitem__(self, key: str) -> np.ndarray:
        value = self._content[key]
        try:
            return array(value)
        except (UnsafePickleError, ValueError) as error:
            raise ModelError(f"{self._path}: '{key}' is no array ({error}); {CURE}") from error


def _derivatives(skeleton: Skeleton, template: np.ndarray) -> np.ndarray:
    """(3V, 12) m per rad: what each of POSE_NAMES does to the mean face at rest."""
    joints = skeleton.regressor @ template
    columns = np.empty((template.size, len(POSE_NAMES)), np.float32)
    for i in range(len(POSE_NAMES)):
        angles = np.zeros(len(POSE_NAMES))
        angles[i] = _SMALL
        ahead, behind = (skeleton.pose(template, joints, s * angles.reshape(-1, 3)) for s in (1, -1))
        columns[:, i] = ((ahead - behind) / (2 * _SMALL)).ravel()
    return columns
