import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.dense_points import dense_vertices  # noqa: E402


def test_dense_points_are_spread_over_the_face_and_go_where_expressions_go():
    model = MorphableModel.load()
    chosen = dense_vertices(model)
    assert len(set(chosen)) == len(chosen) == 104
    assert (chosen == dense_vertices(model)).all()
    moved = 1000 * np.linalg.norm(model.bases["expression"].reshape(len(model.expression_names), -1, 3), axis=-1)
    whole = moved[:, model.regions["face"] + model.regions["eyes"] > 0.5].max(1)
    faint = whole < 1.0  # mm; the tongue is neither
    assert {name for name, one in zip(model.expression_names, faint, strict=True) if one} == {"tongueOut"}
    assert (moved[:, chosen].max(1) > 0.5 * whole)[~faint].all()
    for region in ("lids", "lips", "iris", "nose"):
        assert (model.regions[region][chosen] > 0.5).sum() >= 1, region
