"""Pictures that come with stamps, as a video of even rate and one still."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ImageError

# A longer pause than this is cut out instead of filled with still images.
_LONGEST_PAUSE_S = 0.5


class Recording:
    """Writes NAME.mp4 and NAME.png.

    Args:
        path: without suffix; its folder is made.
        fps: of the video, Hz.
        fill: where stamps leave a gap, repeat the picture before it; else every picture is one frame.
    """

    def __init__(self, path: Path, fps: float, *, fill: bool = True) -> None:
        self.video, self.picture = path.with_suffix(".mp4"), path.with_suffix(".png")
        self.frames = 0
        self._fps = fps
        self._fill = fill
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._last: tuple[float, np.ndarray] | None = None
        self._best: tuple[float, np.ndarray] | None = None
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, stamp_s: float, image: np.ndarray, score: float = 0.0) -> None:
        """One picture (H, W, 3) uint8 BGR; the one with the highest score becomes the still.

        Raises:
            ImageError: OpenCV cannot write the video.
        """
        height, width = image.shape[:2]
        if self._writer is None:
            self._size = (width, height)
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self.video), codec, self._fps, self._size)
            if not self._writer.isOpened():
                raise ImageError(f"{self.video}: OpenCV cannot write an .mp4 here; check the folder and its free space")
        if (width, height) != self._size:
            image = cv2.resize(image, self._size)
        copies = 1
        if self._fill and self._last is not None:
            gap = stamp_s - self._last[0]
            if 0 < gap < _LONGEST_PAUSE_S:
                copies = max(1, round(gap * self._fps))
            for _ in range(copies - 1):
                self._write(self._last[1])
        self._write(image)
        self._last = (stamp_s, image)
        if self._best is None or score > self._best[0]:
            self._best = (score, image)

    def close(self) -> list[Path]:
        """Finishes the files; those that were written (none where nothing was added)."""
        if self._writer is None or self._best is None:
            return []
        self._writer.release()
        cv2.imwrite(str(self.picture), self._best[1])
        return [self.video, self.picture]

    def _write(self, image: np.ndarray) -> None:
        assert self._writer is not None
        self._writer.write(image)
        self.frames += 1
