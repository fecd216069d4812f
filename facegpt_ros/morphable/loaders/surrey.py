"""Models in the format of eos: the Surrey Face Model (Huber et al., 2016), and others that were converted to it.

A cereal binary archive of eos::morphablemodel::MorphableModel: u32 version, then the shape PCA and the colour PCA (each
mean, orthonormal basis (3V, K), eigenvalues, triangles), from version 2 an optional expression model (blendshapes or a
PCA), from version 3 optional landmark names, then texture coordinates, from version 4 their triangles. The public
sfm_shape_3448.bin is version 1, in mm, without colours; expression_blendshapes_3448.bin beside it gives expressions.
The file does not say its unit: µm, mm, cm or m is chosen so that the mean is as large as a face.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.morphable.loaders.cereal_file import CerealFile
from facegpt_ros.morphable.loaders.landmark_file import Landmarks, read_landmarks
from facegpt_ros.morphable.loaders.loaded import Axes, RawModel

LICENCE = "as the owners of the model say; the Surrey Face Model: non-commercial, (c) University of Surrey (CVSSP)"
CURE = "get it again from https://github.com/patrikhuber/eos or https://cvssp.org/facemodel"
VERSIONS = range(1, 5)
_UNITS = (1.0, 0.01, 0.001, 1e-6)
_BLENDSHAPES = "expression_blendshapes_3448.bin"
_LANDMARKS = "ibug_to_sfm.txt"


def load_eos(path: Path, data: bytes, identity: int | None, expression: int | None, albedo: int | None) -> RawModel:
    """A .bin file; identity, expression and albedo are how many axes to keep, None for all.

    Landmarks are those of ibug_to_sfm.txt if that lies next to a model with as many vertices as the Surrey Face Model.

    Raises:
        ModelError: the archive is of an unknown version, cut off, or contradicts itself.
    """
    file = CerealFile(path, data)
    version = file.number("I", "version")
    if version not in VERSIONS:
        raise file.error("version", f"is {version}, not 1..4")
    mean, shape, triangles = _pca(file, "shape_model", "identity", identity)
    colour_mean, colour, _ = _pca(file, "color_model", "albedo", albedo)
    if len(colour_mean) not in (0, len(mean)):
        raise file.error("color_model.mean", f"has {len(colour_mean)} vertices, the shape {len(mean)}")
    moving, activations = None, True
    if version >= 2 and not file.flag("expression_model.nullopt"):
        kind = file.number("i", "expression_model.index")
        if kind == 0:
            moving = _blendshapes(file, len(mean), expression)
        elif kind == 1:
            offset, moving, _ = _pca(file, "expression_model", "expression", expression)
            if len(offset) != len(mean):
                raise file.error("expression_model.mean", f"has {len(offset)} vertices, the shape {len(mean)}")
            mean, activations = mean + offset, False
        else:
            raise file.error("expression_model.index", f"is {kind}, neither 0 nor 1")
    if version >= 3 and not file.flag("landmark_definitions.nullopt"):
        for _ in range(file.number("Q", "count of landmark_definitions")):
            file.text("landmark_definitions")
            file.number("i", "landmark_definitions")
    file.vectors("<f8", 2, "texture_coordinates")
    if version >= 4:
        file.vectors("<i4", 3, "texture_triangle_indices")
    file.end()
    blendshapes, names = path.parent / _BLENDSHAPES, path.parent / _LANDMARKS
    if moving is None and len(mean) == 3448 and blendshapes.exists():
        separate = CerealFile(blendshapes, blendshapes.read_bytes())
        moving = _blendshapes(separate, len(mean), expression)
        separate.end()
    extent = float(np.ptp(mean, axis=0).max())
    unit = next((u for u in _UNITS if 0.05 < extent * u < 1.0), None)
    if unit is None:
        raise file.error("shape_model.mean", f"is {extent:g} large, a head in none of m, cm, mm and µm")
    return RawModel(
        name="surrey_face_model" if "sfm" in path.name else path.stem,
        version=str(version),
        licence=LICENCE,
        mean=mean,
        triangles=triangles,
        identity=shape,
        expression=moving,
        colour_mean=colour_mean if len(colour_mean) else None,
        albedo=colour if len(colour_mean) else None,
        metres_per_unit=unit,
        landmarks=read_landmarks(names) if len(mean) == 3448 and names.exists() else Landmarks(),
        activations=activations,
    )


def _pca(file: CerealFile, what: str, name: str, most: int | None) -> tuple[np.ndarray, Axes, np.ndarray]:
    """Mean (V, 3), axes and triangles (F, 3) of one eos::morphablemodel::PcaModel; V = 0 for an empty one."""
    mean = file.matrix(f"{what}.mean")
    basis = file.matrix(f"{what}.orthonormal_pca_basis")
    values = file.matrix(f"{what}.eigenvalues").ravel()
    triangles = file.vectors("<i4", 3, f"{what}.triangle_list")
    if mean.size % 3 or (mean.size and mean.shape[1] != 1) or not np.isfinite(mean).all():
        raise file.error(f"{what}.mean", f"is {mean.shape[0]}×{mean.shape[1]}, not 3V×1, or holds a NaN")
    if mean.size and basis.shape != (mean.size, values.size):
        raise file.error(
            f"{what}.orthonormal_pca_basis", f"is {basis.shape[0]}×{basis.shape[1]}, not {mean.size}×{values.size}"
        )
    if not np.isfinite(values).all() or (values < 0).any():
        raise file.error(f"{what}.eigenvalues", f"go down to {values.min()}: variances are ≥ 0 and finite")
    return mean.reshape(-1, 3), Axes.numbered(basis, np.sqrt(values), name, most), triangles


def _blendshapes(file: CerealFile, v: int, most: int | None) -> Axes:
    count = file.number("Q", "count of blendshapes")
    names, columns = [], []
    for _ in range(count):
        names.append(file.text("blendshape.name"))
        columns.append(file.matrix("blendshape.deformation").ravel())
        if columns[-1].size != 3 * v:
            raise file.error(f"blendshape '{names[-1]}'", f"has {columns[-1].size} numbers, not {3 * v}")
    basis = np.stack(columns, 1)[:, :most] if columns else np.zeros((3 * v, 0), np.float32)
    return Axes(basis, np.ones(basis.shape[1], np.float32), tuple(names[: basis.shape[1]]))
