"""Which pixels of a photo show skin: by their colour, compared with that of the middle of the face."""

from __future__ import annotations

import cv2
import numpy as np

_SPREAD = 3.0  # Mahalanobis distance at which a pixel stops to count as skin
_FLOOR = np.array([14.0, 3.0, 3.0])  # standard deviations of Y, Cr, Cb that skin has at least: light falls off


def skin_trust(image_bgr: np.ndarray, face: np.ndarray) -> np.ndarray:
    """How sure each pixel is to show skin, (H, W) float32 0..1; 0 outside the face.

    The skin of a face is most of what the middle of the face shows, so its median colour and spread are those of skin;
    hair, brows, beards, glasses and highlights lie away from them.

    Args:
        image_bgr: (H, W, 3) uint8.
        face: (H, W) bool, where the face is; without eyes and mouth.
    """
    out = np.zeros(face.shape, np.float32)
    if face.sum() < 16:
        return out
    colours = cv2.cvtColor(cv2.GaussianBlur(image_bgr, (0, 0), 0.8), cv2.COLOR_BGR2YCrCb)[face].astype(np.float64)
    centre = np.median(colours, 0)
    spread = np.maximum(1.4826 * np.median(np.abs(colours - centre), 0), _FLOOR)
    far = np.sqrt((((colours - centre) / spread) ** 2).sum(1))
    out[face] = np.clip(_SPREAD - far, 0, 1) ** 0.5
    return out
