import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is in the train extra")
from facegpt_ros.morphable.registration import Follower, Harmonic, at_points, laplacian, register, vertex_normals
from facegpt_ros.morphable.surface import Surface


def sheet(count, shape):
    """A square of count × count vertices over -1..1, its height given by shape(x, y)."""
    x, y = np.meshgrid(np.linspace(-1, 1, count), np.linspace(-1, 1, count))
    vertices = np.stack([x.ravel(), y.ravel(), shape(x, y).ravel()], 1) * 0.05
    at = np.arange(count * count).reshape(count, count)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def bump(x, y):
    return 0.3 * np.exp(-3 * (x**2 + y**2))


@pytest.fixture(scope="module")
def laid():
    vertices, triangles = sheet(13, lambda x, y: 0 * x)
    target, target_triangles = sheet(31, bump)
    surface = Surface(target, target_triangles)
    corners = np.array([0, 12, 156, 168])
    points = at_points(np.repeat(corners[:, None], 3, 1), np.tile([1.0, 0, 0], (4, 1)), len(vertices))
    landmarks = vertices[corners] * [1, 1, 0] + [0, 0, 0.05 * float(bump(1, 1))]
    mirror = np.arange(169).reshape(13, 13)[:, ::-1].ravel()
    free = np.zeros(169, bool)
    return register(vertices, triangles, surface, points, landmarks, np.ones(4), free, mirror), triangles, surface


def test_a_sheet_comes_to_lie_on_a_bump(laid):
    moved, _, surface = laid
    assert surface.nearest(moved).distance.max() < 0.0005  # m; it began 15 mm away
    assert moved[84, 2] > 0.014


def test_registration_folds_nothing(laid):
    moved, triangles, _ = laid
    assert vertex_normals(moved, triangles)[:, 2].min() > 0.5


def test_what_is_registered_follows_its_surface(laid):
    moved, triangles, surface = laid
    follow = Follower(moved, triangles, surface, np.zeros(169, bool), len(surface.vertices))
    assert follow.bound.all()
    shift = 0.01 * np.stack([surface.vertices[:, 1], 0 * surface.vertices[:, 0], surface.vertices[:, 0] ** 2], 1)
    expected = 0.01 * np.stack([moved[:, 1], 0 * moved[:, 0], moved[:, 0] ** 2], 1)
    np.testing.assert_allclose(follow(shift), expected, atol=2e-6)


def test_unbound_vertices_go_along_with_their_neighbours(laid):
    moved, triangles, surface = laid
    free = np.zeros(169, bool)
    free[84] = True
    follow = Follower(moved, triangles, surface, free, len(surface.vertices))
    assert not follow.bound[84]
    np.testing.assert_allclose(follow(np.tile([0.0, 0.002, 0], (len(surface.vertices), 1)))[84], [0, 0.002, 0])


def test_a_harmonic_field_stays_between_what_is_given():
    vertices, triangles = sheet(9, lambda x, y: 0 * x)
    known = np.abs(vertices[:, 0]) > 0.049
    field = Harmonic(triangles, known)(np.sign(vertices[known, :1]))
    assert np.abs(field).max() <= 1 + 1e-9
    np.testing.assert_allclose((laplacian(triangles, 81) @ field)[~known], 0, atol=1e-9)
