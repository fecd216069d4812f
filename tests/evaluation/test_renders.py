from dataclasses import fields
from itertools import islice

import numpy as np
import pytest
from safetensors.numpy import save_file

from facegpt_ros.errors import ModelError
from facegpt_ros.evaluation.renders import held_out_people, landmarks_on, renders
from facegpt_ros.evaluation.scores import RENDER_SEEDS
from facegpt_ros.morphable.contour import SlidingContour
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import euler_from_matrix


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def people(model) -> np.ndarray:
    return held_out_people(model, "test")


def test_the_same_seed_gives_the_same_images_however_many_are_asked_for(model, people):
    for few, many in zip(renders(model, people, 2, 3), islice(renders(model, people, 50, 3), 2), strict=True):
        assert all(
            np.array_equal(getattr(few, f.name), getattr(many, f.name)) for f in fields(few) if f.name != "camera"
        )
        assert few.camera == many.camera


def test_val_and_test_show_other_people_in_other_pictures(model):
    sets = {split: held_out_people(model, split) for split in ("val", "test")}
    gaps = np.abs(sets["val"][:, None] - sets["test"]).max((2, 3))
    assert gaps.min() > 1e-3
    val, test = (next(renders(model, sets[split], 1, RENDER_SEEDS[split])) for split in ("val", "test"))
    assert not np.array_equal(val.image, test.image)
    assert np.abs(val.rotation - test.rotation).max() > 0.05


def test_people_of_another_topology_or_split_are_refused(model, tmp_path):
    path = tmp_path / "people.safetensors"
    with pytest.raises(ModelError, match="people.safetensors"):
        held_out_people(model, "test", path)
    save_file({"vertices_test": np.zeros((2, model.n_vertices + 1, 3), np.float32)}, str(path))
    with pytest.raises(ModelError, match="vertices"):
        held_out_people(model, "test", path)
    with pytest.raises(ModelError, match="val"):
        held_out_people(model, "val", path)


def test_landmarks_are_where_pose_and_shape_put_them(model, people):
    corners, weights = model.embedding()
    still = [36, 39, 42, 45, 27, 28]  # eye corners and nose, which expressions hardly move
    for render in renders(model, people, 4, 11):
        points = np.einsum("nci,nc->ni", render.neutral[corners], weights) @ render.rotation.T + render.translation
        off = np.linalg.norm(render.camera.project(points) - render.landmarks, axis=1)
        unit = np.linalg.norm(render.landmarks[45] - render.landmarks[36])
        assert render.landmarks.shape == (68, 2)
        assert off[still].max() < 0.12 * unit
        assert np.allclose(render.rotation @ render.rotation.T, np.eye(3))


def test_the_picture_changes_where_the_face_is(model, people):
    """The head's pixels differ from the background's statistics: its landmarks lie in sight and inside the image."""
    for render in renders(model, people, 4, 12):
        yaw, pitch, roll = euler_from_matrix(render.rotation)
        assert abs(yaw) <= 60 and abs(pitch) <= 30 and abs(roll) <= 30
        assert render.image.shape == (480, 640, 3) and render.image.dtype == np.uint8
        inside = ((render.landmarks >= 0) & (render.landmarks < (640, 480))).all(1)
        assert inside.mean() > 0.9
        assert 40 < np.ptp(render.landmarks, axis=0).max() < 320


def test_people_are_none_of_the_models_own(model, people):
    render = next(renders(model, people, 1, 5))
    assert render.neutral.shape == (model.n_vertices, 3)
    assert np.abs(render.neutral - model.bases["mean"]).max() > 1e-3


def test_the_jaw_of_a_turned_person_slides_as_the_models_own_does(model):
    rng = np.random.default_rng(0)
    contour = SlidingContour(
        np.array([-40, 0, 50], np.float32),
        rng.integers(0, len(model.triangles), (3, 17)).astype(np.int32),
        np.full((3, 17, 3), 1 / 3, np.float32),
    )
    sliding = model.with_landmarks({scheme: model.surface_points(scheme) for scheme in model.schemes}, contour)
    alpha, delta = rng.standard_normal(len(model.identity_names)), np.zeros(len(model.expression_names))
    for yaw in (-70.0, 0.0, 20.0):
        ours = landmarks_on(sliding, sliding.vertices(alpha, delta), yaw)
        np.testing.assert_allclose(ours, sliding.landmarks(alpha, delta, yaw=yaw), atol=1e-6)


def test_the_test_renders_are_still_those_that_the_figures_are_of(model, people):
    """Another order of random draws, anywhere below, would make other pictures and all figures incomparable."""
    first, second = renders(model, people, 2, RENDER_SEEDS["test"])
    assert np.allclose(first.landmarks[30], (438.57, 316.76), atol=0.05)
    assert np.allclose(second.landmarks[30], (243.8, 358.51), atol=0.05)
    assert first.image.mean() == pytest.approx(128.6, abs=0.5)


def test_a_narrower_set_turns_less_far(model, people):
    for wide, narrow in zip(renders(model, people, 3, 5), renders(model, people, 3, 5, yaw_deg=20), strict=True):
        assert euler_from_matrix(narrow.rotation)[0] == pytest.approx(euler_from_matrix(wide.rotation)[0] / 3, abs=1e-6)
