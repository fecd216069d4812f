import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.islands import island_kind
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texture_layout import connected_parts, texture_layout
from facegpt_ros.render.rasterize import rasterize


def areas(corners: np.ndarray) -> np.ndarray:
    """Signed areas (F,) of triangles (F, 3, 2)."""
    (ax, ay), (bx, by) = (np.float64(corners[:, k] - corners[:, 0]).T for k in (1, 2))
    return (ax * by - ay * bx) / 2


def drawn(corners: np.ndarray, size: int) -> np.ndarray:
    """(size, size) bool: texels that a triangle covers."""
    flat = (corners.reshape(-1, 2) * (1, -1) + (0, 1)) * size - 0.5
    points = np.column_stack([flat, np.ones(len(flat))]).astype(np.float32)
    return rasterize(points, np.arange(len(points), dtype=np.int32).reshape(-1, 3), size, size)[0] >= 0


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def layout(model) -> tuple[np.ndarray, np.ndarray]:
    return texture_layout(model.bases["mean"], model.triangles, model.regions)


@pytest.fixture(scope="module")
def head(model) -> np.ndarray:
    """(F,) bool: the largest connected part."""
    part = connected_parts(model.triangles, model.n_vertices)[model.triangles[:, 0]]
    return part == np.bincount(part).argmax()


def inside(model: MorphableModel, region: str) -> np.ndarray:
    return model.regions[region][model.triangles].min(1) > 0.5


def test_gives_the_face_more_than_half_of_the_texture(model, layout, head):
    assert areas(layout[0])[inside(model, "face") & head].sum() > 0.5


def test_no_triangle_of_the_head_turns_over_or_covers_another(layout, head):
    corners = layout[0][head]
    assert areas(corners).min() > 0
    assert corners.min() >= 0 and corners.max() <= 1
    # Were triangles on top of each other, they would take up more than they show.
    assert drawn(corners, 1024).mean() == pytest.approx(areas(corners).sum(), rel=0.01)


def test_islands_stay_clear_of_the_head_and_of_each_other(model, layout, head):
    parts = connected_parts(model.triangles, model.n_vertices)[model.triangles[:, 0]]
    size = 512
    # The teeth of a row lie in one island, and the rows one above the other.
    kinds = {part: island_kind(model.triangles[parts == part], model.regions) for part in np.unique(parts)}
    alone = [part for part, kind in kinds.items() if kind not in ("teeth", "gums")]
    shown = [drawn(layout[0][parts == part], size) for part in alone]
    for kind in ("teeth", "gums"):
        if of_kind := [part for part, k in kinds.items() if k == kind]:
            shown.append(drawn(layout[0][np.isin(parts, of_kind)], size))
    assert np.sum(shown, axis=0).max() == 1
    assert min(picture.sum() for picture in shown) > 1000


def test_an_iris_gets_some_dozen_texels_of_256(model, layout):
    right = inside(model, "iris") & (model.bases["mean"][model.triangles[:, 0], 0] < 0)
    assert np.ptp(layout[0][right].reshape(-1, 2), axis=0).min() * 256 > 11


def test_the_seam_lies_on_the_back_of_the_head(model, layout, head):
    corners, uv = layout
    torn = np.abs(uv[model.triangles] - corners).max((1, 2)) > 1e-6
    assert 0 < (torn & head).sum() < 100
    assert model.bases["mean"][model.triangles[torn & head], 2].max() < -0.06
    assert not (torn & head & inside(model, "face")).any()


def test_the_subjects_left_is_on_the_right_and_the_brows_are_above_the_chin(model, layout):
    uv = layout[1]
    marks = model.embedding()[0][:, 0]
    assert uv[marks[45], 0] - uv[marks[36], 0] > 0.3
    assert uv[marks[19], 1] > uv[marks[30], 1] > uv[marks[57], 1] > uv[marks[8], 1]


def test_is_the_same_at_every_run(model, layout):
    again = texture_layout(model.bases["mean"], model.triangles, model.regions)
    np.testing.assert_array_equal(layout[0], again[0])


def sphere(rings: int = 9, around: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A closed ball of 10 cm, counter-clockwise seen from outside."""
    polar, azimuth = np.meshgrid(
        np.pi * np.arange(1, rings) / rings, 2 * np.pi * np.arange(around) / around, indexing="ij"
    )
    middle = np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], -1)
    vertices = 0.1 * np.vstack([middle.reshape(-1, 3), [[0, 1, 0], [0, -1, 0]]])
    top, bottom = len(vertices) - 2, len(vertices) - 1
    triangles = []
    for j in range(around):
        k = (j + 1) % around
        triangles += [(top, j, k), (bottom, (rings - 2) * around + k, (rings - 2) * around + j)]
        for i in range(rings - 2):
            a, b, c, d = i * around + j, i * around + k, (i + 1) * around + j, (i + 1) * around + k
            triangles += [(a, c, b), (b, c, d)]
    return vertices, np.array(triangles, np.int32)


@pytest.mark.parametrize("holes", [(), (30,), (30, 70, 100)])
def test_opens_closed_heads_and_heads_with_holes(holes):
    vertices, triangles = sphere()
    triangles = np.delete(triangles, holes, 0)
    corners, _ = texture_layout(vertices, triangles, {})
    assert areas(corners).min() > 0
    assert drawn(corners, 512).mean() == pytest.approx(areas(corners).sum(), rel=0.02)


def test_refuses_a_surface_that_is_no_disc():
    vertices, triangles = sphere()
    with pytest.raises(ModelError, match="share an edge"):
        texture_layout(vertices, np.vstack([triangles, triangles[:1]]), {})
    i, j = np.divmod(np.arange(36), 6)
    here, right, above = i * 6 + j, (i + 1) % 6 * 6 + j, i * 6 + (j + 1) % 6
    across = (i + 1) % 6 * 6 + (j + 1) % 6
    doughnut = np.concatenate([np.stack([here, right, above], 1), np.stack([right, across, above], 1)])
    angle = np.arange(6) * np.pi / 3
    ring = 0.1 + 0.04 * np.cos(angle)
    depth = np.broadcast_to(0.04 * np.sin(angle), (6, 6))
    tube = np.stack([np.outer(np.cos(angle), ring), np.outer(np.sin(angle), ring), depth], -1).reshape(-1, 3)
    with pytest.raises(ModelError, match="Euler number"):
        texture_layout(tube, doughnut, {})
