"""Contact sheets of what was evaluated."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.viz.contact_sheet import contact_sheet
from facegpt_ros.viz.overlay import draw_overlay

_TILE = 224


def face_tile(model: MorphableModel, image: np.ndarray, face: Face | None, label: str) -> np.ndarray:
    """The face and its surroundings with the mesh over it, (224, 224, 3), labelled."""
    if face is None:
        picture, label = image, "not found"
        centre, half = np.array(image.shape[1::-1]) / 2, max(image.shape[:2]) / 2
    else:
        picture = draw_overlay(image, [face], model)
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        centre, half = (low + high) / 2, 0.9 * (high - low).max()
    scale = _TILE / (2 * half)
    view = np.array([[scale, 0, _TILE / 2 - scale * centre[0]], [0, scale, _TILE / 2 - scale * centre[1]]])
    tile = cv2.warpAffine(picture, view, (_TILE, _TILE), flags=cv2.INTER_AREA)
    write_label(tile, label)
    return tile


def write_label(tile: np.ndarray, label: str) -> None:
    """In white, at the bottom left, in place."""
    where = (6, tile.shape[0] - 8)
    cv2.putText(tile, label, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)


def save_sheet(path: Path, tiles: list[np.ndarray], count: int, columns: int) -> None:
    """Writes at most so many of the tiles, evenly spread."""
    chosen = np.linspace(0, len(tiles) - 1, min(count, len(tiles))).round().astype(int)
    cv2.imwrite(str(path), contact_sheet([tiles[i] for i in chosen], columns))
