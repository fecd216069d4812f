import numpy as np
import pytest

from facegpt_ros.errors import ModelError

pytest.importorskip("scipy", reason="scipy is in the train extra")
from facegpt_ros.morphable.head_parts import eyeball, simplified, sphere_through
from facegpt_ros.morphable.identity import coefficients, principal_axes, without_motion
from facegpt_ros.morphable.light_stage import LightStage


def test_an_eyeball_is_a_closed_sphere_with_a_pupil_in_the_iris():
    vertices, triangles, masks = eyeball()
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1)
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    assert np.einsum("ni,ni->n", a, np.cross(b, c)).min() > 0  # every triangle faces outward
    edges = np.sort(np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]), 1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    assert (masks["pupil"] <= masks["iris"]).all() and 0 < masks["pupil"].sum() < masks["iris"].sum()
    assert vertices[masks["iris"] > 0, 2].min() > 0.9


def test_a_sphere_is_found_from_a_part_of_it():
    points = eyeball()[0]
    centre, radius = sphere_through(0.012 * points[points[:, 2] > 0.3] + (0.03, 0.01, 0.05))
    np.testing.assert_allclose(centre, (0.03, 0.01, 0.05), atol=1e-9)
    assert radius == pytest.approx(0.012)


def test_fewer_triangles_keep_the_shape():
    pytest.importorskip("fast_simplification", reason="fast-simplification is in the train extra")
    vertices, triangles, _ = eyeball()
    small, faces = simplified(vertices, triangles, 250)
    assert len(faces) < 0.9 * len(triangles)
    assert np.abs(np.linalg.norm(small, axis=1) - 1).max() < 0.1


def test_principal_axes_are_standard_deviations_and_read_back():
    rng = np.random.default_rng(0)
    shapes = np.linalg.qr(rng.normal(size=(60, 4)))[0].T.reshape(4, 20, 3)
    spread = np.array([4.0, 3.0, 2.0, 1.0])
    basis, share = principal_axes(shapes * spread[:, None, None], np.ones(20), 3)
    np.testing.assert_allclose(np.linalg.norm(basis.reshape(3, -1), axis=1), spread[:3])
    assert share == pytest.approx(29 / 30)
    alpha = rng.normal(size=(5, 3))
    np.testing.assert_allclose(coefficients(np.tensordot(alpha, basis, 1), basis, np.ones(20)), alpha, atol=1e-9)


def test_identity_holds_no_motion_of_the_head():
    rng = np.random.default_rng(1)
    vertices = rng.normal(size=(30, 3))
    turn = 1e-3 * np.cross([0.3, -0.5, 0.8], vertices)
    still = without_motion((turn + (0, 0.01, 0))[None], vertices, np.ones(30), np.array([[0, 0.01, 0]]))
    assert np.abs(still).max() < 1e-9


def test_a_light_stage_file_without_a_key_is_refused_by_name(tmp_path):
    np.savez(tmp_path / "face.npz", neutral=np.zeros((4, 3)))
    with pytest.raises(ModelError, match="face.npz.*id"):
        LightStage(tmp_path / "face.npz")
