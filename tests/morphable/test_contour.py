import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.contour import JAW, ContourBases, SlidingContour
from facegpt_ros.morphable.linear import LinearModel

RNG = np.random.default_rng(0)
VERTICES, TRIANGLES = 40, 30


def contour(yaws=(-40, 0, 20)) -> SlidingContour:
    shape = (len(yaws), len(JAW))
    return SlidingContour(
        np.array(yaws, np.float32),
        RNG.integers(0, TRIANGLES, shape).astype(np.int32),
        RNG.dirichlet((1, 1, 1), shape).astype(np.float32),
    )


def model_with(sliding: SlidingContour | None) -> LinearModel:
    rng = np.random.default_rng(1)
    return LinearModel(
        name="tiny",
        version="1",
        licence="CC0-1.0",
        mean=rng.normal(size=(VERTICES, 3)),
        identity=rng.normal(size=(3, VERTICES, 3)),
        expression=rng.normal(size=(2, VERTICES, 3)),
        albedo_mean=np.full((VERTICES, 3), 0.5),
        albedo=np.zeros((1, VERTICES, 3)),
        triangles=rng.integers(0, VERTICES, (TRIANGLES, 3)),
        identity_names=["a", "b", "c"],
        expression_names=["jawOpen", "smile"],
        albedo_names=["tone"],
        embeddings={"ibug68": (rng.integers(0, TRIANGLES, 68), rng.dirichlet((1, 1, 1), 68))},
        contour=sliding,
    )


COEFFICIENTS = np.array([0.5, -1.0, 2.0]), np.array([0.3, 0.9])


def test_jaw_lies_on_the_surface_where_the_contour_says():
    sliding = contour()
    model = model_with(sliding)
    vertices = model.vertices(*COEFFICIENTS)
    for k, yaw in enumerate(sliding.yaw):
        corners = vertices[model.triangles[sliding.triangle[k]]]
        expected = np.einsum("jci,jc->ji", corners, sliding.barycentric[k])
        # One face's vertices come from a basis in 16 bits, which is 1 m high here.
        np.testing.assert_allclose(model.landmarks(*COEFFICIENTS, yaw=yaw)[:17], expected, atol=3e-4)


def test_between_two_yaws_positions_are_interpolated_and_beyond_the_last_they_stay():
    model = model_with(contour())
    at = {yaw: model.landmarks(*COEFFICIENTS, yaw=yaw) for yaw in (-90, -40, -30, 0, 20, 80)}
    np.testing.assert_allclose(at[-30], 0.75 * at[-40] + 0.25 * at[0], atol=1e-5)
    np.testing.assert_allclose(at[-90], at[-40], atol=1e-6)
    np.testing.assert_allclose(at[80], at[20], atol=1e-6)


def test_only_the_jaw_slides():
    model = model_with(contour())
    still, turned = model.landmarks(*COEFFICIENTS), model.landmarks(*COEFFICIENTS, yaw=15.0)
    np.testing.assert_array_equal(turned[17:], still[17:])
    assert np.abs(turned[:17] - still[:17]).max() > 0.1


def test_many_faces_each_with_its_yaw_equal_one_at_a_time():
    model = model_with(contour())
    rng = np.random.default_rng(5)
    identity, expression, yaw = rng.normal(size=(2, 4, 3)), rng.uniform(size=(2, 4, 2)), rng.uniform(-60, 60, (2, 4))
    together = model.landmarks(identity, expression, yaw=yaw)
    assert together.shape == (2, 4, 68, 3) and together.dtype == np.float32
    for i in np.ndindex(2, 4):
        np.testing.assert_allclose(together[i], model.landmarks(identity[i], expression[i], yaw=yaw[i]), atol=1e-5)


def test_basis_at_a_yaw_gives_the_same_points():
    model = model_with(contour())
    mean, basis = model.contour_bases.at(np.array([-7.0, 33.0]))
    points = mean + basis @ np.concatenate(COEFFICIENTS)
    np.testing.assert_allclose(points[0], model.landmarks(*COEFFICIENTS, yaw=-7.0)[:17], atol=1e-5)
    np.testing.assert_allclose(points[1], model.landmarks(*COEFFICIENTS, yaw=33.0)[:17], atol=1e-5)


def test_a_model_without_contour_takes_any_yaw_and_keeps_its_jaw():
    model = model_with(None)
    assert model.contour_bases is None
    np.testing.assert_array_equal(model.landmarks(*COEFFICIENTS, yaw=50.0), model.landmarks(*COEFFICIENTS))


def test_broken_contours_are_named():
    good = contour()
    with pytest.raises(ModelError, match="do not rise"):
        SlidingContour(good.yaw[::-1], good.triangle, good.barycentric)
    with pytest.raises(ModelError, match=r"\(2,\), \(3, 17\)"):
        SlidingContour(good.yaw[:2], good.triangle, good.barycentric)
    with pytest.raises(ModelError, match=r"ibug68.contour lie on triangles outside 0\.\.29"):
        model_with(SlidingContour(good.yaw, good.triangle + TRIANGLES, good.barycentric))
    with pytest.raises(ModelError, match="yaw holds a value that is not finite"):
        model_with(good).landmarks(*COEFFICIENTS, yaw=np.nan)
    assert isinstance(model_with(good).contour_bases, ContourBases)
