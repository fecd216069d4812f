"""Fits to scans whose truth is known: the model's own faces, moved, cut and spoilt."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros.errors import ScanError
from facegpt_ros.morphable.fit import FitOptions, Fitter, align, fit_scan
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.morphable.scan_problem import ScanProblem
from facegpt_ros.morphable.surface import Surface
from facegpt_ros.render.rasterize import vertex_normals

MODEL = MorphableModel.load()
TURN, SHIFT = Rotation.from_rotvec([0.5, -1.2, 0.3]).as_matrix(), np.array([0.4, -0.2, 0.9])
MARKS = (36, 39, 42, 45, 33, 48, 54)
LOOSE = FitOptions(prior_mm=0.1)


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    return Fitter(MODEL)


@pytest.fixture(scope="module")
def identity() -> np.ndarray:
    return np.random.default_rng(3).normal(0, 0.8, len(MODEL.identity_names))


def scan_of(identity: np.ndarray, expression: np.ndarray | None = None, scale: float = 1.0) -> tuple[Scan, dict]:
    """The skin of someone's face and seven landmarks, moved, in `scale` units per metre."""
    rest = np.zeros(len(MODEL.expression_names)) if expression is None else expression
    vertices = scale * (MODEL.vertices(identity, rest).astype(np.float64) @ TURN.T + SHIFT)
    marks = scale * (MODEL.landmarks(identity, rest).astype(np.float64) @ TURN.T + SHIFT)
    skin = (MODEL.regions["skin"] + MODEL.regions["lips"] > 0.5)[MODEL.triangles].all(1)
    return Scan(vertices, MODEL.triangles[skin].astype(np.int64)), {i: marks[i] for i in MARKS}


def face_gap_mm(fit_vertices: np.ndarray, true: np.ndarray, scale: float = 1.0) -> float:
    face = (MODEL.regions["face"] > 0.5) & (MODEL.regions["skin"] > 0.5)
    return 1e3 / scale * float(np.median(np.linalg.norm(fit_vertices - true, axis=1)[face]))


def test_recovers_identity_and_pose_of_a_model_face(fitter, identity):
    scan, marks = scan_of(identity)
    fit = fitter.fit(scan, marks, LOOSE, scale=1.0)
    assert 1e3 * np.median(fit.errors) < 0.05
    assert face_gap_mm(fit.vertices, scan.vertices) < 0.3  # vertex by vertex, not only to the surface
    # The first axes are those that a face shows most of.
    assert np.corrcoef(fit.identity[:20], identity[:20])[0, 1] > 0.98
    assert np.degrees(np.arccos((np.trace(fit.rotation @ TURN.T) - 1) / 2)) < 0.5
    assert 1e3 * np.linalg.norm(fit.translation - SHIFT) < 1.0
    placed = fit.scale * (MODEL.vertices(fit.identity, fit.expression) @ fit.rotation.T + fit.translation)
    assert np.allclose(placed, fit.vertices, atol=1e-6)


@pytest.mark.parametrize("scale", [100.0, 1000.0])
def test_the_unit_only_scales_what_comes_out(fitter, identity, scale: float):
    metres = fitter.fit(*scan_of(identity), LOOSE, scale=1.0)
    fit = fitter.fit(*scan_of(identity, scale=scale), LOOSE, scale=scale)
    assert np.allclose(fit.identity, metres.identity, atol=0.02)
    assert np.allclose(fit.vertices / scale, metres.vertices, atol=1e-4)
    assert np.allclose(fit.errors / scale, metres.errors, atol=1e-5)


def test_takes_the_scale_once_from_the_landmarks(fitter, identity):
    scan, marks = scan_of(identity, scale=137.0)
    assert fitter.fit(scan, marks, LOOSE).scale == pytest.approx(fitter.scale_of(marks))
    assert fitter.scale_of(marks) == pytest.approx(137, rel=0.2)  # people differ in size


def test_recovers_an_expression(fitter, identity):
    expression = np.zeros(len(MODEL.expression_names))
    for name, value in (("jawOpen", 0.5), ("mouthSmileLeft", 0.7), ("browInnerUp", 0.6)):
        expression[MODEL.expression_names.index(name)] = value
    scan, marks = scan_of(identity, expression)
    options = FitOptions(prior_mm=0.1, expression=True)
    fit = fitter.fit(scan, marks, options, scale=1.0)
    assert 1e3 * np.median(fit.errors) < 0.15
    assert fit.expression.min() >= 0 and fit.expression.max() <= 1
    assert np.abs(fit.expression - expression)[expression > 0].max() < 0.25
    assert not fitter.fit(scan, marks, LOOSE, scale=1.0).expression.any()  # taken to be neutral


def test_hair_glasses_and_holes_do_not_pull_the_face(fitter, identity):
    scan, marks = scan_of(identity)
    rng = np.random.default_rng(0)
    centre = scan.vertices[scan.triangles].mean(1)
    keep = np.linalg.norm(centre - marks[48], axis=1) > 0.02  # a hole around a corner of the mouth
    blob = marks[33] + 0.05 * (TURN @ [0, 0.6, 0.3]) + rng.normal(0, 0.01, (300, 3))  # something before the brow
    extra = np.arange(300).reshape(-1, 3) + len(scan.vertices)
    spoilt = Scan(np.vstack([scan.vertices, blob]), np.vstack([scan.triangles[keep], extra]))
    clean, fit = (fitter.fit(s, marks, scale=1.0) for s in (scan, spoilt))
    # The blob stands 5 mm and more before the skin, over a fifth of the face.
    assert face_gap_mm(fit.vertices, scan.vertices) < face_gap_mm(clean.vertices, scan.vertices) + 0.4
    face = (MODEL.regions["face"] > 0.5) & (MODEL.regions["skin"] > 0.5)
    assert 1e3 * np.median(Surface(fit.vertices, fitter.triangles).nearest(scan.vertices[face]).distance) < 0.4


def test_a_cloud_of_points_will_do(fitter, identity):
    scan, marks = scan_of(identity)
    points, _ = scan.sample(6000, marks[33], 0.12)
    fit = fitter.fit(Scan(points, np.empty((0, 3), int)), marks, LOOSE, scale=1.0)
    assert face_gap_mm(fit.vertices, scan.vertices) < 0.5


def test_a_stiffer_prior_stays_nearer_to_the_mean(fitter, identity):
    scan, marks = scan_of(identity)
    soft, stiff = (fitter.fit(scan, marks, FitOptions(prior_mm=mm), scale=1.0) for mm in (0.1, 5.0))
    assert np.linalg.norm(stiff.identity) < 0.6 * np.linalg.norm(soft.identity)
    assert np.median(stiff.errors) > 3 * np.median(soft.errors)


def test_what_is_not_free_stays(fitter, identity):
    scan, marks = scan_of(identity)
    start = fitter.fit(scan, marks, LOOSE, scale=1.0)
    rigid = fitter.fit(scan, marks, LOOSE, free=(True, False))
    assert not rigid.identity.any()
    again = fitter.fit(scan, {}, FitOptions(expression=True), start=start, free=(False, False))
    assert np.array_equal(again.identity, start.identity) and np.array_equal(again.rotation, start.rotation)
    assert again.expression.max() < 0.1


def test_one_call_will_do(identity):
    scan, marks = scan_of(identity)
    assert 1e3 * np.median(fit_scan(MODEL, scan, marks, FitOptions(iterations=10), scale=1.0).errors) < 1.0


def test_a_step_follows_the_slope_of_its_own_residuals():
    """Gauss-Newton's right side against differences of the sum of squares, partners held."""
    rng = np.random.default_rng(1)
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.3]])
    triangles, basis = np.array([[0, 1, 2], [1, 3, 2]]), rng.normal(0, 0.3, (4, 3, 2)).astype(np.float32)
    cloud = np.array([[0.3, 0.3, 0.01], [0.7, 0.7, 0.1], [0.4, 0.5, 0.02], [0.55, 0.3, -0.01]])
    nothing = np.empty((0, 3))
    problem = ScanProblem(
        vertices,
        basis,
        triangles,
        cloud,
        None,
        nothing,
        nothing,
        np.empty((0, 3, 2)),
        np.ones(2),
        np.zeros(2, bool),
        True,
    )
    problem._border[:] = False
    theta = np.zeros(2)
    gram, right = problem._points(theta, margin=10.0)
    surface = Surface(vertices, triangles)
    hits = surface.nearest(cloud)

    def planes(values: np.ndarray, motion: np.ndarray) -> float:
        moved = cloud + np.cross(motion[:3], cloud) + motion[3:]
        surface.move(vertices + basis @ values)
        foot = surface.positions(hits)
        surface.move(vertices)
        return float((((moved - foot) * normals).sum(1) ** 2).mean())

    by_vertex = vertex_normals(vertices, triangles)
    normals = np.einsum("nci,nc->ni", by_vertex[triangles[hits.triangle]], hits.barycentric)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    step = 1e-6
    slope = [(planes(theta, step * unit) - planes(theta, -step * unit)) / (2 * step) for unit in np.eye(6)] + [
        (planes(step * unit, np.zeros(6)) - planes(-step * unit, np.zeros(6))) / (2 * step) for unit in np.eye(2)
    ]
    assert np.allclose(-2 * right, slope, atol=2e-3 * np.abs(slope).max())
    assert np.linalg.eigvalsh(gram).min() > -1e-6


def test_refuses_landmarks_that_leave_the_pose_open():
    with pytest.raises(ScanError, match="three or more"):
        align(np.zeros((2, 3)), np.zeros((2, 3)), None)
    line = np.arange(4)[:, None] * np.array([1.0, 2, 3])
    with pytest.raises(ScanError, match="line"):
        align(line, line, None)
    with pytest.raises(ScanError, match="not finite"):
        align(np.eye(3), np.full((3, 3), np.nan), None)


def test_refuses_landmarks_far_from_the_scan(fitter, identity):
    scan, marks = scan_of(identity)
    with pytest.raises(ScanError, match="check the landmarks and the unit"):
        fitter.fit(scan, {i: mark + 5 for i, mark in marks.items()}, scale=1.0)
