import numpy as np
import pytest

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL, matrix_from_euler
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.self_shadow import SelfShadow, fibonacci_sphere, visibility
from facegpt_ros.render.shading import ambient, directional, sh_basis
from tests.render.meshes import sphere

CLOSED, PARTED = np.zeros(3), np.ones(3)


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def head(model) -> SelfShadow:
    return SelfShadow(model, 64)


@pytest.fixture(scope="module")
def neutral(model) -> np.ndarray:
    return model.vertices(np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names)))


def test_a_ball_hides_from_the_light_just_what_looks_away(monkeypatch):
    points, triangles = sphere(rows=24)
    points = 0.1 * points / np.linalg.norm(points - points.mean(0), axis=1).max()
    towards = fibonacci_sphere(20)
    seen = visibility(points, triangles, towards)
    facing = towards @ vertex_normals(points, triangles).T
    assert seen[facing > 0.3].min() > 0.99
    assert seen[facing < -0.3].max() < 0.01


def test_turned_light_shades_turned_normals_alike(head):
    rng = np.random.default_rng(0)
    rotation = matrix_from_euler(25.0, -10.0, 40.0)
    phi = rng.normal(0, 1, 27)
    normals = fibonacci_sphere(50)
    np.testing.assert_allclose(
        sh_basis(normals) @ head.turned(phi, rotation), sh_basis(normals @ rotation.T) @ phi.reshape(9, 3), atol=1e-9
    )


def test_even_light_is_dim_where_the_head_is_hollow(model, head, neutral):
    phi = ambient(1.0)
    light = 1 + head.shadow(phi, OPTICAL_FROM_MODEL_FRONTAL, CLOSED)[:, 0]
    assert light.max() < 1 + 1e-5 and light.min() > -0.1
    tip = np.argmax(neutral[:, 2] * (model.regions["nose"] > 0.5))
    assert light[tip] > 0.85
    parted = 1 + head.shadow(phi, OPTICAL_FROM_MODEL_FRONTAL, PARTED)[:, 0]
    assert parted[model.regions["mouth_inner"] > 0.5].mean() < 0.4
    assert light[model.regions["eyes"] > 0.5].mean() < 0.9 * light[tip]


def test_the_nose_shades_the_cheek_that_the_light_does_not_reach(model, head, neutral):
    phi = directional(np.array([1.0, 0, -0.25]))  # from the viewer's right, the subject's left
    shadow = head.shadow(phi, OPTICAL_FROM_MODEL_FRONTAL, CLOSED)[:, 0]
    wings = model.landmarks(np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names)))[[31, 35]]
    side = wings + [[-0.018, 0, 0], [0.018, 0, 0]]  # on the cheeks
    lee, sunny = (np.linalg.norm(neutral - point, axis=1).argmin() for point in side)
    assert shadow[lee] < shadow[sunny] - 0.03


def test_a_lamp_before_the_face_reaches_it_and_one_behind_does_not(model, head, neutral):
    tip = np.argmax(neutral[:, 2] * (model.regions["nose"] > 0.5))
    assert head.sunlit(np.array([0, 0, 1.0]), CLOSED)[tip] > 0.9
    assert head.sunlit(np.array([0, 0, -1.0]), CLOSED)[tip] < 0.1


def test_openness_follows_lips_and_lids(model, head):
    identity = np.zeros(len(model.identity_names))
    rest = np.zeros((3, len(model.expression_names)))
    rest[1, model.expression_names.index("jawOpen")] = 0.6
    rest[2, model.expression_names.index("eyeBlinkLeft")] = 1
    closed, mouth, wink = head.openness(model.landmarks(np.tile(identity, (3, 1)), rest))
    assert np.allclose(closed, 0)
    assert mouth[0] > 0.25 and np.allclose(mouth[1:], 0, atol=0.15)
    assert wink[2] > 0.8 and wink[1] < 0.1


def test_white_surfaces_keep_more_light_in_a_hollow_than_dark_ones(model, head):
    share = np.full((model.n_vertices, 1), 0.4)
    left = head._unlit_by_bounces(share)[:, 0]
    bright = model.bases["albedo_mean"].mean(1)
    assert left[bright.argmax()] < left[bright.argmin()] <= 1
