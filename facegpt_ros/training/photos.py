"""Real photos with pseudo landmarks (MediaPipe Face Mesh): crops for training and validation.

A folder holds images/, split.csv (columns id, split, file, ...) and mediapipe468.npz (ids, landmarks (N, 468, 3) px).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE, IBUG68_MIRROR
from facegpt_ros.training.augment import degrade
from facegpt_ros.training.framing import Framing, jitter, standard_framing, to_crop_units
from facegpt_ros.training.occluders import occlude

LONGEST_SIDE = 288  # px kept in memory; a crop needs no more
ASSUMED_FOV_DEG = 60.0  # config camera.assumed_fov_deg: what the node assumes of a photo without calibration


class PhotoSample(NamedTuple):
    """A crop (S, S, 3) uint8 BGR, landmarks (68, 2) in crop units, half extent h, and whether it has colour."""

    crop: np.ndarray
    landmarks: np.ndarray
    half_extent: float
    is_colour: bool


class Photos:
    """Decoded photos of one split, in memory.

    Args:
        folders: each with images/, split.csv and mediapipe468.npz.
        split: "train", "val" or "test".

    Raises:
        ConfigError: a folder lacks a file, or holds no photo of the split.
    """

    def __init__(self, folders: Sequence[str | Path], split: str) -> None:
        self.names: list[str] = []
        self.images: list[np.ndarray] = []
        self.grey: list[bool] = []
        landmarks = []
        for folder in map(Path, folders):
            before = len(self.names)
            try:
                with open(folder / "split.csv", newline="") as file:
                    rows = [row for row in csv.DictReader(file) if row["split"] == split]
                with np.load(folder / "mediapipe468.npz") as data:
                    known = dict(zip(data["ids"].tolist(), data["landmarks"].astype(np.float32), strict=True))
            except (OSError, KeyError) as error:
                raise ConfigError(
                    f"{folder} is no photo folder ({error}); it needs split.csv and mediapipe468.npz"
                ) from error
            for row in rows:
                image = cv2.imread(str(folder / "images" / row["file"]), cv2.IMREAD_COLOR)
                if image is None or row["id"] not in known:
                    continue
                factor = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
                if factor < 1:
                    image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
                points = known[row["id"]][list(IBUG68_FROM_MEDIAPIPE), :2]
                landmarks.append((points + 0.5) * factor - 0.5)
                self.images.append(image)
                self.grey.append(row.get("gray") == "1")
                self.names.append(f"{folder.name}/{row['id']}")
            if len(self.names) == before:
                raise ConfigError(f"{folder}: no readable photo of split '{split}'")
        self.landmarks = np.array(landmarks, np.float32).reshape(-1, 68, 2)  # px of self.images
        self._framing = standard_framing(self.landmarks) if landmarks else None

    def __len__(self) -> int:
        return len(self.images)

    def plain(self, index: int, size: int) -> PhotoSample:
        """The crop that the tracker would cut, under the field of view that the node assumes."""
        assert self._framing is not None
        framing = Framing(*(part[index : index + 1] for part in self._framing))
        return self._cut(index, framing, size, ASSUMED_FOV_DEG, cv2.BORDER_CONSTANT)

    def sample(self, index: int, rng: np.random.Generator, size: int) -> PhotoSample:
        """The same photo as another camera might have seen it: framing, mirror, optics, light, things in front."""
        assert self._framing is not None
        centre, half, roll = (part[index : index + 1].copy() for part in self._framing)
        shift, factor, turn = jitter(rng, 1)
        centre += shift * half[:, None]
        # Portraits may come from any lens; the node will assume 60 degrees, so the fit has to hold there too.
        fov = float(rng.uniform(15, 45) if rng.random() < 0.5 else rng.uniform(45, 70))
        border = cv2.BORDER_CONSTANT if rng.random() < 0.7 else cv2.BORDER_REPLICATE
        stretch = float(np.exp(rng.normal(0, 0.015)))
        crop, landmarks, h, is_colour = self._cut(
            index, Framing(centre, half * factor, roll + turn), size, fov, border, stretch
        )
        if rng.random() < 0.5:
            crop, landmarks = mirrored(crop, landmarks)
        crop = np.ascontiguousarray(crop)
        occlude(crop, landmarks, rng, 0.22)
        return PhotoSample(degrade(crop, rng, 0.8), landmarks, h, is_colour)

    def _cut(
        self, index: int, framing: Framing, size: int, fov_deg: float, border: int, stretch: float = 1.0
    ) -> PhotoSample:
        image = self.images[index]
        half, roll = float(framing.half[0]), float(framing.roll[0])
        pixel = 2 * half / size  # image px per crop px
        axes = pixel * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        axes[:, 0] *= stretch
        if pixel > 1.5:  # more than bilinear sampling can take without aliasing
            image = cv2.GaussianBlur(image, (0, 0), 0.35 * pixel)
        origin = framing.centre[0] - axes @ [(size - 1) / 2, (size - 1) / 2]
        affine = np.concatenate([axes, origin[:, None]], 1)
        crop = cv2.warpAffine(
            image, affine, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border
        )
        landmarks = to_crop_units(self.landmarks[index : index + 1], framing)[0]
        landmarks[:, 0] /= stretch
        focal = 0.5 * max(image.shape[:2]) / np.tan(np.radians(fov_deg) / 2)
        return PhotoSample(crop, landmarks.astype(np.float32), half / focal, not self.grey[index])

    def background_corners(self, count: int = 200) -> list[np.ndarray]:
        """Pieces of the upper corners, clear of the head: what real rooms and studios look like."""
        corners = []
        for image, points in zip(self.images, self.landmarks, strict=True):
            low, high = points.min(0), points.max(0)
            wide = high[0] - low[0]
            left, right = int(low[0] - 0.3 * wide), int(high[0] + 0.3 * wide)
            bottom = int(min(high[1], image.shape[0]))
            for piece in (image[:bottom, : max(left, 0)], image[:bottom, right:]):
                if min(piece.shape[:2]) >= 24:
                    corners.append(np.ascontiguousarray(piece))
        step = max(1, len(corners) // count)
        return corners[::step][:count]


def mirrored(crop: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right swapped, landmarks (68, 2) renamed accordingly."""
    return crop[:, ::-1], (landmarks * np.array([-1, 1], landmarks.dtype))[list(IBUG68_MIRROR)]
