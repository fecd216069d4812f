"""The driver's answers, given by a library that is none."""

import ctypes
import re

import pytest

from facegpt_ros.backends import cuda_driver
from facegpt_ros.backends.cuda_driver import Gpu


class Driver:
    """libcuda of a Jetson; `failing`: function → status."""

    def __init__(self, count=1, **failing):
        self.count, self.failing = count, failing

    def __getattr__(self, name):
        answers = {
            "cuDeviceGetCount": self.count, "cuDeviceGet": 0, "cuDriverGetVersion": 12060,
            "cuDeviceTotalMem_v2": 7607 * 2**20,
        }  # fmt: skip

        def call(*arguments):
            if name in self.failing:
                return self.failing[name]
            if name == "cuDeviceGetName":
                arguments[0].value = b"Orin"
            elif name == "cuDeviceGetAttribute":
                arguments[0]._obj.value = {75: 8, 76: 7}[arguments[1]]
            elif name in answers:
                arguments[0]._obj.value = answers[name]
            return 0

        return call


def test_says_what_the_gpu_is():
    assert cuda_driver.ask(lambda _: Driver()).gpu == Gpu("Orin", "8.7", 7607, "12.6")


@pytest.mark.parametrize(
    ("driver", "says"),
    [
        (Driver(count=0), "no device"),
        (Driver(cuInit=100), r"cuInit failed with 100 \(no device\)"),
        (Driver(cuInit=803), "driver and device do not match"),
        (Driver(cuDeviceGetName=1), r"cuDeviceGetName failed with 1 \(see cuda.h\)"),
    ],
)
def test_a_driver_without_a_gpu_is_told_in_words(driver, says):
    found = cuda_driver.ask(lambda _: driver)
    assert found.gpu is None and re.search(says, found.why_not)


def test_this_machine_is_asked_without_harm():
    found = cuda_driver.probe()
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        assert found.why_not == "no NVIDIA driver (libcuda.so.1 cannot be loaded)"
    else:
        assert (found.gpu is None) == bool(found.why_not)
