"""Renders kept as photos: a folder as training reads it, where there are no photos of people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.synthetic import Synthesizer

SIDE = 160  # px


def write_rendered_photos(folder: Path, model: MorphableModel, count: int, seed: int) -> Path:
    """Pictures of about count people with their true landmarks, all of the split "train"; returns the folder."""
    (folder / "images").mkdir(parents=True)
    drawn = Synthesizer(model, Backgrounds(seed), seed).batch(np.random.default_rng(seed), count, SIDE)
    shown = np.flatnonzero(drawn.theta[:, -1] > 0.5)  # some show nobody
    rows, landmarks = ["id,split,file"], np.zeros((len(shown), 468, 3), np.float32)
    for at, i in enumerate(shown):
        cv2.imwrite(str(folder / "images" / f"p{i}.png"), drawn.crops[i])
        rows.append(f"p{i},train,p{i}.png")
        landmarks[at, list(IBUG68_FROM_MEDIAPIPE), :2] = (drawn.landmarks[i] + 1) / 2 * SIDE - 0.5
    (folder / "split.csv").write_text("\n".join(rows) + "\n")
    np.savez(folder / "mediapipe468.npz", ids=np.array([f"p{i}" for i in shown]), landmarks=landmarks)
    return folder
