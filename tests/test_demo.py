import os
import subprocess
import sys

import cv2
import pytest

from facegpt_ros import engines
from facegpt_ros.errors import WeightsError
from facegpt_ros.portrait import moving_portrait, write_video


def needs_weights():
    pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")
    try:
        engines.fetch("regressor", download=False)
        return engines.fetch("astronaut", download=False)
    except WeightsError as error:
        pytest.skip(str(error))


def facegpt(*words):
    return subprocess.run(
        [sys.executable, "-m", "facegpt_ros.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "ROS_DOMAIN_ID": str(1 + os.getpid() % 100)},
    )


@pytest.mark.ros
def test_demo_leaves_a_video_and_a_picture_of_a_real_face(tmp_path):
    portrait = cv2.imread(str(needs_weights()))
    clip = tmp_path / "clip.avi"
    write_video(moving_portrait(portrait, (224.0, 112.0), 120.0, seconds=4.0), clip, 30.0)
    done = facegpt("demo", "--video", clip, "--seconds", 3, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FPS" in done.stdout and "a face in" in done.stdout and "a face in 0 of" not in done.stdout
    assert " by facegpt@" in done.stdout, "what the node runs by default"
    picture = cv2.imread(str(tmp_path / "out" / "clip.png"))
    assert picture.shape == (480, 640, 3)
    assert cv2.VideoCapture(str(tmp_path / "out" / "clip.mp4")).read()[0]


@pytest.mark.ros
def test_demo_names_a_missing_video(tmp_path):
    done = facegpt("demo", "--video", tmp_path / "none.mp4")
    assert done.returncode == 1 and "none.mp4" in done.stderr and "Traceback" not in done.stderr
