"""An estimator on a server: what it sends, what it makes of the answer, and which servers it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from facegpt_ros.backends.triton import Port
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ImageError, ServerError
from facegpt_ros.model.remote_estimator import RemoteEstimator
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from tests.backends.channels import SIZE, Answers, served

MODEL = MorphableModel.load()
LAYOUT = ThetaLayout.of(MODEL)
CONFIG = EstimatorConfig(name="cnn", server="robot:8001", server_timeout_ms=40)
CROPS = np.zeros((3, SIZE, SIZE, 3), np.uint8)
THETA = Port("FP32", (-1, LAYOUT.size))
SPREAD = Port("FP32", (-1, 72 + LAYOUT.n_expression))


def test_sends_all_crops_at_once_and_decodes_what_comes_back():
    channel = Answers(served(MODEL))
    estimator = RemoteEstimator(CONFIG, MODEL, channel)
    assert (estimator.model_id, estimator.crop_size) == ("cnn@0123abcd", SIZE)
    channel.asked.clear()
    raw = np.random.default_rng(0).normal(0, 0.3, (3, LAYOUT.size)).astype(np.float32)
    channel.gives = {"theta": raw}
    estimate = estimator.infer(CROPS)
    assert channel.asked == [("facegpt_ros_cnn", "7", 0.04)]
    expected = LAYOUT.decode(raw)
    assert np.array_equal(estimate.identity, expected.identity) and np.array_equal(estimate.scale, expected.scale)
    assert estimate.spread is None
    estimator.close()
    assert channel.closed


def test_a_spread_comes_with_the_face_where_the_server_says_one():
    channel = Answers(served(MODEL, outputs={"theta": THETA, "spread": SPREAD}, model_id="facegpt@0123abcd"))
    spread = RemoteEstimator(CONFIG, MODEL, channel).infer(CROPS).spread
    assert spread is not None and np.array_equal(spread.landmarks, np.ones((3, 68)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_answer_that_is_not_finite_is_refused(bad: float):
    channel = Answers(served(MODEL))
    estimator = RemoteEstimator(CONFIG, MODEL, channel)
    raw = np.zeros((3, LAYOUT.size), np.float32)
    raw[1, 5] = bad
    channel.gives = {"theta": raw}
    with pytest.raises(ServerError, match="its theta holds NaN or infinity"):
        estimator.infer(CROPS)


OTHER = json.dumps({"n_identity": 3, "n_expression": 52, "n_albedo": 33})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model_sha256": "f" * 64}, f"made for morphable model ffffffff and .*, here is {MODEL.model_id}"),
        ({"model_sha256": ""}, "made for morphable model  and"),
        ({"layout": OTHER}, "n_identity=3.* export the server's model with the release that the robot runs"),
        ({"layout": "[]"}, "no estimator of this package"),
        ({"parameters": {}}, "no estimator of this package"),
        ({"model_id": "cnn"}, "its model_id is 'cnn'"),
        ({"model_id": "cnn@0123abcd\n[WARN] all is lost"}, "its model_id is"),
        ({"inputs": {"image": Port("UINT8", (-1, SIZE, SIZE, 3))}}, "not crops and θ"),
        ({"inputs": {"crops": Port("UINT8", (-1, SIZE, 64, 3))}}, "not crops and θ"),
        ({"inputs": {"crops": Port("UINT8", (-1, 10**6, 10**6, 3))}}, "not crops and θ"),
        ({"inputs": {"crops": Port("FP32", (-1, SIZE, SIZE, 3))}}, "does not take crops uint8"),
        ({"outputs": {"spread": SPREAD}}, "not crops and θ"),
        ({"outputs": {"theta": SPREAD}}, "not crops and θ"),
        ({"outputs": {"theta": THETA, "more": THETA}}, "not crops and θ"),
        ({"max_batch": 8}, "takes 8 crops at once; its config.pbtxt needs max_batch_size 16"),
    ],
)
def test_refuses_a_model_that_is_not_for_this_robot(changes: dict[str, object], why: str):
    channel = Answers(served(MODEL, **changes))
    with pytest.raises(ServerError, match=f"(?s)Triton robot:8001, model facegpt_ros_cnn.*{why}"):
        RemoteEstimator(CONFIG, MODEL, channel)
    assert channel.closed


def test_a_server_that_is_too_slow_is_refused_at_the_start():
    channel = Answers(served(MODEL))
    channel.infer = lambda model, version, inputs, timeout_s: slow(timeout_s)

    def slow(timeout_s: float) -> dict[str, np.ndarray]:
        if timeout_s < 1:
            raise ServerError("no answer within 40 ms")
        return {"theta": np.zeros((1, LAYOUT.size), np.float32)}

    with pytest.raises(ServerError, match="no answer within 40 ms"):
        RemoteEstimator(CONFIG, MODEL, channel)


def test_crops_of_another_size_are_not_the_servers_fault():
    with pytest.raises(ImageError, match="give uint8"):
        RemoteEstimator(CONFIG, MODEL, Answers(served(MODEL))).infer(CROPS[:, :16])
