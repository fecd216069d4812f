"""Photographs with pseudo landmarks, one split of a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE


def photos(folder: Path, split: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Id, image (H, W, 3) uint8 BGR and landmarks (68, 2) px of every photo of a split.

    Args:
        folder: with images/, split.csv (id, split, file, ...) and mediapipe468.npz (ids, landmarks (N, 468, 3) px).

    Raises:
        ConfigError: the folder lacks a file, or an image cannot be read.
    """
    try:
        with np.load(folder / "mediapipe468.npz") as data:
            known = dict(zip(data["ids"].tolist(), data["landmarks"], strict=True))
        with open(folder / "split.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == split]
    except (OSError, KeyError) as error:
        raise ConfigError(f"{folder} is no photo folder ({error}); give --data the folder that holds it") from error
    for row in rows:
        image = cv2.imread(str(folder / "images" / row["file"]), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{folder / 'images' / row['file']}: no image can be read there; copy the folder again")
        yield row["id"], image, known[row["id"]][list(IBUG68_FROM_MEDIAPIPE), :2].astype(np.float64)
