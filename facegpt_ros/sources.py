"""Images from a webcam, a video file or a folder, one after the other; without importing ROS."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from facegpt_ros.config import SourceConfig
from facegpt_ros.errors import ConfigError

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class Source(Protocol):
    """A sequence of images.

    Attributes:
        fps: its own rate, or what the parameters say where it has none.
        live: True for a webcam, which has no end and sets its own pace.
    """

    fps: float
    live: bool

    def read(self) -> np.ndarray | None:
        """The next image, (H, W, 3) uint8 BGR; None at the end."""

    def rewind(self) -> None:
        """The next read gives the first image again."""

    def close(self) -> None:
        """Frees the device or file."""


def open_source(config: SourceConfig) -> Source:
    """What source.uri names.

    Raises:
        ConfigError: nothing there, no image in the folder, not a video, or no such webcam.
    """
    if config.uri.isdigit():
        return _Webcam(int(config.uri), config)
    try:
        path = Path(config.uri).expanduser()
        if path.is_dir():
            return _Folder(path, config.fps)
        there = path.is_file()
    except (OSError, RuntimeError) as error:  # not to be read, no name that a file can have, or nobody's home
        raise ConfigError(f"source.uri is {config.uri[:200]!r}: cannot be read ({str(error)[:200]})") from error
    if not there:
        raise ConfigError(f"source.uri is {config.uri!r}: no such file or folder, and not a webcam's number")
    return _Video(path, config.fps)


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """At width × height px; 0 keeps the image's own, or its shape where the other is given."""
    if not width and not height:
        return image
    given_height, given_width = image.shape[:2]
    width = width or round(given_width * height / given_height)
    height = height or round(given_height * width / given_width)
    if (given_width, given_height) == (width, height):
        return image
    shrinks = width < given_width
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


class _Video:
    live = False

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise ConfigError(f"source.uri is {str(path)!r}: OpenCV cannot read it as a video")
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or fps

    def read(self) -> np.ndarray | None:
        good, image = self._capture.read()
        return image if good else None

    def rewind(self) -> None:
        # Seeking to 0 is not exact with every container; opening again is.
        self._capture.release()
        self._capture = cv2.VideoCapture(str(self._path))

    def close(self) -> None:
        self._capture.release()


class _Folder:
    live = False

    def __init__(self, path: Path, fps: float) -> None:
        self._paths = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        self._next = 0
        self.fps = fps
        if not self._paths:
            raise ConfigError(f"source.uri is {str(path)!r}: no image ({', '.join(IMAGE_SUFFIXES)}) in this folder")

    def read(self) -> np.ndarray | None:
        while self._next < len(self._paths):
            self._next += 1
            image = cv2.imread(str(self._paths[self._next - 1]), cv2.IMREAD_COLOR)
            if image is not None:  # a file that is no image is passed over
                return image
        return None

    def rewind(self) -> None:
        self._next = 0

    def close(self) -> None:
        pass


class _Webcam:
    live = True

    def __init__(self, number: int, config: SourceConfig) -> None:
        self.fps = config.fps
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            found = ", ".join(sorted(str(p) for p in Path("/dev").glob("video*"))) or "none"
            raise ConfigError(
                f"source.uri is {str(number)!r}: no webcam opens under this number (devices: {found}); give another "
                "number, a video file or a folder of images"
            )
        # The newest image, not the oldest of a queue.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture.set(cv2.CAP_PROP_FPS, config.fps)
        if config.width and config.height:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)

    def read(self) -> np.ndarray | None:
        good, image = self._capture.read()
        return image if good else None

    def rewind(self) -> None:
        pass

    def close(self) -> None:
        self._capture.release()
