import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from facegpt_ros.errors import ConfigError
from facegpt_ros.up import split_parameters


def test_parameters_go_to_their_node_in_their_type():
    face, camera = split_parameters(
        [
            *("perception.max_faces=2", "camera.assumed_fov_deg=70", "output.overlay=true"),
            *("source.uri=0", "source.loop=true", "image.cameras=[left, right]"),
        ]
    )
    cameras = {"image.cameras": ("left", "right")}
    assert face == {"perception.max_faces": 2, "camera.assumed_fov_deg": 70.0, "output.overlay": True} | cameras
    assert camera == {"source.uri": "0", "source.loop": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("perception.max_faces=99", "1 to 16"),
        ("perception.maxfaces=1", "did you mean perception.max_faces"),
        ("source.pace=fast", "real_time, fixed or consumed"),
        ("output.overlay", "NAME=VALUE"),
        ("=3", "NAME=VALUE"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_starts(text, said):
    with pytest.raises(ConfigError, match=said):
        split_parameters([text])


@pytest.mark.ros
def test_missing_weights_end_up_with_the_reason():
    pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")
    given = ["--set", "estimator.name=cnn", "--set", "estimator.weights=/nowhere/weights.onnx"]
    done = subprocess.run(
        [sys.executable, "-m", "facegpt_ros.cli", "up", *given],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100)},
    )
    assert done.returncode == 1
    assert "cannot configure" in done.stderr and "/nowhere/weights.onnx" in done.stderr


@pytest.mark.ros
def test_nodes_stop_cleanly(tmp_path, monkeypatch):
    pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")
    from facegpt_ros.processes import NodeProcesses

    monkeypatch.setenv("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((48, 64, 3), np.uint8))
    with NodeProcesses("here") as nodes:
        process = nodes.start("camera_node", "facegpt_ros.nodes.camera_node", parameters={"source.uri": str(tmp_path)})
        assert nodes.ended() == {}
    assert process.returncode in (0, -2)  # -2: stopped while Python was still importing
