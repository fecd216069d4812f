"""The shipped weights still make of a few fixed renders what they made when they were committed.

After other weights, or renders, write the figures anew:

    facegpt evaluate --set renders --count 24 --estimator cnn --json tests/evaluation/figures/cnn.json
"""

import json
from pathlib import Path

import pytest

from facegpt_ros import engines
from facegpt_ros.cli import main
from facegpt_ros.errors import WeightsError

FIGURES = Path(__file__).with_name("figures")
COUNT = 24
#: Manifest entries without which an estimator cannot run; the first is its own weights.
NEEDED = {
    "cnn": ("regressor", "blazeface_short_range"),
    "facegpt": ("facegpt", "facegpt_vision", "language_model", "blazeface_short_range"),
}
#: How far another machine's int8 kernels may move a figure of so few pictures, in its own unit.
TOLERANCE = {
    "detection": 1 / COUNT,
    "nme68": 0.004,  # of the distance of the outer eye corners
    "nme68_median": 0.003,
    "pose_deg": 0.3,
    "pose_deg_40": 0.2,
    "expression_corr.mean": 0.05,
    "shape_mm.median": 0.03,
    "shape_mm.below_mean_face": 0.03,
}


def flat(figures: dict, prefix: str = "") -> dict[str, object]:
    """Names as in TOLERANCE; of the three angles of a pose the worst."""
    out: dict[str, object] = {}
    for name, value in figures.items():
        if name.startswith("pose_deg"):
            out[name] = max(value.values())
        elif isinstance(value, dict):
            out |= flat(value, f"{prefix}{name}.")
        else:
            out[prefix + name] = value
    return out


@pytest.mark.parametrize("estimator", NEEDED)
def test_shipped_weights_give_the_figures_committed_beside_them(estimator, tmp_path):
    path = FIGURES / f"{estimator}.json"
    words = ["evaluate", "--set", "renders", "--count", str(COUNT), "--estimator", estimator, "--json"]
    cure = f"run `facegpt {' '.join(words)} tests/evaluation/figures/{path.name}` and commit what it wrote"
    if NEEDED[estimator][0] not in engines.read_manifest():
        pytest.skip(f"this version ships no weights of {estimator}")
    for name in NEEDED[estimator][1:]:
        try:
            engines.fetch(name, download=False)
        except WeightsError as error:
            pytest.skip(f"needs what is fetched: {error}")
    assert path.is_file(), f"{path} is missing; {cure}"
    committed = json.loads(path.read_text())
    measured_at = tmp_path / path.name
    assert main([*words, str(measured_at)]) == 0
    measured = json.loads(measured_at.read_text())
    for name in ("set", "images", "model", "morphable_model"):
        assert measured[name] == committed[name], f"{path} is of {name} {committed[name]}; {cure}"
    was, now = flat(committed), flat(measured)
    moved = {name: (was[name], now[name]) for name, most in TOLERANCE.items() if abs(now[name] - was[name]) > most}
    assert not moved, f"committed and measured differ: {moved}; if they should, {cure}"
