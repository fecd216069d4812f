"""The evaluation on scans: its region, its figures; on the data themselves where they are there."""

from pathlib import Path

import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.scan_scores import distances_mm, score_scans, table
from facegpt_ros.evaluation.scans import (
    ICT_COUNT,
    ICT_TEST_SEED,
    ICT_VAL_SEED,
    SEVEN,
    LightStage,
    meshmonk,
    now_region,
    seen_from_outside,
)
from facegpt_ros.evaluation.skin import skin_mask
from facegpt_ros.morphable.fit import FitOptions, Fitter
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.scan import Scan

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MODEL = MorphableModel.load()


@pytest.fixture(scope="module")
def ict() -> LightStage:
    if not DATA.is_dir():
        pytest.skip("needs the scans of ../shared/data, which are not part of the package")
    return LightStage(DATA)


def test_now_region_is_a_sphere_of_the_papers_size():
    marks = {i: np.zeros(3) for i in SEVEN}
    marks[36], marks[45] = np.array([-45.0, 40, 0]), np.array([45.0, 40, 0])
    marks[39], marks[42] = np.array([-15.0, 40, 0]), np.array([15.0, 40, 0])
    # Nose bottom at 0, bridge at 40: the centre at 12, the radius 0.7 (90 + 40) = 91.
    points = np.array([[0, 12, 0], [0, 102.9, 0], [0, 103.1, 0], [90.9, 12, 0], [0, -79.1, 0]])
    assert now_region(points, marks).tolist() == [True, True, False, True, False]


def test_only_the_outside_of_a_head_is_seen():
    inside = 0.02 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]]) + (0, -0.02, -0.1)
    vertices = np.vstack([MODEL.bases["mean"], inside])
    hidden = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]) + MODEL.n_vertices
    head = MODEL.triangles
    seen = seen_from_outside(vertices, np.vstack([head, hidden]).astype(np.int32))
    assert not seen[len(head) :].any() and seen[: len(head)].mean() > 0.4


def test_a_fit_to_the_models_own_face_has_no_distance():
    scan = Scan(1e0 * MODEL.bases["mean"].astype(np.float64), MODEL.triangles.astype(np.int64))
    fitter = Fitter(MODEL)
    marks = fitter.landmarks(np.zeros(fitter.n_identity + fitter.n_expression))
    fit = fitter.fit(scan, {i: marks[i] for i in SEVEN}, FitOptions(iterations=5), free=(True, False))
    face = (MODEL.regions["face"] > 0.5) & (MODEL.regions["skin"] > 0.5)
    assert distances_mm(fitter, fit, scan.vertices[face]).max() < 0.01
    raised = scan.vertices[face] + (0, 0, 0.002)
    assert 0.5 < np.median(distances_mm(fitter, fit, raised)) < 2.0


def test_the_table_has_a_row_for_fit_and_mean_face():
    row = {"median": 0.5, "mean": 0.6, "p95": 1.5}
    part = {"count": 3, "fit": row, "mean_face": {**row, "median": 1.25}}
    text = table({"morphable_model": "m@1", "prior_mm": 0.5, "ict": part, "expressions": part})
    assert "| ict | 3 | mean face | 1.25 | 0.60 | 1.50 |" in text and "| expressions | 3 | neutral | 1.25" in text
    assert "meshmonk" not in text


def test_missing_data_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="ict_full_f16.npz"):
        LightStage(tmp_path)


def test_test_and_validation_people_are_different(ict: LightStage):
    assert ICT_VAL_SEED - ICT_TEST_SEED > ICT_COUNT
    first, again = (next(ict.people(ICT_TEST_SEED)).scan.vertices for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, next(ict.people(ICT_VAL_SEED)).scan.vertices)


def test_scans_are_faces_in_metres(ict: LightStage):
    cases = [next(ict.people(ICT_TEST_SEED)), *meshmonk(DATA, ict)]
    assert len(cases) == 32 and cases[-1].name == "DemoFace_10K"
    for case in cases:
        extent = np.ptp(case.scan.vertices[case.region], axis=0)
        assert (extent > 0.06).all() and (extent < 0.21).all(), case.name
        near = [np.linalg.norm(case.scan.vertices - mark, axis=1).min() for mark in case.landmarks.values()]
        assert max(near) < 0.006, case.name


@pytest.mark.heavy
def test_the_shipped_model_follows_scans_within_the_bars(ict: LightStage):
    figures = score_scans(MODEL, DATA)
    for name, bar in (("ict", 0.7), ("meshmonk", 1.0), ("expressions", 0.8)):
        assert figures[name]["fit"]["median"] <= bar
        assert figures[name]["fit"]["median"] < 0.8 * figures[name]["mean_face"]["median"]
    assert figures["ict"]["identity_rms"] < 1.1  # inside the prior, not beyond it


def test_skin_is_inside_the_oval_without_eyes_and_mouth():
    image = np.full((200, 200, 3), (120, 150, 200), np.uint8)
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    oval = 100 + 80 * np.stack([np.cos(angle), np.sin(angle)], 1)
    marks = np.full((68, 2), 100.0)
    for centre, rows in (((70, 80), range(36, 42)), ((130, 80), range(42, 48)), ((100, 140), range(60, 68))):
        turn = np.linspace(0, 2 * np.pi, len(rows), endpoint=False)
        marks[list(rows)] = np.array(centre) + 8 * np.stack([np.cos(turn), 0.5 * np.sin(turn)], 1)
    image[100:104, 30:170] = 5  # a frame
    mask = skin_mask(image, oval, marks)
    assert mask[120, 60] and mask[60, 100] and not mask[80, 70] and not mask[140, 100]
    assert not mask[5, 5] and not mask[102, 60]
