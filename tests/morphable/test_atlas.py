import numpy as np
import pytest

from facegpt_ros.morphable.atlas import photo_atlas
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.rasterize import rasterize


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def areas(corners: np.ndarray) -> np.ndarray:
    """Signed areas (F,) of triangles (F, 3, 2)."""
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    return (ax * by - ay * bx) / 2


def test_gives_the_face_most_of_the_texture(model):
    face = model.regions["face"][model.triangles].min(1) > 0.5
    assert areas(model.uv_corners)[face].sum() < 0.04
    assert areas(photo_atlas(model))[face].sum() > 0.3


def test_gives_an_iris_some_dozen_texels(model):
    iris = model.regions["iris"][model.triangles].min(1) > 0.5
    right = iris & (model.bases["mean"][model.triangles[:, 0], 0] < 0)
    assert np.ptp(photo_atlas(model)[right].reshape(-1, 2), axis=0).min() * 1024 > 30


def test_stays_inside_and_keeps_what_did_not_overlap_apart(model):
    atlas, size = photo_atlas(model), 1024
    assert atlas.min() >= 0 and atlas.max() <= 1
    skin = model.regions["eyes"][model.triangles].min(1) <= 0.5
    assert (areas(atlas)[skin] >= 0).all()
    points = np.column_stack([(atlas.reshape(-1, 2) * (1, -1) + (0, 1)) * size - 0.5, np.ones(atlas.size // 2)])
    triangles = np.arange(len(points)).reshape(-1, 3)
    drawn, _ = rasterize(points.astype(np.float32), triangles.astype(np.int32), size, size)
    # Were triangles on top of each other, they would take up more than they show.
    assert (drawn >= 0).mean() == pytest.approx(areas(atlas).clip(0).sum(), rel=0.02)
