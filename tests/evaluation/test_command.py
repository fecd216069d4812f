"""`facegpt evaluate`, its sets and how they tell their figures; the estimator stands in for itself."""

import json
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest

from facegpt_ros.cli import main
from facegpt_ros.evaluation import estimate_command, jitter
from facegpt_ros.evaluation.command import SETS
from facegpt_ros.evaluation.report import table
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from tests.evaluation.photo_folder import write_photos
from tests.evaluation.seer import Seer, face_at

MODEL = MorphableModel.load()


class Everywhere(Seer):
    """Sees the mean face wherever it is looked for."""

    def __init__(self) -> None:
        super().__init__(MODEL, [])

    def process(self, image: np.ndarray, camera, stamp_s: float) -> list[Face]:
        marks = np.random.default_rng(0).uniform(-60, 60, (68, 2))
        grid = np.stack(np.meshgrid(np.arange(0, camera.width, 50), np.arange(0, camera.height, 50)), -1)
        return [face_at(at + marks, MODEL) for at in grid.reshape(-1, 2)]


@pytest.fixture
def evaluated(monkeypatch, tmp_path, capsys):
    """Runs the command on a stand-in and returns its figures."""
    monkeypatch.setattr(estimate_command, "open_pipeline", lambda args: Everywhere())

    def run(*words: str) -> dict:
        out = tmp_path / "figures.json"
        assert main(["evaluate", "--json", str(out), "--data", str(tmp_path), *words]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out) == json.loads(out.read_text())
        assert "morphable_model" in said.err
        return json.loads(said.out)

    return run


def test_every_set_has_a_function():
    for name in set(SETS.values()):
        module, function = name.split(":")
        assert callable(getattr(import_module(f"facegpt_ros.evaluation.{module}"), function))


def test_renders_have_the_old_keys_and_the_new(evaluated, tmp_path):
    figures = evaluated("--set", "renders", "--count", "2", "--sheet", str(tmp_path / "sheet.png"))
    assert set(figures) >= {"detection", "nme68", "nme68_median", "pose_deg", "shape_mm"}
    assert set(figures) >= {"pose_deg_40", "pose_deg_60", "shape_mm_40", "within_40", "expression_corr", "auc"}
    assert set(figures["auc"]) == {"blink", "jaw_open", "smile"} and figures["coverage_68"] is None
    assert figures["pose_deg_60"] == figures["pose_deg"] and figures["model"] == "seer"
    assert figures["shape_mm"]["below_mean_face"] == pytest.approx(0, abs=1e-6)
    assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] > 400


def test_now_tells_people_and_without_data_no_scan(evaluated):
    figures = evaluated("--set", "now", "--count", "2")
    assert figures["people"]["images"] == 2 and figures["yaw_deg"] == 40 and "scan" not in figures
    assert figures["people"]["estimate"] == figures["people"]["mean_face"]


def test_identity_of_an_estimator_that_sees_everybody_alike_is_none(evaluated, tmp_path: Path):
    write_photos(tmp_path / "sfhq", 3)
    figures = evaluated("--set", "identity", "--count", "2")
    assert figures["identity_top1"] == figures["identity_top1_renders"] == 0
    assert figures["sfhq"]["people"] == 2 and "congress" not in figures


def test_jitter_of_an_estimator_that_never_moves_is_none(evaluated, monkeypatch):
    monkeypatch.setattr(jitter, "PATH_FRAMES", 10)
    figures = evaluated("--set", "jitter-val", "--count", "1")
    assert figures["jitter_mm"] < 1e-6 and figures["noise_levels"] == 4
    assert figures["path"]["unsmoothed"]["error_px"] > 1 and figures["still"]["renders"]["faces"] == 1


def test_wrong_words_are_said(capsys):
    assert main(["evaluate", "--set", "renders", "--estimator", "oracle", "--count", "1"]) == 1
    assert "estimator.name" in capsys.readouterr().err
    assert main(["evaluate", "--set", "jitter", "--method", "fit-labels"]) == 1
    assert "is for photos" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "--set", "renders", "--count", "0"])
    assert "1 or more" in capsys.readouterr().err


def test_the_table_shows_every_figure_but_the_long_lists():
    text = table({"a": 1.23456789, "group": {"b": None, "per_action": {"x": 1.0}}, "name": "n"})
    assert "a        1.235" in text and "group b  -" in text and "name     n" in text and "per_action" not in text
