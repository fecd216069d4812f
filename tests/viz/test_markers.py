import numpy as np
import pytest

from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.markers import face_markers


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


def face(model):
    sizes = (len(model.identity_names), len(model.expression_names), len(model.albedo_names), 27)
    coefficients = [np.zeros(size, np.float32) for size in sizes]
    camera = Camera.from_fov(64, 48, 60)
    frontal, ahead = np.diag([1.0, -1.0, -1.0]), np.array([0.1, 0.0, 1.0])
    return Face("f0001", 1.0, (0, 0, 1, 1), frontal, ahead, *coefficients, camera, np.zeros((68, 2)))


def test_landmark_lines_lie_on_the_face_and_the_name_above_it(model):
    lines, name = face_markers(face(model), model)
    assert lines.kind == "lines" and len(lines.order) % 2 == 0
    assert np.linalg.norm(lines.points - [0.1, 0, 1], axis=1).max() < 0.2
    assert name.text == "f0001" and name.points[0, 1] < lines.points[:, 1].min()  # y is down


def test_mesh_has_three_coloured_points_a_triangle(model):
    mesh = face_markers(face(model), model, mesh=True)[-1]
    assert mesh.kind == "triangles"
    assert mesh.points.shape == mesh.colours.shape == (model.n_vertices, 3)
    assert np.array_equal(mesh.order.reshape(-1, 3), model.triangles)
