"""Minutes long: what the README says of accuracy holds for the shipped weights."""

import json
from pathlib import Path

import pytest

from facegpt_ros.cli import main

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def evaluate(tmp_path, which: str) -> dict:
    out = tmp_path / "figures.json"
    assert main(["evaluate", "--set", which, "--data", str(DATA), "--json", str(out)]) == 0
    return json.loads(out.read_text())


@pytest.mark.heavy
@pytest.mark.parametrize(("which", "bar"), [("congress-test", 0.045), ("sfhq-test", 0.055)])
def test_landmarks_on_photos_meet_their_bar(tmp_path, which, bar):
    if not DATA.is_dir():
        pytest.skip("needs the photos of ../shared/data, which are not part of the package")
    figures = evaluate(tmp_path, which)
    assert figures["detection"] >= 0.99
    assert figures["nme68"] <= bar


@pytest.mark.heavy
def test_pose_on_renders_meets_its_bar(tmp_path):
    figures = evaluate(tmp_path, "renders")
    assert figures["detection"] >= 0.99
    assert max(figures["pose_deg"].values()) <= 2.5
    assert figures["shape_mm"]["below_mean_face"] >= 0.15


@pytest.mark.heavy
@pytest.mark.parametrize("which", ["congress-test", "sfhq-test"])
def test_fits_to_photos_meet_their_bars(tmp_path, which):
    if not DATA.is_dir():
        pytest.skip("needs the photos of ../shared/data, which are not part of the package")
    out = tmp_path / "figures.json"
    command = ["evaluate", "--set", which, "--method", "fit-labels", "--data", str(DATA), "--json", str(out)]
    assert main(command) == 0
    figures = json.loads(out.read_text())
    assert figures["fitted"] == figures["images"]
    assert figures["psnr_skin_db"] >= 30 and figures["skin_covered"] > 0.9
    assert figures["nme68"] <= 0.02
    assert figures["coefficient_rms"]["identity"] < 1.1  # inside the prior, not beyond it
