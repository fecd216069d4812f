"""Photographs with pseudo landmarks, one split of a folder."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.morphable.landmarks import FACE_OVAL_MEDIAPIPE, IBUG68_FROM_MEDIAPIPE


def photos(folder: Path, split: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Id, image (H, W, 3) uint8 BGR and landmarks (68, 2) px of every photo of a split.

    Args:
        folder: with images/, split.csv (id, split, file, ...) and mediapipe468.npz (ids, landmarks (N, 468, 3) px).

    Raises:
        ConfigError: the folder lacks a file, or an image cannot be read.
    """
    rows, known = _read(folder, split)
    for row in rows:
        image = cv2.imread(str(folder / "images" / row["file"]), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigError(f"{folder / 'images' / row['file']}: no image can be read there; copy the folder again")
        yield row["id"], image, known[row["id"]][list(IBUG68_FROM_MEDIAPIPE), :2].astype(np.float64)


def labels(folder: Path, split: str) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """MediaPipe's landmarks (N, 468, 2) px, float64, and (width, height) of every photo of a split, images unread.

    Raises:
        ConfigError: the folder lacks a file, or split.csv lacks the columns width and height.
    """
    rows, known = _read(folder, split)
    try:
        sizes = [(int(row["width"]), int(row["height"])) for row in rows]
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{folder / 'split.csv'}: no width or height in px ({error}); add both columns") from error
    return np.array([known[row["id"]][:, :2] for row in rows], np.float64).reshape(-1, 468, 2), sizes


def outlines(folder: Path, split: str) -> np.ndarray:
    """The oval of every face of a split (N, 36, 2) px, in the order of photos. Raises ConfigError as that does."""
    rows, known = _read(folder, split)
    oval = list(FACE_OVAL_MEDIAPIPE)
    return np.array([known[row["id"]][oval, :2] for row in rows], np.float64).reshape(-1, len(oval), 2)


def _read(folder: Path, split: str) -> tuple[list[dict[str, str]], dict[str, np.ndarray]]:
    """Rows of split.csv of a split, and the landmarks of every id."""
    try:
        with np.load(folder / "mediapipe468.npz") as data:
            known = dict(zip(data["ids"].tolist(), data["landmarks"], strict=True))
        with open(folder / "split.csv", newline="") as file:
            return [row for row in csv.DictReader(file) if row["split"] == split], known
    except (OSError, KeyError) as error:
        raise ConfigError(f"{folder} is no photo folder ({error}); give --data the folder that holds it") from error
