"""sensor_msgs/CameraInfo to a Camera, and calibration files to what CameraInfo holds; without importing ROS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from facegpt_ros.errors import CameraError
from facegpt_ros.render.camera import Camera

# CameraInfo.distortion_model → Camera.model and the lengths of d it may have.
_DISTORTION = {
    "plumb_bob": ("plumb_bob", (4, 5)),
    "rational_polynomial": ("rational_polynomial", (8, 12, 14)),
    "equidistant": ("equidistant", (4,)),
    "fisheye": ("equidistant", (4,)),
}


def camera_from_info(info: Any, width: int, height: int, *, rectified: bool = False) -> tuple[Camera | None, str]:
    """The camera that took an image, after region of interest and binning.

    Args:
        info: a sensor_msgs/CameraInfo; k and d belong to the full, unbinned, raw image.
        width, height: of the image that came with it, px.
        rectified: the image is already undistorted (image_rect): p is used and d is not.

    Returns:
        The camera, or None where the info says "uncalibrated" (fx is 0), and a note to tell a user once, or "".

    Raises:
        CameraError: values that are not finite, one focal length zero or negative, an unknown distortion model or a
            wrong count of its coefficients, or a size of another shape than the image's.
    """
    k = np.asarray(info.k, np.float64).reshape(3, 3)
    p = np.asarray(info.p, np.float64).reshape(3, 4)
    if rectified and p[0, 0] != 0:
        k = p[:, :3]
    if not np.all(np.isfinite(k)):
        raise CameraError(f"camera_info's k is {k.ravel().tolist()}; every value must be finite, calibrate the camera")
    fx, fy, cx, cy = k[0, 0], k[1, 1], k[0, 2], k[1, 2]
    if fx == 0 and fy == 0:
        return None, ""
    model, distortion = ("none", ()) if rectified else _distortion(info)

    full_width, full_height = int(info.width) or width, int(info.height) or height
    x0, y0, roi_width, roi_height = 0, 0, full_width, full_height
    if info.roi.width and info.roi.height:
        x0, y0, roi_width, roi_height = (
            int(v) for v in (info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height)
        )
    bin_x, bin_y = max(1, int(info.binning_x)), max(1, int(info.binning_y))
    sent_width, sent_height = roi_width / bin_x, roi_height / bin_y
    scale_x, scale_y = width / sent_width, height / sent_height
    note = ""
    # Binning rounds an odd size down, so less than a pixel apart is the same size.
    if abs(width - sent_width) >= 1 or abs(height - sent_height) >= 1:
        if abs(scale_x / scale_y - 1) > 0.01:
            raise CameraError(
                f"camera_info is for {sent_width:g}x{sent_height:g} px but the image is {width}x{height}, "
                "another shape; calibrate at the image's size, or check that camera_info is this camera's"
            )
        note = (
            f"camera_info is for {sent_width:g}x{sent_height:g} px but the image is {width}x{height}; "
            "its intrinsics are scaled to the image"
        )
    else:
        scale_x = scale_y = 1.0
    scale_x, scale_y = scale_x / bin_x, scale_y / bin_y
    # Pixel centres are at whole numbers, so scaling is about (-0.5, -0.5).
    cx, cy = (cx - x0 + 0.5) * scale_x - 0.5, (cy - y0 + 0.5) * scale_y - 0.5
    return Camera(width, height, fx * scale_x, fy * scale_y, cx, cy, distortion, model), note


@dataclass(frozen=True)
class Calibration:
    """What CameraInfo carries, row-major, for images of width × height px."""

    width: int
    height: int
    k: tuple[float, ...]
    d: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]
    distortion_model: str

    @classmethod
    def uncalibrated(cls, width: int, height: int) -> Calibration:
        """All of k zero, which is how CameraInfo says that it knows nothing."""
        return cls(width, height, (0.0,) * 9, (), (0.0,) * 9, (0.0,) * 12, "")

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """A YAML file as the ROS calibration tools write it.

        Raises:
            CameraError: missing, not YAML, or without a field it needs.
        """
        try:
            tree = yaml.safe_load(Path(path).read_text())
            k = tuple(float(v) for v in tree["camera_matrix"]["data"])
            identity = np.eye(3).ravel().tolist()
            made_p = [*k[:3], 0.0, *k[3:6], 0.0, *k[6:9], 0.0]
            return cls(
                int(tree["image_width"]),
                int(tree["image_height"]),
                k,
                tuple(float(v) for v in tree["distortion_coefficients"]["data"]),
                tuple(float(v) for v in tree.get("rectification_matrix", {}).get("data", identity)),
                tuple(float(v) for v in tree.get("projection_matrix", {}).get("data", made_p)),
                str(tree["distortion_model"]),
            )
        except OSError as error:
            raise CameraError(f"{path}: cannot read the calibration: {error.strerror}") from error
        except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise CameraError(
                f"{path}: not a camera calibration ({type(error).__name__}: {error}); it needs image_width, "
                "image_height, camera_matrix, distortion_model and distortion_coefficients as ROS's tools write them"
            ) from error


def _distortion(info: Any) -> tuple[str, tuple[float, ...]]:
    d = tuple(float(v) for v in info.d)
    if not np.all(np.isfinite(d)):
        raise CameraError(f"camera_info's d is {list(d)}; every value must be finite, calibrate the camera")
    name = str(info.distortion_model)
    if not any(d):
        return "none", ()
    if name not in _DISTORTION:
        raise CameraError(f"camera_info's distortion_model is '{name}'; supported are {', '.join(_DISTORTION)}")
    model, lengths = _DISTORTION[name]
    if len(d) not in lengths:
        raise CameraError(
            f"camera_info's d has {len(d)} values; {name} takes {' or '.join(map(str, lengths))}; calibrate the camera"
        )
    return model, d
