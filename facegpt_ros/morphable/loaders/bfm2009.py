"""Basel Face Model 2009, and what Deep3DFaceRecon makes of it.

01_MorphableModel.mat (Paysan et al., 2009): shapeMU (3V, 1), shapePC (3V, 199) orthonormal, shapeEV (199, 1) standard
deviations, all in µm; texMU, texPC, texEV the same for RGB 0..255; tl (F, 3) from 1, clockwise; V = 53490. It has no
expressions.

Guo et al. (2018) added those of FaceWarehouse as Exp_Pca.bin: int32 count K, float32 mean (3W), float32 basis (K, 3W),
µm, for W = 53215 of the vertices, which BFM_exp_idx.mat lists (trimIndex (W, 1), from 1), and std_exp.txt their K
standard deviations.

Deep3DFaceRecon (Deng et al., 2019) keeps the front of the face, BFM_front_idx.mat (idx, from 1, into the W), with
triangles and landmarks from facemodel_info.mat (tri, keypoints, from 1), and saves that as BFM_model_front.mat:
meanshape (1, 3N), idBase (3N, 80), exBase (3N, 64), meantex (1, 3N), texBase (3N, 80), tri, keypoints, lengths in dm,
bases already times their deviations; N = 35709.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.loaders.array_files import MatFile
from facegpt_ros.morphable.loaders.fields import Fields
from facegpt_ros.morphable.loaders.landmark_file import Landmarks
from facegpt_ros.morphable.loaders.loaded import Axes, RawModel

LICENCE = "non-commercial research only: Basel Face Model 2009, (c) University of Basel; see the licence you signed"
LICENCE_EXPRESSIONS = f"{LICENCE}; expressions from FaceWarehouse (Cao et al., 2014; Guo et al., 2018), research only"
CURE = "get it again from https://faces.dmi.unibas.ch/bfm and keep it as it is"
CURE_DEEP3D = "get the files of Deep3DFaceRecon's BFM folder again"
#: How many axes Deep3DFaceRecon's coefficients have; what a loader keeps unless it is asked for others.
IDENTITY, EXPRESSION, ALBEDO = 80, 64, 80


def load_basel_2009(path: Path, identity: int | None, expression: int | None, albedo: int | None) -> RawModel:
    """The original .mat; with expressions if Exp_Pca.bin is beside it, only the face's front if BFM_front_idx.mat is.

    Args:
        identity, expression, albedo: how many axes to keep; None for 80, 64 and 80.

    Raises:
        ModelError: a key is missing or wrong, or a file that Exp_Pca.bin needs is not there.
    """
    fields = Fields(path, MatFile(path), CURE)
    mean = fields.numbers("shapeMU", None)
    v = len(mean) // 3
    if len(mean) % 3:
        raise fields.error("shapeMU", f"has {len(mean)} numbers, no multiple of 3")
    shape_deviations = fields.deviations("shapeEV")
    shape = Axes.numbered(
        fields.numbers("shapePC", 3 * v, len(shape_deviations)), shape_deviations, "identity", identity or IDENTITY
    )
    colour_deviations = fields.deviations("texEV")
    colour = Axes.numbered(
        fields.numbers("texPC", 3 * v, len(colour_deviations)), colour_deviations, "albedo", albedo or ALBEDO
    )
    colour_mean = fields.numbers("texMU", 3 * v)
    triangles = fields.integers("tl", None, 3, low=1, high=v + 1) - 1
    landmarks = Landmarks()
    kept, moving = np.arange(v), None
    if (path.parent / "Exp_Pca.bin").exists():
        moving = _expressions(path.parent, expression or EXPRESSION)
        with_expression = len(moving.basis) // 3
        index = _mat(path.parent / "BFM_exp_idx.mat").integers("trimIndex", None, low=1, high=v + 1) - 1
        if len(index) != with_expression:
            raise ModelError(
                f"{path.parent}: Exp_Pca.bin has {with_expression} vertices, BFM_exp_idx.mat {len(index)}; "
                f"{CURE_DEEP3D}"
            )
        if (path.parent / "BFM_front_idx.mat").exists():
            front_file = _mat(path.parent / "BFM_front_idx.mat")
            front = front_file.integers("idx", None, low=1, high=with_expression + 1) - 1
            info = _mat(path.parent / "facemodel_info.mat")
            triangles, landmarks = _topology(info, len(front))
            kept = index[front]
            moving = Axes(_rows(moving.basis, front), moving.scale, moving.names)
        else:
            kept, triangles = index, _among(triangles, index, v)
    return RawModel(
        name="basel_face_model_2009",
        version="2009",
        licence=LICENCE if moving is None else LICENCE_EXPRESSIONS,
        mean=mean.reshape(-1, 3)[kept],
        triangles=triangles,
        identity=Axes(_rows(shape.basis, kept), shape.scale, shape.names),
        expression=moving,
        colour_mean=colour_mean.reshape(-1, 3)[kept],
        albedo=Axes(_rows(colour.basis, kept), colour.scale, colour.names),
        metres_per_unit=1e-6,
        colour_units=255,
        landmarks=landmarks,
    )


def load_front(path: Path, identity: int | None, expression: int | None, albedo: int | None) -> RawModel:
    """Deep3DFaceRecon's BFM_model_front.mat, all axes unless fewer are asked for.

    Raises:
        ModelError: a key is missing or wrong.
    """
    fields = _mat(path)
    mean = fields.numbers("meanshape", None)
    if len(mean) % 3:
        raise fields.error("meanshape", f"has {len(mean)} numbers, no multiple of 3")
    triangles, landmarks = _topology(fields, len(mean) // 3)

    def axes(key: str, name: str, most: int | None) -> Axes:
        basis = fields.numbers(key, len(mean), None)
        return Axes.numbered(basis, np.ones(basis.shape[1], np.float32), name, most)

    return RawModel(
        name="basel_face_model_2009_front",
        version="2009",
        licence=LICENCE_EXPRESSIONS,
        mean=mean.reshape(-1, 3),
        triangles=triangles,
        identity=axes("idBase", "identity", identity),
        expression=axes("exBase", "expression", expression),
        colour_mean=fields.numbers("meantex", len(mean)).reshape(-1, 3),
        albedo=axes("texBase", "albedo", albedo),
        metres_per_unit=0.1,
        colour_units=255,
        landmarks=landmarks,
    )


def _mat(path: Path) -> Fields:
    if not path.exists():
        raise ModelError(f"{path} is missing; {CURE_DEEP3D}, or take Exp_Pca.bin away for a model without expressions")
    return Fields(path, MatFile(path), CURE_DEEP3D)


def _topology(fields: Fields, v: int) -> tuple[np.ndarray, Landmarks]:
    keypoints = fields.integers("keypoints", 68, low=1, high=v + 1) - 1
    return fields.integers("tri", None, 3, low=1, high=v + 1) - 1, Landmarks(dict(enumerate(keypoints.tolist())))


def _expressions(folder: Path, most: int) -> Axes:
    path, deviations_path = folder / "Exp_Pca.bin", folder / "std_exp.txt"
    data = path.read_bytes()
    count = int(np.frombuffer(data[:4], "<i4")[0]) if len(data) >= 4 else 0
    floats = (len(data) - 4) // 4
    if count < 1 or len(data) % 4 or floats % (3 * (count + 1)):
        raise ModelError(
            f"{path}: declares {count} expressions in {len(data)} bytes, which is not 4 + 12·W·({count} + 1); "
            f"{CURE_DEEP3D}"
        )
    try:
        deviations = np.array(deviations_path.read_text().split(), np.float32)
    except (OSError, ValueError) as error:
        raise ModelError(f"{deviations_path}: {error}; {CURE_DEEP3D}") from error
    if len(deviations) != count or not np.isfinite(deviations).all() or (deviations < 0).any():
        raise ModelError(f"{deviations_path}: {len(deviations)} deviations, not {count} that are ≥ 0; {CURE_DEEP3D}")
    numbers = np.frombuffer(data, "<f4", offset=4).reshape(count + 1, -1)  # the mean first; the pipeline leaves it out
    return Axes.numbered(numbers[1:].T, deviations, "expression", most)


def _rows(basis: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The rows (3N, K) of some vertices out of (3V, K)."""
    return basis.reshape(-1, 3, basis.shape[1])[kept].reshape(-1, basis.shape[1])


def _among(triangles: np.ndarray, kept: np.ndarray, v: int) -> np.ndarray:
    """The triangles between kept vertices, renumbered."""
    number = np.full(v, -1)
    number[kept] = np.arange(len(kept))
    return number[triangles][(number[triangles] >= 0).all(1)]
