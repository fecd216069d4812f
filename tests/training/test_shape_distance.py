import numpy as np
import pytest

from facegpt_ros.evaluation.shape import shape_error
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.shape_distance import shape_distance


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return MorphableModel.load()


def test_it_is_the_error_of_the_protocol_for_people_near_the_mean(model):
    rng = np.random.default_rng(0)
    matrix = shape_distance(model)
    corners, weights = model.embedding()
    expression = np.zeros(len(model.expression_names))
    for _ in range(3):
        alpha = rng.standard_normal(len(model.identity_names))
        true, mean = model.vertices(alpha, expression), model.bases["mean"]
        points = [np.einsum("nci,nc->ni", mesh[corners], weights) for mesh in (mean, true)]
        measured = np.median(shape_error(model, mean, true, (points[0], points[1])))
        assert np.median(np.abs(alpha @ matrix)) == pytest.approx(measured, rel=0.2)


def test_growing_counts_as_nothing(model):
    class Scaled:
        """The model with growth for its only identity coefficient."""

        def __init__(self) -> None:
            self.bases = {"mean": model.bases["mean"], "identity": 0.05 * model.bases["mean"].reshape(1, -1)}
            self.identity_names, self.expression_names = ("growth",), model.expression_names
            self.regions, self.triangles = model.regions, model.triangles

        def landmarks(self, identity, expression):
            at = model.landmarks(np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names)))
            return at * (1 + 0.05 * identity[:, :, None])

    assert np.abs(shape_distance(Scaled())).max() < 1e-3
