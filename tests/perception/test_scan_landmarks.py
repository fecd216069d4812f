import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facegpt_ros.config import Config
from facegpt_ros.errors import ScanError, WeightsError
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline
from facegpt_ros.perception.scan_landmarks import find_landmarks


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    try:
        pipeline = build_pipeline(
            Config.from_flat(
                {"perception.hysteresis_frames": 1, "perception.smoothing": False, "perception.max_faces": 1}
            )
        )
    except WeightsError as error:
        pytest.skip(f"needs the weights: {error}")
    yield pipeline
    pipeline.close()


def head(pipeline: FacePipeline, turn: np.ndarray, shoulders: bool = False) -> tuple[Scan, np.ndarray]:
    model = pipeline.model
    identity = np.random.default_rng(2).normal(0, 0.6, len(model.identity_names))
    rest = np.zeros(len(model.expression_names))
    vertices, marks = model.vertices(identity, rest).astype(np.float64), model.landmarks(identity, rest)
    triangles = model.triangles.astype(np.int64)
    if shoulders:
        box = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.45, -0.2) for z in (-0.2, 0.0)])
        sides = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [2, 3, 7], [2, 7, 6], [1, 5, 7], [1, 7, 3]]
        triangles = np.vstack([triangles, np.array(sides) + len(vertices)])
        vertices = np.vstack([vertices, box])
    return Scan(700 * vertices @ turn.T + 40, triangles), 700 * marks @ turn.T + 40


@pytest.mark.parametrize("angles", [(0, 0, 0), (90, 0, 0), (-90, 180, 10), (10, 100, -12)])
def test_finds_landmarks_however_the_head_stands(pipeline, angles):
    scan, true = head(pipeline, Rotation.from_euler("xyz", angles, degrees=True).as_matrix())
    marks = find_landmarks(scan, pipeline)
    eyes = np.linalg.norm(true[45] - true[36])
    gaps = np.array([np.linalg.norm(marks[i] - true[i]) for i in marks]) / eyes
    assert len(marks) > 30 and np.median(gaps) < 0.07
    assert min(marks) >= 17  # the jaw line is no place on the surface


def test_finds_a_head_on_shoulders(pipeline):
    scan, true = head(pipeline, np.eye(3), shoulders=True)
    marks = find_landmarks(scan, pipeline)
    gaps = [np.linalg.norm(marks[i] - true[i]) for i in marks]
    assert np.median(gaps) < 0.08 * np.linalg.norm(true[45] - true[36])


def test_a_cloud_and_a_ball_are_refused_with_a_cure(pipeline):
    rng = np.random.default_rng(0)
    with pytest.raises(ScanError, match="--landmarks"):
        find_landmarks(Scan(rng.normal(size=(100, 3)), np.empty((0, 3), int)), pipeline)
    angle, height = np.meshgrid(np.linspace(0, 2 * np.pi, 30), np.linspace(-1, 1, 30))
    ring = np.sqrt(1 - height**2)
    ball = np.stack([ring * np.cos(angle), height, ring * np.sin(angle)], -1).reshape(-1, 3)
    cells = np.add.outer(30 * np.arange(29), np.arange(29)).ravel()
    triangles = np.vstack(
        [np.stack([cells, cells + 1, cells + 30], 1), np.stack([cells + 1, cells + 31, cells + 30], 1)]
    )
    area = np.linalg.norm(np.cross(*(ball[triangles[:, i]] - ball[triangles[:, 0]] for i in (1, 2))), axis=1)
    with pytest.raises(ScanError, match="no face is seen"):
        find_landmarks(Scan(ball, triangles[area > 1e-9]), pipeline)
