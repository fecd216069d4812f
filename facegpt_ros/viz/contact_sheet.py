"""Many pictures on one, to look at a whole set at once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from facegpt_ros.errors import ImageError


def contact_sheet(images: Sequence[np.ndarray], columns: int = 8, *, gap: int = 2) -> np.ndarray:
    """Lay pictures out in rows, left to right.

    Args:
        images: (H, W, 3) uint8 each; the others are scaled to the first one's size.
        columns: pictures a row, at least 1; fewer pictures make a narrower sheet.
        gap: between pictures, px, black.

    Returns:
        (rows * (H + gap) - gap, columns * (W + gap) - gap, 3) uint8, in the pictures' channel order.

    Raises:
        ImageError: no picture, or one of another type or shape.
    """
    if not images or columns < 1:
        raise ImageError(f"a contact sheet of {len(images)} pictures in {columns} columns; give at least one of each")
    for number, image in enumerate(images):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ImageError(f"picture {number} is {image.shape} {image.dtype}; give (H, W, 3) uint8")
    height, width = images[0].shape[:2]
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    for number, image in enumerate(images):
        if image.shape[:2] != (height, width):
            shrinks = image.shape[0] > height
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        y, x = (number // columns) * (height + gap), (number % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = image
    return sheet
