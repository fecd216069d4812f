"""The client of a Triton server, with a channel that answers without one; tests/serving has a real server."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from facegpt_ros.backends.triton import ASK_S, Port, ServedModel, Triton
from facegpt_ros.errors import ConfigError, ServerError
from tests.backends.channels import Answers

MODEL = ServedModel("7", {"crops": Port("UINT8", (-1, 4, 4, 3))}, {"theta": Port("FP32", (-1, 5))}, 64, {"a": "b"})
CROPS = np.zeros((2, 4, 4, 3), np.uint8)


def test_names_the_version_it_found_in_every_request():
    channel = Answers(MODEL)
    backend = Triton("robot:8001", "m", 0.1, channel)
    assert backend.metadata == {"a": "b"} and backend.provider == "Triton robot:8001"
    assert backend.infer(CROPS).shape == (2, 5)
    assert channel.asked == [("m", "7", 0.1)]
    backend.close()
    assert channel.closed


def test_its_first_run_may_take_longer_than_a_frame():
    channel = Answers(MODEL)
    Triton("robot:8001", "m", 0.1, channel).warm_up(CROPS.shape)
    assert channel.asked == [("m", "7", ASK_S)]


@pytest.mark.parametrize(
    "gives",
    [
        {},
        {"other": np.zeros((2, 5), np.float32)},
        {"theta": np.zeros((2, 6), np.float32)},
        {"theta": np.zeros((1, 5), np.float32)},
        {"theta": np.zeros(10, np.float32)},
        {"theta": np.zeros((2, 5))},
        {"theta": np.array([[b"x"] * 5] * 2, object)},
    ],
)
def test_an_answer_that_is_not_what_the_server_said_is_refused(gives: dict[str, np.ndarray]):
    with pytest.raises(ServerError, match=r"Triton robot:8001, model m gave .* as theta of 2, it said FP32 \(-1, 5\)"):
        Triton("robot:8001", "m", 0.1, Answers(MODEL, gives)).infer(CROPS)


def test_what_nobody_asked_for_is_left_out():
    gives = {"theta": np.zeros((2, 5), np.float32), "more": np.array([b"x"], object)}
    assert list(Triton("robot:8001", "m", 0.1, Answers(MODEL, gives)).run({"crops": CROPS})) == ["theta"]


@pytest.mark.parametrize("crops", [CROPS.astype(np.float32), CROPS[:, :3], CROPS[0]])
def test_what_the_model_does_not_take_is_not_sent(crops: np.ndarray):
    channel = Answers(MODEL)
    with pytest.raises(ServerError, match="model m does not take crops"):
        Triton("robot:8001", "m", 0.1, channel).infer(crops)
    assert channel.asked == []


@pytest.mark.parametrize(
    "server", ["robot", "robot:", ":8001", "robot:0", "robot:65536", "http://robot:8001/v2", "a b:1"]
)
def test_an_address_that_is_none_is_named(server: str):
    with pytest.raises(ConfigError, match=r"estimator\.server is .* give host:port"):
        Triton(server, "m", 0.1, Answers(MODEL))


def test_a_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *rest):
        if name.startswith("tritonclient"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ServerError, match=r"pip install 'tritonclient\[grpc\]'"):
        Triton("robot:8001", "m", 0.1)
