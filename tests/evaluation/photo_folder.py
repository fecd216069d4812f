"""A folder of photos and labels as ../shared/data has them, small."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_photos(folder: Path, count: int, split: str = "test") -> np.ndarray:
    """Grey pictures of 160×120 px with random landmarks (count, 468, 3) inside."""
    (folder / "images").mkdir(parents=True)
    names = [f"p{i}" for i in range(count)]
    for i, name in enumerate(names):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), np.full((120, 160, 3), 40 + 20 * i, np.uint8))
    (folder / "split.csv").write_text("id,split,file\n" + "".join(f"{n},{split},{n}.png\n" for n in names))
    landmarks = np.random.default_rng(0).uniform(10, 100, (count, 468, 3)).astype(np.float32)
    np.savez(folder / "mediapipe468.npz", ids=np.array(names), landmarks=landmarks)
    return landmarks
