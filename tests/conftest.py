"""Tests marked `ros` are skipped where ROS or the built interfaces are missing."""

import os
from importlib.util import find_spec

import pytest

# Before a test imports numpy: so its BLAS keeps to one thread here too, as in the command and the nodes. Beside another
# process that computes, fitting one photo took 12.8 s with its other threads and 1.2 s without.
import facegpt_ros  # noqa: F401

# And before one imports torch, whose threads would wait for each other by spinning: beside other processes the tests of
# one small language model took 25 s, and 5 to 8 s so.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in ("rclpy", "facegpt_ros.msg") if find_spec(name) is None]
    for item in items:
        if missing and item.get_closest_marker("ros"):
            item.add_marker(pytest.mark.skip(reason=f"cannot import {' or '.join(missing)}: run bash scripts/test"))
