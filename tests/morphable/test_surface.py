import numpy as np
import pytest

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.surface import Surface, boundary


def soup(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Small triangles all over a unit cube."""
    vertices = (rng.uniform(size=(count, 1, 3)) + rng.normal(0, 0.05, (count, 3, 3))).reshape(-1, 3)
    return vertices, np.arange(3 * count).reshape(-1, 3)


def brute_force(points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Each triangle is a tree of its own."""
    return np.min([Surface(vertices, t[None]).nearest(points).distance for t in triangles], axis=0)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 63, 300])
def test_finds_the_nearest_of_all_triangles(count: int):
    rng = np.random.default_rng(count)
    vertices, triangles = soup(rng, count)
    points = rng.uniform(-0.5, 1.5, (200, 3))
    surface = Surface(vertices, triangles)
    hits = surface.nearest(points)
    assert np.allclose(hits.distance, brute_force(points, vertices, triangles), atol=1e-12)
    assert np.allclose(np.linalg.norm(surface.positions(hits) - points, axis=1), hits.distance)
    assert (hits.barycentric >= -1e-12).all() and np.allclose(hits.barycentric.sum(1), 1)


@pytest.mark.parametrize(
    ("point", "nearest"),
    [
        ((0.2, 0.2, 0.7), (0.2, 0.2, 0)),  # above the inside
        ((0.5, -1, 0), (0.5, 0, 0)),  # beside an edge
        ((-1, -1, 2), (0, 0, 0)),  # beyond a corner
        ((1, 1, 0), (0.5, 0.5, 0)),  # beyond the long edge
    ],
)
def test_nearest_point_lies_inside_on_an_edge_or_in_a_corner(point, nearest):
    surface = Surface(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]]), np.array([[0, 1, 2]]))
    assert np.allclose(surface.positions(surface.nearest(np.array([point], float)))[0], nearest)


def test_a_wrong_guess_changes_nothing():
    rng = np.random.default_rng(1)
    vertices, triangles = soup(rng, 100)
    points, surface = rng.uniform(size=(50, 3)), Surface(vertices, triangles)
    plain, guessed = surface.nearest(points), surface.nearest(points, rng.integers(0, 100, 50))
    assert np.array_equal(plain.triangle, guessed.triangle) and np.allclose(plain.distance, guessed.distance)


def test_moving_the_vertices_moves_the_surface():
    rng = np.random.default_rng(2)
    vertices, triangles = soup(rng, 50)
    surface, points = Surface(vertices, triangles), rng.uniform(size=(40, 3))
    moved = vertices[::-1] * 2
    surface.move(moved)
    assert np.allclose(surface.nearest(points).distance, Surface(moved, triangles).nearest(points).distance)


def test_triangles_without_area_count_as_lines_and_points():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 5, 0.0]])
    surface = Surface(vertices, np.array([[0, 1, 2], [3, 3, 3]]))
    hits = surface.nearest(np.array([[1.5, 1, 0], [0, 7, 0]]))
    assert np.allclose(hits.distance, [1, 2]) and np.isfinite(hits.barycentric).all()


def test_refuses_no_triangles_and_missing_vertices():
    with pytest.raises(ModelError, match="at least one"):
        Surface(np.zeros((3, 3)), np.empty((0, 3), int))
    with pytest.raises(ModelError, match="up to 3"):
        Surface(np.zeros((3, 3)), np.array([[0, 1, 3]]))


def test_boundary_is_where_a_sheet_ends():
    # A square of four triangles around a vertex in the middle.
    assert boundary(np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]), 5).tolist() == [True] * 4 + [False]
