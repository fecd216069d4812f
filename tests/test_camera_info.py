import math
from types import SimpleNamespace

import pytest

from facegpt_ros.camera_info import Calibration, camera_from_info
from facegpt_ros.errors import CameraError


def info(*, k=(500.0, 0, 319.5, 0, 510.0, 239.5, 0, 0, 1), d=(), model="plumb_bob", width=640, height=480, **other):
    roi = SimpleNamespace(x_offset=0, y_offset=0, width=0, height=0)
    fields = {"p": [0.0] * 12, "roi": roi, "binning_x": 0, "binning_y": 0} | other
    return SimpleNamespace(k=k, d=d, distortion_model=model, width=width, height=height, **fields)


def test_intrinsics_are_taken_as_they_are():
    camera, note = camera_from_info(info(d=(0.1, -0.2, 0, 0, 0)), 640, 480)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500, 510, 319.5, 239.5)
    assert camera.model == "plumb_bob" and camera.distortion == (0.1, -0.2, 0, 0, 0)
    assert note == "" and not camera.assumed


def test_zero_k_means_uncalibrated():
    assert camera_from_info(info(k=[0.0] * 9, d=(0.0,) * 5), 640, 480) == (None, "")


def test_no_distortion_is_none():
    assert camera_from_info(info(d=(0.0,) * 5), 640, 480)[0].model == "none"
    assert camera_from_info(info(model=""), 640, 480)[0].model == "none"


@pytest.mark.parametrize("name", ["equidistant", "fisheye"])
def test_fisheye_names_map_to_equidistant(name):
    assert camera_from_info(info(d=(0.1, 0, 0, 0), model=name), 640, 480)[0].model == "equidistant"


def test_region_and_binning_move_and_shrink_the_intrinsics():
    roi = SimpleNamespace(x_offset=100, y_offset=40, width=400, height=400)
    camera, note = camera_from_info(info(roi=roi, binning_x=2, binning_y=2), 200, 200)
    assert (camera.fx, camera.fy) == (250, 255)
    # The centre (319.5, 239.5) lies 220 px right of the region's left edge (at 99.5), which is 110 binned px.
    assert (camera.cx, camera.cy) == (109.5, 99.5)
    assert note == ""


def test_other_size_of_the_same_shape_is_scaled_and_said():
    camera, note = camera_from_info(info(), 320, 240)
    assert (camera.fx, camera.cx, camera.cy) == (250, 159.5, 119.5)
    assert "640x480" in note and "320x240" in note


def test_rectified_images_use_p_and_no_distortion():
    p = [450.0, 0, 300, 0, 0, 450, 200, 0, 0, 0, 1, 0]
    camera, _ = camera_from_info(info(d=(0.1, 0, 0, 0, 0), p=p), 640, 480, rectified=True)
    assert (camera.fx, camera.cx, camera.cy, camera.model) == (450, 300, 200, "none")


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (info(k=(math.nan, 0, 319.5, 0, 510.0, 239.5, 0, 0, 1)), "finite.*calibrate"),
        (info(k=(500.0, 0, math.inf, 0, 510.0, 239.5, 0, 0, 1)), "finite"),
        (info(k=(500.0, 0, 319.5, 0, 0.0, 239.5, 0, 0, 1)), "must be positive"),
        (info(k=(-500.0, 0, 319.5, 0, 510.0, 239.5, 0, 0, 1)), "must be positive"),
        (info(d=(math.nan, 0, 0, 0, 0)), "d is .*finite"),
        (info(d=(0.1, 0, 0)), "3 values; plumb_bob takes 4 or 5"),
        (info(d=(0.1, 0, 0, 0), model="magic"), "'magic'; supported are plumb_bob"),
        (info(width=1280, height=720), "1280x720 px but the image is 640x480"),
    ],
)
def test_bad_info_is_refused_with_the_reason(bad, said):
    with pytest.raises(CameraError, match=said):
        camera_from_info(bad, 640, 480)


CALIBRATION = """
image_width: 640
image_height: 480
camera_name: test
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 510, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}
"""


def test_calibration_file_is_read(tmp_path):
    path = tmp_path / "camera.yaml"
    path.write_text(CALIBRATION)
    calibration = Calibration.load(path)
    assert calibration.k[0] == 500 and calibration.d[0] == 0.1 and calibration.p[:4] == (500, 0, 320, 0)


@pytest.mark.parametrize("text", ["", "camera_matrix: 3", "a: [", None])
def test_bad_calibration_file_names_itself(tmp_path, text):
    path = tmp_path / "camera.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CameraError, match=r"camera\.yaml"):
        Calibration.load(path)
