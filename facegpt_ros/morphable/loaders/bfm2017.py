"""Basel Face Model 2017 and 2019: statismo's HDF5 layout (Gerig et al., 2018), which scalismo writes too.

For shape, expression and color: <group>/model/mean (3V,), pcaBasis (3V, K) orthonormal, pcaVariance (K,); lengths in
mm, colours 0..1; the mean face is the sum of the shape's mean and the expression's. shape/representer/cells (3, F) are
the triangles. An older or larger model without expression or color group loads without those axes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.morphable.loaders.array_files import Hdf5File
from facegpt_ros.morphable.loaders.fields import Fields
from facegpt_ros.morphable.loaders.loaded import Axes, RawModel

LICENCE = (
    "non-commercial research only: Basel Face Model 2017/2019, (c) University of Basel; see the licence you signed"
)
CURE = "get it again from https://faces.dmi.unibas.ch/bfm and keep it as it is"


def load_statismo(path: Path, identity: int | None, expression: int | None, albedo: int | None) -> RawModel:
    """A .h5 file; identity, expression and albedo are how many axes to keep, None for all.

    Raises:
        ModelError: a dataset is missing, of the wrong shape, or has a negative variance.
    """
    fields = Fields(path, Hdf5File(path), CURE)

    def group(name: str, count: int | None, called: str, most: int | None) -> tuple[np.ndarray, Axes]:
        mean = fields.numbers(f"{name}/model/mean", count)
        if len(mean) % 3:
            raise fields.error(f"{name}/model/mean", f"has {len(mean)} numbers, no multiple of 3")
        deviations = fields.deviations(f"{name}/model/pcaVariance", variances=True)
        basis = fields.numbers(f"{name}/model/pcaBasis", len(mean), len(deviations))
        return mean.reshape(-1, 3), Axes.numbered(basis, deviations, called, most)

    mean, shape = group("shape", None, "identity", identity)
    v = len(mean)
    cells = fields.integers("shape/representer/cells", None, None, low=0, high=v)
    if 3 not in cells.shape:
        raise fields.error("shape/representer/cells", f"has the shape {cells.shape}, not 3×n")
    moving, colour, colour_mean = None, None, None
    if "expression/model" in fields:
        offset, moving = group("expression", 3 * v, "expression", expression)
        mean = mean + offset
    if "color/model" in fields:
        colour_mean, colour = group("color", 3 * v, "albedo", albedo)
    return RawModel(
        name=f"basel_face_model_{'2019' if '2019' in path.name else '2017'}",
        version="2019" if "2019" in path.name else "2017",
        licence=LICENCE,
        mean=mean,
        triangles=cells.T if cells.shape[0] == 3 else cells,
        identity=shape,
        expression=moving,
        colour_mean=colour_mean,
        albedo=colour,
        metres_per_unit=1e-3,
    )
