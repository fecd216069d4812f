import subprocess
import sys

import numpy as np
import pytest

from facegpt_ros.errors import FaceGPTError, ModelError
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from tests.render.meshes import quad, sphere


def test_covers_each_pixel_whose_centre_lies_inside():
    points, triangles = quad()
    ids, barycentric = rasterize(points, triangles, 40, 40)
    expected = np.zeros((40, 40), bool)
    expected[10:31, 10:31] = True
    np.testing.assert_array_equal(ids >= 0, expected)
    np.testing.assert_allclose(barycentric[expected].sum(-1), 1, atol=1e-5)
    assert not barycentric[~expected].any()
    assert set(np.unique(ids)) == {-1, 0, 1}


def test_barycentrics_are_perspective_correct():
    points, triangles = quad(z0=1.0, z1=3.0)
    ids, barycentric = rasterize(points, triangles, 40, 40)
    depth = (barycentric[20, 20] * points[triangles[ids[20, 20]], 2]).sum()
    # Halfway in the image 1/z is the mean of 1/1 and 1/3, not z the mean of 1 and 3.
    assert depth == pytest.approx(1 / (0.5 * (1 + 1 / 3)), rel=1e-5)


def test_nearer_surface_hides_the_farther_whatever_the_order():
    near, triangles = quad(1.0, 1.0)
    far = near + np.float32([5, 5, 1])
    for first, second in ((near, far), (far, near)):
        ids, _ = rasterize(np.concatenate([first, second]), np.concatenate([triangles, triangles + 4]), 40, 40)
        front = (ids[20, 20] < 2) if first is near else (ids[20, 20] >= 2)
        assert front


def test_culls_faces_that_look_away_unless_told_not_to():
    points, triangles = quad()
    turned = triangles[:, ::-1]
    assert (rasterize(points, turned, 40, 40)[0] < 0).all()
    assert (rasterize(points, turned, 40, 40, cull=False)[0] >= 0).any()


def test_a_ball_shows_its_near_side():
    points, triangles = sphere(rows=20)
    screen = points.copy()
    screen[:, :2] = points[:, :2] / points[:, 2:] * 300 + 50
    ids, barycentric = rasterize(screen, triangles, 100, 100)
    depth = (barycentric * points[triangles[ids], 2]).sum(-1)[ids >= 0]
    assert depth.min() == pytest.approx(0.9, abs=2e-3)
    assert depth.max() < 1.0
    normals = vertex_normals(points, triangles)
    outward = (points - (0, 0, 1)) / 0.1
    assert np.abs((normals * outward).sum(-1)).min() > 0.98
    assert (normals * outward).sum(-1).min() > 0.98


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-5])
def test_skips_triangles_with_a_vertex_behind_the_camera_or_not_finite(bad):
    points, triangles = quad()
    points[3, 2] = bad
    ids, barycentric = rasterize(points, triangles, 40, 40)
    assert set(np.unique(ids)) == ({-1, 0} if bad != np.inf else set(np.unique(ids)))
    assert np.isfinite(barycentric[ids == 0]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30, -1e30])
def test_survives_vertices_far_outside_the_picture(bad):
    points, triangles = quad()
    points[3, 0] = bad
    ids, _ = rasterize(points, triangles, 40, 40)
    assert (ids == 0).any()


def test_clips_to_the_picture():
    points, triangles = quad()
    points[:, :2] = points[:, :2] * 100 - 1500
    ids, _ = rasterize(points, triangles, 33, 21)
    assert ids.shape == (21, 33)
    assert (ids >= 0).all()


def test_neighbouring_triangles_leave_no_holes():
    rng = np.random.default_rng(0)
    steps = np.linspace(2, 62, 25)
    x, y = np.meshgrid(steps, steps)
    x[1:-1, 1:-1] += rng.uniform(-0.9, 0.9, (23, 23))
    y[1:-1, 1:-1] += rng.uniform(-0.9, 0.9, (23, 23))
    points = np.stack([x, y, rng.uniform(0.9, 1.1, x.shape)], -1).reshape(-1, 3).astype(np.float32)
    a = (np.arange(24)[:, None] * 25 + np.arange(24)).ravel()
    triangles = np.concatenate([np.stack([a, a + 25, a + 26], -1), np.stack([a, a + 26, a + 1], -1)]).astype(np.int32)
    ids, _ = rasterize(points, triangles, 64, 64)
    assert (ids[2:63, 2:63] >= 0).all()


def test_takes_read_only_and_other_typed_arrays():
    points, triangles = quad()
    expected = rasterize(points, triangles, 40, 40)[0]
    wide, long = points.astype(np.float64), triangles.astype(np.int64)
    wide.flags.writeable = long.flags.writeable = False
    np.testing.assert_array_equal(rasterize(wide, long, 40, 40)[0], expected)


def test_nothing_to_draw_is_an_empty_picture():
    points, _ = quad()
    ids, _ = rasterize(points, np.empty((0, 3), np.int32), 8, 4)
    assert (ids == -1).all()


@pytest.mark.parametrize(
    ("points", "triangles", "says"),
    [
        (np.zeros((4, 2)), np.zeros((1, 3), int), r"\(V, 3\)"),
        (np.zeros((4, 3)), np.zeros((1, 4), int), r"\(F, 3\)"),
        (np.zeros((4, 3)), np.array([[0, 1, 4]]), "name vertices 0 to 4, the mesh has 4"),
        (np.zeros((4, 3)), np.array([[0, 1, -1]]), "name vertices -1 to 1"),
    ],
)
def test_refuses_a_mesh_it_cannot_draw(points, triangles, says):
    with pytest.raises(ModelError, match=says):
        rasterize(points, triangles, 8, 8)


def test_unknown_backend_is_named():
    with pytest.raises(FaceGPTError, match="'opengl'"):
        rasterize(*quad(), 8, 8, backend="opengl")


def test_importing_does_not_load_numba():
    code = (
        "import sys, facegpt_ros.render.rasterize, facegpt_ros.render.batch, facegpt_ros.viz.overlay;"
        "sys.exit('numba' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_works_where_the_cache_cannot_be_written():
    code = (
        "import numba.core.caching as c, sys;"
        "getattr(c, 'CacheImpl', getattr(c, '_CacheImpl', None))._locator_classes = [];"
        "from facegpt_ros.render.kernels import normalise;"
        "import numpy as np; a = np.full((1, 3), 2, np.float32); normalise(a);"
        "sys.exit(abs(float((a * a).sum()) - 1) > 1e-5)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nvdiffrast_agrees_with_numba():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU: nvdiffrast needs one")
    pytest.importorskip("nvdiffrast.torch", reason="pip install diffrp-nvdiffrast")
    points, triangles = sphere(rows=20)
    points[:, :2] = points[:, :2] / points[:, 2:] * 300 + 50
    ours, here = rasterize(points, triangles, 96, 80)
    theirs, there = rasterize(points, triangles, 96, 80, backend="nvdiffrast")
    same = ours == theirs
    assert same.mean() > 0.99
    np.testing.assert_allclose(here[same], there[same], atol=1e-3)
