"""Train photographs as textures: geometry fitted to their landmarks, colours looked up where the mesh shows them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.fit_landmarks import LandmarkFitter
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.albedo.chart import Chart
from facegpt_ros.training.albedo.unwrap import Unwrapper

_FOV_DEG = 25.0  # portraits are taken from afar
_WORST_FIT = 0.05  # of the outer-eye distance; beyond it the labels are of something else
_FEW = 8  # photos, of which no skin can be learnt


@dataclass(frozen=True)
class PhotoTextures:
    """N photos on a chart of n texels.

    Attributes:
        colour: (N, n, 3) uint8 RGB with the photo's light; weight: (N, n) uint8, 255 for full trust.
        normal: (N, n, 3) int8, optical frame, in 1/127.
        names: folder/id.
    """

    colour: np.ndarray
    weight: np.ndarray
    normal: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class FittedPhoto:
    """A photo file and the mesh fitted to it: optical (V, 3) m in the frame of camera."""

    name: str
    path: Path
    camera: Camera
    optical: np.ndarray


def fitted_photos(model: MorphableModel, folders: Sequence[Path], split: str) -> list[FittedPhoto]:
    """The colour photos of a split with the model fitted to their 468 landmarks.

    Args:
        folders: each with images/, split.csv (id, split, file, width, height, gray, ...) and mediapipe468.npz.

    Raises:
        ConfigError: a folder lacks a file or a column, or there are hardly any photos.
    """
    fitter = LandmarkFitter(model, "mediapipe478")
    out: list[FittedPhoto] = []
    for folder in folders:
        try:
            with open(folder / "split.csv", newline="") as file:
                rows = [row for row in csv.DictReader(file) if row["split"] == split and row["gray"] != "1"]
            with np.load(folder / "mediapipe468.npz") as data:
                known = dict(zip(data["ids"].tolist(), data["landmarks"][..., :2].astype(np.float64), strict=True))
            rows = [row for row in rows if row["id"] in known]
            cameras = [Camera.from_fov(int(row["width"]), int(row["height"]), _FOV_DEG) for row in rows]
        except (OSError, KeyError, ValueError) as error:
            raise ConfigError(
                f"{folder} is no photo folder ({error}); it needs split.csv and mediapipe468.npz"
            ) from error
        if not rows:
            continue
        fit = fitter.fit(np.stack([known[row["id"]] for row in rows]), cameras)
        shapes = model.vertices(fit.identity, fit.expression)
        for i, row in enumerate(rows):
            if fit.error[i] < _WORST_FIT:
                optical = shapes[i] @ fit.rotation[i].T + fit.translation[i]
                path = folder / "images" / row["file"]
                out.append(FittedPhoto(f"{folder.name}/{row['id']}", path, cameras[i], optical.astype(np.float32)))
    if len(out) < _FEW:
        raise ConfigError(
            f"{len(out)} usable colour photos of split '{split}' in {', '.join(map(str, folders))}; "
            f"an albedo needs {_FEW} at the very least, and hundreds to be good"
        )
    return out


def unwrapped(photos: Sequence[FittedPhoto], chart: Chart) -> PhotoTextures:
    """Looks every photo up at the chart's texels.

    Raises:
        ConfigError: an image cannot be read.
    """
    look = Unwrapper(chart.model, chart.texels, chart.chosen)
    count = len(photos)
    colour = np.empty((count, len(chart), 3), np.uint8)
    weight = np.empty((count, len(chart)), np.uint8)
    normal = np.empty((count, len(chart), 3), np.int8)
    for i, photo in enumerate(tqdm(photos, desc="unwrapping", disable=None)):
        image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{photo.path}: no image can be read there; copy the folder again")
        seen = look(image, photo.camera, photo.optical)
        colour[i] = np.rint(seen.colour * 255)
        weight[i] = np.rint(seen.weight * 255)
        normal[i] = np.rint(seen.normal * 127)
    return PhotoTextures(colour, weight, normal, tuple(photo.name for photo in photos))
