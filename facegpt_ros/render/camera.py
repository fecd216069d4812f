"""Pinhole camera with lens distortion, in the optical frame (x right, y down, z forward, metres)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facegpt_ros.errors import CameraError

_MODELS = ("none", "plumb_bob", "rational_polynomial", "equidistant")


@dataclass(frozen=True)
class Camera:
    """Intrinsics of one image.

    Args:
        width, height: image size, px.
        fx, fy: focal lengths, px, > 0.
        cx, cy: principal point, px; (0, 0) is the centre of the top left pixel.
        distortion: coefficients as in sensor_msgs/CameraInfo.d; empty for none.
        model: "none", "plumb_bob", "rational_polynomial" or "equidistant".
        assumed: True when no calibration was given and a field of view was assumed.

    Raises:
        CameraError: a focal length is not positive, or a value is not finite.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    model: str = "none"
    assumed: bool = False

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise CameraError(f"camera size is {self.width}x{self.height}; both must be positive")
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        if not np.all(np.isfinite(numbers)):
            raise CameraError(f"camera intrinsics hold a value that is not finite: {numbers}; calibrate the camera")
        if self.fx <= 0 or self.fy <= 0:
            raise CameraError(
                f"camera focal length is ({self.fx}, {self.fy}) px; it must be positive, calibrate the camera"
            )
        if self.model not in _MODELS:
            raise CameraError(f"distortion model is '{self.model}'; use one of {', '.join(_MODELS)}")

    @classmethod
    def from_fov(cls, width: int, height: int, fov_deg: float) -> Camera:
        """A camera without calibration: the longer image side spans fov_deg (degrees)."""
        if not 1.0 <= fov_deg <= 175.0:
            raise CameraError(f"field of view is {fov_deg} deg; it must lie within 1 and 175")
        focal = 0.5 * max(width, height) / np.tan(np.radians(fov_deg) / 2)
        return cls(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, assumed=True)

    @property
    def matrix(self) -> np.ndarray:
        """K, (3, 3) float64."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points in the optical frame (..., 3), m → pixels (..., 2), float64. Distorts."""
        rays = np.asarray(points, np.float64)
        return self.distort(rays[..., :2] / np.maximum(rays[..., 2:], 1e-6))

    def distort(self, rays: np.ndarray) -> np.ndarray:
        """Normalised ideal image coordinates x/z, y/z (..., 2) → pixels (..., 2)."""
        rays = np.asarray(rays, np.float64)
        if any(self.distortion):
            flat = np.ascontiguousarray(rays.reshape(-1, 1, 2))
            d = np.asarray(self.distortion, np.float64)
            if self.model == "equidistant":
                return cv2.fisheye.distortPoints(flat, self.matrix, d[:4]).reshape(rays.shape)
            ones = np.concatenate([flat, np.ones((*flat.shape[:2], 1))], -1)
            return cv2.projectPoints(ones, np.zeros(3), np.zeros(3), self.matrix, d)[0].reshape(rays.shape)
        return rays * (self.fx, self.fy) + (self.cx, self.cy)

    def undistort(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) → normalised ideal image coordinates x/z, y/z (..., 2), float64."""
        pixels = np.asarray(pixels, np.float64)
        if any(self.distortion):
            flat = np.ascontiguousarray(pixels.reshape(-1, 1, 2))
            d = np.asarray(self.distortion, np.float64)
            if self.model == "equidistant":
                return cv2.fisheye.undistortPoints(flat, self.matrix, d[:4]).reshape(pixels.shape)
            return cv2.undistortPoints(flat, self.matrix, d).reshape(pixels.shape)
        return (pixels - (self.cx, self.cy)) / (self.fx, self.fy)
