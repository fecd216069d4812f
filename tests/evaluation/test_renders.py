from dataclasses import fields
from itertools import islice

import numpy as np
import pytest

from facegpt_ros.evaluation.renders import renders
from facegpt_ros.evaluation.scores import RENDER_SEEDS
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import euler_from_matrix


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def test_the_same_seed_gives_the_same_images_however_many_are_asked_for(model):
    for few, many in zip(renders(model, 2, 3), islice(renders(model, 50, 3), 2), strict=True):
        assert all(
            np.array_equal(getattr(few, f.name), getattr(many, f.name)) for f in fields(few) if f.name != "camera"
        )
        assert few.camera == many.camera


def test_val_and_test_show_other_pictures(model):
    val, test = (next(renders(model, 1, RENDER_SEEDS[split])) for split in ("val", "test"))
    assert not np.array_equal(val.image, test.image)
    assert np.abs(val.rotation - test.rotation).max() > 0.05


def test_landmarks_are_where_pose_and_shape_put_them(model):
    corners, weights = model.embedding()
    still = [36, 39, 42, 45, 27, 28]  # eye corners and nose, which expressions hardly move
    for render in renders(model, 4, 11):
        points = np.einsum("nci,nc->ni", render.neutral[corners], weights) @ render.rotation.T + render.translation
        off = np.linalg.norm(render.camera.project(points) - render.landmarks, axis=1)
        unit = np.linalg.norm(render.landmarks[45] - render.landmarks[36])
        assert render.landmarks.shape == (68, 2)
        assert off[still].max() < 0.12 * unit
        assert np.allclose(render.rotation @ render.rotation.T, np.eye(3))


def test_the_picture_changes_where_the_face_is(model):
    """The head's pixels differ from the background's statistics: its landmarks lie in sight and inside the image."""
    for render in renders(model, 4, 12):
        yaw, pitch, roll = euler_from_matrix(render.rotation)
        assert abs(yaw) <= 60 and abs(pitch) <= 30 and abs(roll) <= 30
        assert render.image.shape == (480, 640, 3) and render.image.dtype == np.uint8
        inside = ((render.landmarks >= 0) & (render.landmarks < (640, 480))).all(1)
        assert inside.mean() > 0.9
        assert 40 < np.ptp(render.landmarks, axis=0).max() < 320


def test_people_are_none_of_the_models_own(model):
    render = next(renders(model, 1, 5))
    assert render.neutral.shape == (model.n_vertices, 3)
    assert np.abs(render.neutral - model.bases["mean"]).max() > 1e-3
