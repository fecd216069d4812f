"""A backend that fails on purpose, and what frames see of it."""

import threading

import numpy as np
import pytest

from facegpt_ros.backends.fallback import FallBack
from facegpt_ros.errors import WeightsError

GIVEN = {"x": np.arange(3.0)}


class Computer:
    """Doubles; fails while it is told to."""

    metadata = {"size": "32"}

    def __init__(self, provider, broken=None):
        self.provider, self.broken, self.closed = provider, broken if broken is not None else [], False

    def run(self, inputs):
        if self.broken:
            raise RuntimeError(self.broken[0])
        if "x" not in inputs:
            raise WeightsError("the input x is missing")
        return {"y": 2 * inputs["x"]}

    def infer(self, inputs):
        return self.run({"x": inputs})["y"]

    def warm_up(self, shape):
        self.infer(np.zeros(shape))

    def close(self):
        self.closed = True


class Bench:
    """A FallBack with a clock, and retries that run when they are begun."""

    def __init__(self, **options):
        self.now, self.broken, self.opened, self.cannot_open = 0.0, [], [], ""
        self.backend = FallBack(self.open, lambda: Computer("cpu"), clock=lambda: self.now, start=self.start, **options)

    def open(self):
        if self.cannot_open:
            raise WeightsError(self.cannot_open)
        self.opened.append(Computer("gpu", self.broken))
        return self.opened[-1]

    def start(self, work):
        work()
        return lambda: None

    def frame(self, seconds=0.0):
        self.now += seconds
        out = self.backend.run(GIVEN)
        assert out["y"].tolist() == [0, 2, 4]
        return self.backend.provider


def test_the_cpu_takes_the_very_frame_that_failed_and_says_so():
    bench = Bench()
    assert bench.frame() == "gpu" and bench.backend.problem == ""
    bench.broken.append("CUDA error 719: launch failed")
    assert bench.frame() == "cpu"
    assert bench.backend.problem == "cpu computes instead of what was asked for: CUDA error 719: launch failed"
    assert bench.opened[0].closed


def test_it_is_tried_again_ever_more_seldom_and_taken_back_when_it_works():
    bench = Bench(retry_s=5)
    bench.broken.append("lost")
    bench.frame()
    tries = []
    for _ in range(200):
        before = len(bench.opened)
        assert bench.frame(1.0) == "cpu"
        if len(bench.opened) > before:
            tries.append(bench.now)
    assert tries == [5, 15, 35, 75, 135, 195]  # after 5, 10, 20, 40, 60 and 60 s
    bench.broken.clear()
    assert bench.frame(60) == "cpu"  # opened beside this frame
    assert bench.frame() == "gpu" and bench.backend.problem == ""
    bench.broken.append("lost")
    assert bench.frame() == "cpu" and bench.backend.problem.endswith("lost")
    bench.broken.clear()
    assert (bench.frame(4), bench.frame(1), bench.frame()) == ("cpu", "cpu", "gpu")  # the first wait again


def test_what_is_wrong_with_the_input_is_no_fault_of_the_gpu():
    bench = Bench()
    with pytest.raises(WeightsError, match="the input x is missing"):
        bench.backend.run({})
    assert bench.backend.problem == "" and bench.frame() == "gpu"


def test_what_cannot_be_opened_at_all_is_told_and_not_tried_again():
    bench = Bench.__new__(Bench)
    bench.now, bench.opened, bench.broken, bench.cannot_open = 0.0, [], [], "no engine fits this GPU"
    bench.backend = FallBack(bench.open, lambda: Computer("cpu"), clock=lambda: bench.now, start=bench.start)
    assert bench.backend.provider == "cpu" and "no engine fits this GPU" in bench.backend.problem
    bench.cannot_open = ""
    assert bench.frame(1000) == "cpu" and not bench.opened


def test_frames_go_on_while_it_is_opened_and_close_waits_for_that():
    begun, go_on = threading.Event(), threading.Event()
    now, opened = [0.0], []

    def open_slowly():
        if opened:
            begun.set()
            assert go_on.wait(30)
        opened.append(Computer("gpu", [] if opened else ["lost"]))
        return opened[-1]

    backend = FallBack(open_slowly, lambda: Computer("cpu"), clock=lambda: now[0])
    backend.infer(np.ones(1))
    now[0] = 6.0
    backend.infer(np.ones(1))
    assert begun.wait(30)
    for _ in range(3):
        assert backend.infer(np.ones(1)).tolist() == [2] and backend.provider == "cpu"
    go_on.set()
    backend.close()
    assert len(opened) == 2 and all(one.closed for one in opened)
