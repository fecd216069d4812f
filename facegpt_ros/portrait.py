"""A portrait set in motion: a video with a face that moves, turns in the plane, comes and goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ImageError

#: Where the face is in the manifest's portrait `astronaut`, px.
PORTRAIT_CENTRE, PORTRAIT_FACE = (224.0, 112.0), 120.0


def moving_portrait(
    portrait: np.ndarray,
    centre: tuple[float, float],
    face_px: float,
    *,
    size: tuple[int, int] = (640, 480),
    seconds: float = 8.0,
    fps: float = 30.0,
) -> Iterator[np.ndarray]:
    """Images of a camera that sways before a portrait.

    Args:
        portrait: (H, W, 3) uint8 BGR.
        centre: of the face in it, px.
        face_px: height of the face in it, px.
        size: width and height of the images, px.

    Yields:
        (height, width, 3) uint8 BGR.
    """
    width, height = size
    for index in range(round(seconds * fps)):
        turn = 2 * math.pi * index / (seconds * fps)  # one whole round, so that it loops
        scale = height / face_px * (0.42 + 0.12 * math.sin(2 * turn))  # the face over the image's height
        roll = 14 * math.sin(3 * turn)
        sway = np.array([0.16 * width * math.sin(turn), 0.07 * height * math.sin(2 * turn + 1)])
        matrix = cv2.getRotationMatrix2D(centre, roll, scale)  # (2, 3)
        matrix[:, 2] += (width / 2, height / 2) + sway - centre
        yield cv2.warpAffine(portrait, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def write_video(images: Iterator[np.ndarray], path: Path, fps: float) -> None:
    """Motion JPEG in an .avi, which every OpenCV reads and writes.

    Raises:
        ImageError: it cannot be written.
    """
    writer = None
    for image in images:
        if writer is None:
            codec = cv2.VideoWriter.fourcc(*"MJPG")
            writer = cv2.VideoWriter(str(path), codec, fps, (image.shape[1], image.shape[0]))
            if not writer.isOpened():
                raise ImageError(f"{path}: OpenCV cannot write an .avi here; check the folder and its free space")
        writer.write(image)
    if writer is not None:
        writer.release()
