"""The estimator's view of a face: a virtual camera turned to the face, rolled upright and framed in one standard way.

Turning the camera instead of cutting a rectangle takes perspective, lens distortion and position in the image out of
what the estimator must know: a face at the border of a wide-angle image looks as it would in the middle.

Crop units: (0, 0) is the crop's centre and ±1 its borders, x right, y down; CropEstimate.offset and scale are in them.
Pixel u of an S-pixel crop lies at (2 u + 1) / S - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facegpt_ros.face import CropEstimate
from facegpt_ros.perception.detect import Detection
from facegpt_ros.render.camera import Camera

# The 68 landmarks' longer box side fills 2/3 of the crop.
_MARGIN = 0.75
_OUTER_EYES = (36, 45)
# tan of half the widest crop: wider views of one face do not occur, only broken estimates ask for them.
_MAX_HALF_EXTENT = 2.0
# Cells per side of the map through a lens: interpolating between them errs by under 0.05 px.
_LENS_GRID = 16

# From BlazeFace's keypoints to the framing of the 68 landmarks, along (u) and down from (v) the line of the eyes: W and
# U are width and middle of the six keypoints' extent along u, b the way down from the eyes to the mouth. Least squares
# over the 942 training portraits of congress and sfhq (MediaPipe's landmarks). What is left over on their 149
# validation portraits, in half crops: centre 0.022 along and 0.027 down, half size 0.036, roll 1.8 deg (rms). On a head
# turned by up to 60 deg and nodding by 25 (a neutral mesh, projected): 0.04, 0.12 and 0.1; a second look corrects that.
_CENTRE_ALONG = 0.762  # of U
_CENTRE_DOWN = (0.393, 0.128)  # of b, W
_HALF_SQUARED = (0.175, 0.561)  # of b², W²


@dataclass(frozen=True)
class CropCamera:
    """A virtual pinhole camera at the real one's centre.

    Attributes:
        camera: the real one.
        rotation: (3, 3), virtual optical frame → real optical frame.
        half_extent: h, the crop spans x/z and y/z within [-h, h].
    """

    camera: Camera
    rotation: np.ndarray
    half_extent: float

    @classmethod
    def around(
        cls, camera: Camera, centre_px: tuple[float, float] | np.ndarray, half_size_px: float, roll_rad: float = 0.0
    ) -> CropCamera:
        """Centred on a pixel; spans half_size_px to each side there; x axis at roll_rad from the image's, clockwise."""
        axis = np.array([np.cos(roll_rad), np.sin(roll_rad)])
        # A short step: far outside the image a lens model cannot be inverted.
        step = 0.1 * half_size_px
        offsets = step * np.array([[0, 0], axis, -axis, [-axis[1], axis[0]], [axis[1], -axis[0]]])
        rays = _rays(camera, np.asarray(centre_px, np.float64) + offsets)
        rotation = _facing(rays[0], rays[1] - rays[2])
        seen = _onto(rotation, rays)  # (5, 2)
        reach = np.abs([seen[1, 0], seen[2, 0], seen[3, 1], seen[4, 1]]).mean()
        return cls(camera, rotation, _bounded(reach * half_size_px / step))

    @classmethod
    def from_points(cls, camera: Camera, points: np.ndarray) -> CropCamera:
        """The standard framing of 68 landmarks given in the real optical frame (68, 3), of any depth > 0.

        In the turned and rolled view, the centre is that of the landmarks' axis-aligned box and half the crop is 0.75
        of the box's longer side; roll is the angle of the line between the outer eye corners.
        """
        return cls.from_faces(camera, np.asarray(points)[None])[0]

    @classmethod
    def from_faces(cls, camera: Camera, points: np.ndarray) -> list[CropCamera]:
        """from_points of N faces (N, 68, 3)."""
        points = np.asarray(points, np.float64)
        direction = _unit(points).mean(1)  # (N, 3)
        left, right = (points[:, i] / points[:, i, 2:] for i in _OUTER_EYES)
        across = right - left
        rotation, half = np.empty((len(points), 3, 3)), np.empty(len(points))
        turning = np.arange(len(points))
        # Turning moves the box's centre a little; two or three turns bring it to the middle.
        for _ in range(4):
            rotation[turning], centre, side = _framed(direction[turning], across[turning], points[turning])
            half[turning] = _MARGIN * side
            off = np.abs(centre).max(1) >= 1e-3 * side
            turning, centre = turning[off], centre[off]
            if not len(turning):
                break
            ahead = np.concatenate([centre, np.ones((len(centre), 1))], 1)
            direction[turning] = (rotation[turning] @ ahead[..., None])[..., 0]
        return [cls(camera, turned, _bounded(h)) for turned, h in zip(rotation, half, strict=True)]

    @classmethod
    def from_landmarks(cls, camera: Camera, landmarks: np.ndarray) -> CropCamera:
        """The standard framing of 68 landmarks in the image (68, 2), px."""
        return cls.from_points(camera, _rays(camera, landmarks))

    @classmethod
    def from_detection(cls, camera: Camera, detection: Detection) -> CropCamera:
        """Approximately the standard framing, from BlazeFace's six keypoints."""
        rays = _rays(camera, detection.keypoints)
        rotation = _facing(_unit(rays[:4]).mean(0), rays[1] - rays[0])
        seen = _onto(rotation, rays)
        across = seen[1] - seen[0]
        rotation = rotation @ _rolled(np.arctan2(across[1], across[0]))
        centre, half = _framing(_onto(rotation, rays))
        turned = _facing(rotation @ np.array([*centre, 1.0]), rotation[:, 0])
        return cls(camera, turned, _bounded(half))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points in the real optical frame (..., 3) → crop units (..., 2)."""
        return _onto(self.rotation, points) / self.half_extent

    def to_pixels(self, positions: np.ndarray) -> np.ndarray:
        """Crop units (..., 2) → pixels of the source image (..., 2)."""
        positions = np.asarray(positions, np.float64) * self.half_extent
        rays = np.concatenate([positions, np.ones((*positions.shape[:-1], 1))], -1)
        return self.camera.project(rays @ self.rotation.T)

    def lift(self, estimate: CropEstimate, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Pose in the real optical frame of face `index` of an estimate made from this crop.

        Returns:
            rotation (3, 3) model → real optical; translation (3,) m, the sellion.
        """
        rotation = self.rotation @ np.asarray(estimate.rotation[index], np.float64)
        return rotation, self.rotation @ estimate.translation(self.half_extent)[index]

    def lower(self, rotation: np.ndarray, translation: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The inverse of lift: rotation (3, 3) model → virtual optical, offset (2,), scale."""
        x, y, depth = self.rotation.T @ np.asarray(translation, np.float64)
        return self.rotation.T @ rotation, np.array([x, y]) / (depth * self.half_extent), 1 / (self.half_extent * depth)

    def extract(self, image: np.ndarray, size: int) -> np.ndarray:
        """What the virtual camera sees, (size, size, 3) uint8; black outside the real image (H, W, 3) uint8."""
        # Through a lens a plane's picture is no homography: look up a grid exactly and interpolate between its knots.
        cells = _LENS_GRID if any(self.camera.distortion) else 1
        knots = np.linspace(-1, 1, cells + 1) * (1 - 1 / size)  # from the centre of the first pixel to that of the last
        grid = self.to_pixels(np.stack(np.meshgrid(knots, knots), -1))  # (cells + 1, cells + 1, 2) px of the source
        image, factor, origin = _shrunk(image, grid, size)
        if not image.size:
            return np.zeros((size, size, 3), np.uint8)
        grid = ((grid - origin + 0.5) / factor - 0.5).astype(np.float32)
        if cells == 1:
            target = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) * (size - 1)
            matrix = cv2.getPerspectiveTransform(grid.reshape(4, 2), target)
            return cv2.warpPerspective(image, matrix, (size, size), flags=cv2.INTER_LINEAR)
        step = cells / (size - 1)
        enlarge = np.array([[step, 0, 0], [0, step, 0]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        lookup = cv2.warpAffine(grid, enlarge, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        map_x, map_y = cv2.split(lookup)
        return cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR)


def _framed(direction: np.ndarray, across: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """N views in a direction (N, 3), rolled until the eyes of points (N, 68, 3) are level.

    Returns:
        rotation (N, 3, 3); centre (N, 2) and longer side (N,) of the points' box, x/z and y/z.
    """
    rotation = _facing(direction, across)
    seen = _onto(rotation, points)
    level = seen[:, _OUTER_EYES[1]] - seen[:, _OUTER_EYES[0]]
    rotation = rotation @ _rolled(np.arctan2(level[:, 1], level[:, 0]))
    seen = _onto(rotation, points)
    low, high = seen.min(1), seen.max(1)
    return rotation, (low + high) / 2, (high - low).max(1)


def lift_all(crops: Sequence[CropCamera], estimate: CropEstimate) -> tuple[np.ndarray, np.ndarray]:
    """CropCamera.lift of N crops and their estimates: rotation (N, 3, 3), translation (N, 3) m."""
    turned = np.stack([crop.rotation for crop in crops])
    ahead = estimate.translation(np.array([crop.half_extent for crop in crops]))  # (N, 3)
    return turned @ np.asarray(estimate.rotation, np.float64), (turned @ ahead[..., None])[..., 0]


def _framing(keypoints: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and half size of the standard crop from BlazeFace keypoints (6, 2) whose eye line is level."""
    eyes = keypoints[:2].mean(0)
    u = keypoints[:, 0] - eyes[0]
    width, middle, mouth = np.ptp(u), (u.min() + u.max()) / 2, keypoints[3, 1] - eyes[1]
    centre = eyes + (_CENTRE_ALONG * middle, _CENTRE_DOWN[0] * mouth + _CENTRE_DOWN[1] * width)
    return centre, float(np.sqrt(_HALF_SQUARED[0] * mouth**2 + _HALF_SQUARED[1] * width**2))


def _shrunk(image: np.ndarray, grid: np.ndarray, size: int) -> tuple[np.ndarray, int, np.ndarray]:
    """The image, or the part under the crop averaged down where the crop would skip pixels.

    Args:
        grid: (G, G, 2), the crop's knots in the image, px.

    Returns:
        image; k and origin (2,): old pixel p is new pixel (p - origin + 0.5) / k - 0.5.
    """
    origin = np.zeros(2)
    sides = np.linalg.norm([grid[0, 0] - grid[0, -1], grid[-1, 0] - grid[-1, -1], grid[0, 0] - grid[-1, 0]], axis=1)
    # A whole factor: OpenCV averages k × k blocks several times faster than fractional ones.
    factor = max(1, round(float(sides.max()) / (size - 1)))
    limit = image.shape[1::-1]
    low = np.clip(np.floor(grid.min((0, 1))) - factor, 0, limit).astype(int)
    high = np.clip(np.ceil(grid.max((0, 1))) + 2 * factor, 0, limit).astype(int)
    if np.any(high <= low):
        return image[:0], 1, origin
    if factor == 1:
        return image, 1, origin
    part = image[low[1] : high[1], low[0] : high[0]]
    right, bottom = (int(n) for n in (low - high) % factor)
    if right or bottom:
        part = cv2.copyMakeBorder(part, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    blocks = (part.shape[1] // factor, part.shape[0] // factor)
    return cv2.resize(part, blocks, interpolation=cv2.INTER_AREA), factor, low.astype(np.float64)


def _rays(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """Pixels (N, 2) → rays (N, 3) with z = 1 in the optical frame."""
    flat = camera.undistort(np.asarray(pixels, np.float64))
    return np.concatenate([flat, np.ones((len(flat), 1))], -1)


def _facing(direction: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rotation (..., 3, 3) whose z axis is `direction` (..., 3) and whose x axis is nearest to `right` (..., 3)."""
    z = _unit(direction)
    x = _unit(right - z * (right * z).sum(-1, keepdims=True))
    (x0, x1, x2), (z0, z1, z2) = np.moveaxis(x, -1, 0), np.moveaxis(z, -1, 0)
    y = np.stack([z1 * x2 - z2 * x1, z2 * x0 - z0 * x2, z0 * x1 - z1 * x0], -1)  # np.cross is far slower
    return np.stack([x, y, z], -1)


def _rolled(angle: np.ndarray | float) -> np.ndarray:
    """(...,) rad → (..., 3, 3), about z."""
    rotation = np.zeros((*np.shape(angle), 3, 3))
    rotation[..., 0, 0] = rotation[..., 1, 1] = np.cos(angle)
    rotation[..., 1, 0] = np.sin(angle)
    rotation[..., 0, 1] = -rotation[..., 1, 0]
    rotation[..., 2, 2] = 1
    return rotation


def _onto(rotation: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Real optical (..., 3) → x/z, y/z of the turned frame (..., 2)."""
    turned = np.asarray(points, np.float64) @ rotation
    return turned[..., :2] / np.maximum(turned[..., 2:], 1e-6)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _bounded(half_extent: float) -> float:
    return float(np.clip(half_extent, 1e-4, _MAX_HALF_EXTENT))
