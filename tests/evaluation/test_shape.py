import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros.evaluation.shape import best_fit, shape_error, similarity, surface_distances
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.rasterize import vertex_normals


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


@pytest.fixture(scope="module")
def person(model) -> np.ndarray:
    """(V, 3) m, someone's neutral head."""
    identity = np.random.default_rng(5).normal(0, 0.7, len(model.identity_names))
    return model.vertices(identity, np.zeros(len(model.expression_names))).astype(np.float64)


def landmarks(model: MorphableModel, vertices: np.ndarray) -> np.ndarray:
    corners, weights = model.embedding()
    return np.einsum("nci,nc->ni", vertices[corners], weights)


def error_mm(model: MorphableModel, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    return shape_error(model, predicted, true, (landmarks(model, predicted), landmarks(model, true)))


@pytest.mark.parametrize("with_scale", [True, False])
def test_similarity_recovers_a_known_motion(with_scale: bool):
    points = np.random.default_rng(0).normal(size=(7, 3))
    turn, shift, scale = Rotation.from_rotvec([0.4, -1.0, 2.0]).as_matrix(), np.array([3.0, -2, 1]), 1.7
    if not with_scale:
        scale = 1.0
    rotation, translation, found = similarity(points, scale * points @ turn.T + shift, with_scale)
    assert np.allclose(rotation, turn) and np.allclose(translation, shift) and found == pytest.approx(scale)


def test_similarity_never_mirrors():
    points = np.random.default_rng(1).normal(size=(20, 3))
    rotation, _, _ = similarity(points, points * (-1, 1, 1))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_similarity_without_scale_keeps_sizes():
    points = np.random.default_rng(2).normal(size=(20, 3))
    assert similarity(points, 3 * points, with_scale=False)[2] == 1


def brute_force(points: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Distances (N,) to densely sampled triangles: an upper bound that the spacing bounds, too."""
    steps = np.linspace(0, 1, 60)
    u, v = (grid.ravel() for grid in np.meshgrid(steps, steps))
    keep = u + v <= 1 + 1e-9
    weights = np.stack([1 - u - v, u, v], 1)[keep]  # (S, 3)
    samples = (weights @ vertices[triangles]).reshape(-1, 3)
    return np.array([np.linalg.norm(samples - point, axis=1).min() for point in points])


def test_distances_to_a_surface_are_those_of_brute_force():
    rng = np.random.default_rng(3)
    # An octahedron: its eight triangles are all among the neighbours that are tried.
    vertices = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1.0]])
    triangles = np.array([[a, b, c] for a in (0, 1) for b in (2, 3) for c in (4, 5)])
    points = rng.uniform(-2, 2, (100, 3))
    closest, gaps = surface_distances(points, vertices, triangles)
    expected = brute_force(points, vertices, triangles)
    assert (gaps <= expected + 1e-9).all() and (expected - gaps).max() < 0.02
    assert np.allclose(np.linalg.norm(points - closest, axis=1), gaps)
    assert np.abs(np.abs(closest).sum(1) - 1).max() < 1e-9  # on the octahedron |x| + |y| + |z| = 1


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
    corner = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]])
    # The same triangle as often as neighbours are asked for.
    closest, gaps = surface_distances(np.array([point], float), corner, np.tile([0, 1, 2], (8, 1)))
    assert np.allclose(closest[0], nearest) and gaps[0] == pytest.approx(np.linalg.norm(np.subtract(point, nearest)))


def test_no_error_for_a_moved_and_scaled_copy(model, person):
    turn = Rotation.from_rotvec([0.3, 1.2, -0.5]).as_matrix()
    assert error_mm(model, 8.3 * person @ turn.T + (4.0, 5, 6), person).max() < 1e-3


@pytest.mark.parametrize("offset_mm", [0.5, 1.0, 2.0])
def test_grows_by_what_the_surface_is_off(model, person, offset_mm: float):
    """Waves along the normals: an offset of one sign would be a head of another size, which alignment takes out."""
    x, y, _ = person.T
    wave = np.sign(np.sin(x / 0.012) * np.sin(y / 0.012))
    off = person + 1e-3 * offset_mm * wave[:, None] * vertex_normals(person.astype(np.float32), model.triangles)
    # Nearest points cut the corners of the largest waves.
    assert np.median(error_mm(model, off, person)) == pytest.approx(offset_mm, rel=0.35)


def test_an_inflated_head_is_not_taken_for_a_better_one(model, person):
    """Size is settled once, by the seven landmarks: a larger copy scores as before, a deeper head worse."""
    mean = model.bases["mean"].astype(np.float64)
    plain = np.median(error_mm(model, mean, person))
    for size in (1.15, 1.45):
        assert np.median(error_mm(model, size * mean, person)) == pytest.approx(plain, rel=1e-3)
    deep = mean * (1, 1, 1.5)
    assert np.median(error_mm(model, deep, person)) > 2 * plain


def test_best_fit_recovers_a_head_inside_the_model(model):
    rng = np.random.default_rng(7)
    identity = rng.normal(0, 1, len(model.identity_names))
    true = model.vertices(identity, np.zeros(len(model.expression_names)))
    found = best_fit(model, true)
    again = model.vertices(found, np.zeros(len(model.expression_names)))
    face = model.regions["face"] > 0.5
    assert np.linalg.norm(again - true, axis=1)[face].max() < 3e-4  # the prior pulls a little
    # Coefficients that hardly show on the face stay near the prior's 0.
    assert np.abs(found - identity)[:30].max() < 0.1
