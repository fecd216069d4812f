"""The CNN takes over while a server is away, and the server takes over again: with a server that is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError, ServerError
from facegpt_ros.model import served_estimator
from facegpt_ros.model.served_estimator import LONGEST_WAIT_S, ServedEstimator, ServerWatch, open_served
from facegpt_ros.morphable.model import MorphableModel

CROPS = np.zeros((2, 32, 32, 3), np.uint8)


class Named:
    """An estimator that answers with its name and the size of the crops it saw."""

    def __init__(self, model_id: str, crop_size: int = 32) -> None:
        self.model_id, self.crop_size = model_id, crop_size
        self.fails: Exception | None = None
        self.closed = False

    def infer(self, crops: np.ndarray):
        if self.fails is not None:
            raise self.fails
        return self.model_id, crops.shape

    def close(self) -> None:
        self.closed = True


class Server:
    """Opens an estimator at each try, or raises; no try ends before it is let."""

    def __init__(self) -> None:
        self.raises: Exception | None = None
        self.opened: list[Named] = []
        self.tries = 0
        self.free = threading.Event()

    def connect(self) -> Named:
        assert self.free.wait(20)
        self.tries += 1
        if self.raises is not None:
            raise self.raises
        self.opened.append(Named(f"server@{len(self.opened)}"))
        return self.opened[-1]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come true within 20 s"
        time.sleep(0.002)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(served_estimator, "FIRST_WAIT_S", 0.01)
    return Server()


@pytest.fixture
def watch(server: Server) -> Iterator[ServerWatch]:
    watch = ServerWatch(server.connect, "cnn of robot:8001")
    yield watch
    server.free.set()
    watch.close()


@pytest.fixture
def served(server: Server, watch: ServerWatch) -> ServedEstimator:
    """By the server, which answers no other try until it is let."""
    server.free.set()
    until(lambda: watch.remote)
    server.free.clear()
    return ServedEstimator(watch, Named("cnn@local"))


def test_the_cnn_serves_until_the_server_has_answered(server: Server, watch: ServerWatch):
    estimator = ServedEstimator(watch, Named("cnn@local"))
    assert estimator.model_id == "cnn@local" and estimator.infer(CROPS)[0] == "cnn@local"
    assert (watch.progress, watch.problem) == ("asking for cnn of robot:8001", "")
    server.free.set()
    until(lambda: watch.remote)
    assert estimator.model_id == "cnn@local"  # which the last estimate is of, though the server is there by now
    assert estimator.infer(CROPS)[0] == "server@0" and estimator.model_id == "server@0"
    assert (watch.progress, watch.problem) == ("", "")


def test_a_server_that_fails_costs_no_frame_and_is_back_by_itself(
    server: Server, watch: ServerWatch, served: ServedEstimator
):
    server.opened[0].fails = ServerError("no answer within 100 ms; raise estimator.server_timeout_ms")
    assert served.infer(CROPS)[0] == "cnn@local" and served.model_id == "cnn@local"
    assert watch.problem == (
        "cnn serves instead of cnn of robot:8001: no answer within 100 ms; raise estimator.server_timeout_ms; "
        "it is asked again by itself"
    )
    assert server.opened[0].closed
    server.free.set()
    until(lambda: watch.remote)
    assert served.infer(CROPS)[0] == "server@1" and watch.problem == ""


def test_any_error_of_the_server_costs_no_frame(server: Server, watch: ServerWatch, served: ServedEstimator):
    server.opened[0].fails = ValueError("Cannot invoke RPC on closed channel!")
    assert served.infer(CROPS)[0] == "cnn@local"
    assert "Cannot invoke RPC" in watch.problem


@pytest.mark.parametrize("error", [ServerError("cannot be reached"), ValueError("of some library")])
def test_a_server_that_is_away_is_asked_again_and_again(server: Server, watch: ServerWatch, error: Exception):
    server.raises = error
    server.free.set()
    until(lambda: server.tries > 2)
    assert str(error) in watch.problem and watch.progress == "" and watch.remote is None
    server.raises = None
    until(lambda: watch.remote)
    assert watch.problem == ""


def test_what_a_server_says_is_one_line_of_some_length(server: Server, watch: ServerWatch):
    server.raises = ServerError("all\nis lost " + 10**6 * "x")
    server.free.set()
    until(lambda: watch.problem)
    assert "all is lost xxx" in watch.problem and len(watch.problem) < 1000 and "\n" not in watch.problem


def test_each_wait_is_twice_the_last_and_short_again_after_a_good_time(monkeypatch: pytest.MonkeyPatch, server: Server):
    now = [0.0]
    watch = ServerWatch(server.connect, "cnn", lambda: now[0])
    waits = []
    real = watch._wake.wait_for

    def wait_for(condition, timeout=None):
        if timeout is None:
            return real(condition)
        waits.append(timeout)
        return real(condition, 0)

    monkeypatch.setattr(watch._wake, "wait_for", wait_for)
    server.raises = ServerError("away")
    server.free.set()
    until(lambda: len(waits) > 12)
    server.raises = None
    until(lambda: watch.remote)
    assert waits[:3] == [0.01, 0.02, 0.04] and waits[12] == LONGEST_WAIT_S
    del waits[:]
    watch.lost(watch.remote, ServerError("at once"))
    until(lambda: len(waits) == 1 and watch.remote)
    now[0] += LONGEST_WAIT_S + 1
    watch.lost(watch.remote, ServerError("after a good time"))
    until(lambda: len(waits) == 2 and watch.remote)
    watch.close()
    assert waits[:2] == [LONGEST_WAIT_S, 0.01]


def test_crops_are_resized_for_who_takes_them(server: Server, watch: ServerWatch):
    estimator = ServedEstimator(watch, Named("cnn@local", crop_size=16))
    assert estimator.crop_size == 16
    assert estimator.infer(CROPS) == ("cnn@local", (2, 16, 16, 3))
    server.free.set()
    until(lambda: watch.remote)
    assert estimator.crop_size == 32
    assert estimator.infer(CROPS[:, :16, :16]) == ("server@0", (2, 32, 32, 3))


def test_closing_frees_the_server_and_ends_the_tries(server: Server):
    watch = ServerWatch(server.connect, "cnn")
    server.free.set()
    until(lambda: watch.remote)
    watch.close()
    assert server.opened[0].closed and watch.remote is None and server.tries == 1
    away = ServerWatch(server.connect, "cnn")
    away.close()
    away.close()


def test_an_address_that_is_none_is_an_error_at_once():
    with pytest.raises(ConfigError, match="give host:port"):
        open_served(EstimatorConfig(server="robot"), MorphableModel.load())
