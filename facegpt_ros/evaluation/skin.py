"""Where a photo shows skin, whatever a fit says."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.morphable.skin import skin_trust

#: iBUG points around what is no skin: both eyes, the inside of the lips.
_HOLES = (range(36, 42), range(42, 48), range(60, 68))
_EYE_RIM = 0.04  # of the outer-eye distance, around each eye: lashes


def skin_mask(image_bgr: np.ndarray, oval: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Skin (H, W) bool of a photo, from its labels and colours alone: no fit can choose its own.

    Args:
        image_bgr: (H, W, 3) uint8.
        oval: (36, 2) px, the face's outline; landmarks: (68, 2) px.
    """
    mask = np.zeros(image_bgr.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(oval).astype(np.int32)], 1)
    rim = max(1, round(_EYE_RIM * float(np.linalg.norm(landmarks[45] - landmarks[36]))))
    for hole in _HOLES:
        outline = np.rint(landmarks[list(hole)]).astype(np.int32)
        cv2.fillPoly(mask, [outline], 0)
        cv2.polylines(mask, [outline], True, 0, 2 * rim + 1)
    return np.asarray(skin_trust(image_bgr, mask > 0) > 0)
