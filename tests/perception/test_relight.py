from dataclasses import replace

import numpy as np
import pytest

from facegpt_ros.face import CropEstimate
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.perception.relight import Relighting
from facegpt_ros.render.batch import project, render_face
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.shading import ambient, directional, shade

SIDE, HALF, DEPTH = 128, 0.2, 0.6


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


@pytest.fixture(scope="module")
def relighting(model):
    return Relighting(model)


def truth(model, yaw=10.0) -> CropEstimate:
    rng = np.random.default_rng(0)
    light = 0.5 * ambient(1.0) + 0.5 * directional(np.array([0.5, -0.4, -0.8]))
    return CropEstimate(
        identity=rng.normal(0, 0.7, (1, len(model.identity_names))).astype(np.float32),
        expression=np.zeros((1, len(model.expression_names)), np.float32),
        albedo=rng.normal(0, 0.7, (1, len(model.albedo_names))).astype(np.float32),
        illumination=light.reshape(1, 27).astype(np.float32),
        rotation=matrix_from_euler(np.array([yaw]), np.zeros(1), np.zeros(1)),
        offset=np.zeros((1, 2)),
        scale=np.array([1 / (HALF * DEPTH)]),
        presence=np.ones(1, np.float32),
    )


def posed(model, face) -> np.ndarray:
    points = model.vertices(face.identity[0], face.expression[0]) @ face.rotation[0].T
    return (points + (0, 0, DEPTH)).astype(np.float32)


def drawn(model, face) -> np.ndarray:
    """(1, S, S, 3) uint8 BGR."""
    points = posed(model, face)
    normals = vertex_normals(points, model.triangles)
    colours = model.colours(face.albedo[0])
    picture = render_face(
        project(points, 1 / HALF, SIDE), model.triangles, colours, normals, face.illumination[0], (SIDE, SIDE)
    )
    rgb = np.where(picture.alpha[..., None] > 0.5, picture.image, 0.5)
    return np.ascontiguousarray((255 * rgb.clip(0, 1)).astype(np.uint8)[None, ..., ::-1])


def colour_error(model, face, exact) -> float:
    """Mean distance of the skin's colours in this light, RGB 0..1, where it faces the camera."""
    normals = vertex_normals(posed(model, exact), model.triangles)
    rows = np.flatnonzero((model.regions["face"] > 0.5) & (normals[:, 2] < -0.3))
    said, meant = (shade(model.colours(e.albedo[0])[rows], normals[rows], e.illumination[0]) for e in (face, exact))
    return float(np.abs(said - meant).mean())


def wrong(exact) -> CropEstimate:
    """Darker, lit from nowhere, with the mean skin."""
    return replace(
        exact,
        albedo=np.zeros_like(exact.albedo),
        illumination=0.7 * ambient(1.0).reshape(1, 27).astype(np.float32),
    )


def test_colours_follow_the_picture_and_nothing_else_changes(model, relighting):
    exact = truth(model)
    begun = wrong(exact)
    settled = relighting.refine(drawn(model, exact), np.array([HALF]), begun)
    assert colour_error(model, settled, exact) < 0.5 * colour_error(model, begun, exact)
    for name in ("identity", "expression", "rotation", "offset", "scale", "presence"):
        assert getattr(settled, name) is getattr(begun, name)
    assert settled.illumination.dtype == settled.albedo.dtype == np.float32


def test_what_is_right_stays(model, relighting):
    exact = truth(model)
    settled = relighting.refine(drawn(model, exact), np.array([HALF]), exact)
    assert colour_error(model, settled, exact) < 0.03  # of eight bits, smoothed at the edges of lips and brows
    assert np.abs(settled.illumination - exact.illumination).max() < 0.2


def test_what_covers_a_part_of_the_face_drags_the_rest_little(model, relighting):
    exact = truth(model)
    crops = drawn(model, exact)
    crops[:, 40:58, 30:98] = 0  # dark glasses
    begun = wrong(exact)
    settled = relighting.refine(crops, np.array([HALF]), begun)
    assert colour_error(model, settled, exact) < 0.7 * colour_error(model, begun, exact)


@pytest.mark.parametrize(
    "change",
    [
        {"identity": np.float32(np.nan)},
        {"scale": np.nan},
        {"scale": 1e9},
        {"offset": 40.0},
        {"albedo": np.float32(np.inf)},
    ],
)
def test_without_skin_in_sight_an_estimate_stays_as_it_is(model, relighting, change):
    exact = truth(model)
    crops = drawn(model, exact)
    ((name, value),) = change.items()
    broken = replace(exact, **{name: np.full_like(getattr(exact, name), value)})
    settled = relighting.refine(crops, np.array([HALF]), broken)
    assert np.array_equal(settled.illumination, broken.illumination)
    assert np.array_equal(settled.albedo, broken.albedo, equal_nan=True)


def test_faces_are_settled_together_as_each_alone(model, relighting):
    faces = [truth(model, yaw) for yaw in (-25.0, 10.0, 30.0)]
    crops = [drawn(model, face) for face in faces]
    begun = [wrong(face) for face in faces]
    broken = replace(begun[1], identity=np.full_like(begun[1].identity, np.nan))
    both = begun[0] + broken + begun[2]
    settled = relighting.refine(np.concatenate([crops[0], crops[1], crops[2]]), np.full(3, HALF), both)
    for i in (0, 2):
        alone = relighting.refine(crops[i], np.array([HALF]), begun[i])
        np.testing.assert_allclose(settled.illumination[i], alone.illumination[0], atol=1e-3)
        np.testing.assert_allclose(settled.albedo[i], alone.albedo[0], atol=1e-2)
    assert np.array_equal(settled.albedo[1], broken.albedo[0])


def test_no_faces_are_no_trouble(model, relighting):
    nobody = truth(model)[0:0]
    assert len(relighting.refine(np.zeros((0, SIDE, SIDE, 3), np.uint8), np.zeros(0), nobody).albedo) == 0
