"""Photos from files, upright and whole."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ImageError

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside coded data only 00 and the restarts follow FF
_END_OF_IMAGE = 0xD9


def read_photo(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 BGR; turned upright by its EXIF orientation, alpha dropped, 16 bits scaled to 8.

    Raises:
        ImageError: missing, a folder, empty, cut off, or no picture that OpenCV reads.
    """
    return decode_photo(photo_bytes(path), path)


def photo_bytes(path: Path) -> bytes:
    """What the file holds. Raises ImageError: missing, a folder or empty."""
    if path.is_dir():
        raise ImageError(f"{path}: a folder; name the images in it, such as {path}/*.jpg")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    if not data:
        raise ImageError(f"{path}: the file is empty; copy it again")
    return data


def decode_photo(data: bytes, path: Path) -> np.ndarray:
    """As read_photo, of what photo_bytes gave for this path. Raises ImageError: cut off, or no picture."""
    # OpenCV decodes a JPEG that was cut off to grey rows with no more than a warning.
    if (data[:2] == b"\xff\xd8" and not _jpeg_ends(data)) or (data[:4] == b"\x89PNG" and b"IEND" not in data):
        raise ImageError(f"{path}: cut off before its end ({len(data)} bytes); copy or download it again")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError(f"{path}: OpenCV cannot decode it ({error.err}); save it as a JPEG or PNG") from error
    if image is None:
        raise ImageError(f"{path}: no picture that OpenCV reads; save it as a JPEG or PNG")
    return image


def _jpeg_ends(data: bytes) -> bool:
    """Whether an end marker follows the coded data; more may follow it, and a thumbnail in the header has its own."""
    at = 2
    while (marker := _NEXT_MARKER.search(data, at)) is not None:
        kind = data[marker.start() + 1]
        if kind == _END_OF_IMAGE:
            return True
        length = int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        at = marker.end() + max(2, length)
    return False
