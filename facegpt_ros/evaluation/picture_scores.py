"""How near a drawn face comes to its photo, in the skin that the photo's labels and colours allow."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from facegpt_ros.errors import ImageError

_WINDOW, _SIGMA = 11, 1.5  # of SSIM, px
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_LEAST = 50  # px that both masks share; fewer say nothing


@dataclass
class PictureScores:
    """Figures of one set; lists hold one entry a drawn face.

    Attributes:
        psnr: dB, of the drawing; flat: of the skin's own mean colour instead, which any drawing must beat.
        ssim: structural similarity.
        covered: share of the photo's skin that the drawing covers.
    """

    psnr: list[float] = field(default_factory=list)
    flat: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)

    def add(self, image_bgr: np.ndarray, skin: np.ndarray, drawing: np.ndarray, drawn: np.ndarray) -> None:
        """One photo.

        Args:
            image_bgr: (H, W, 3) uint8, the photo; skin: (H, W) bool, where it shows skin (skin.skin_mask).
            drawing: (H, W, 3) BGR 0..255, not clipped; drawn: (H, W) bool, where it is (fit_sheet.draw_skin).
        """
        both = skin & drawn
        self.covered.append(float(both.sum() / max(skin.sum(), 1)))
        if both.sum() < _LEAST:
            return
        clipped = drawing.clip(0, 255)
        self.psnr.append(psnr(image_bgr[both], clipped[both]))
        self.flat.append(psnr(image_bgr[both], np.broadcast_to(image_bgr[both].mean(0), (int(both.sum()), 3))))
        self.ssim.append(masked_ssim(image_bgr, clipped, both))

    def as_json(self) -> dict:
        """`psnr_db` and `ssim`, means over photos, and what tells how much they mean."""
        if not self.psnr:
            return {}
        return {
            "psnr_db": float(np.mean(self.psnr)),
            "psnr_db_p10": float(np.quantile(self.psnr, 0.1)),
            "psnr_db_mean_colour": float(np.mean(self.flat)),
            "ssim": float(np.mean(self.ssim)),
            "skin_covered": float(np.mean(self.covered)),
        }


def psnr(photo: np.ndarray, drawing: np.ndarray) -> float:
    """Peak signal to noise ratio in dB of values 0..255 of any shape; at most 108 for equal ones."""
    mse = float(((drawing.astype(np.float64) - photo) ** 2).mean())
    return 10 * float(np.log10(255**2 / max(mse, 1e-6)))


def masked_ssim(first_bgr: np.ndarray, second_bgr: np.ndarray, mask: np.ndarray) -> float:
    """Mean structural similarity (Wang et al., 2004) of the grey values inside a mask, -1..1.

    The Gaussian windows (11 px, σ 1.5) are cut to the mask, so that what lies outside counts nowhere.

    Args:
        first_bgr, second_bgr: (H, W, 3), 0..255.
        mask: (H, W) bool, some of it true.

    Raises:
        ImageError: sizes differ, or the mask is empty.
    """
    if first_bgr.shape != second_bgr.shape or first_bgr.shape[:2] != mask.shape or not mask.any():
        raise ImageError(
            f"pictures are {first_bgr.shape} and {second_bgr.shape}, the mask {mask.shape} with {int(mask.sum())} px; "
            "give pictures of one size and a mask that is not empty"
        )
    return float(ssim_map(first_bgr, second_bgr, mask)[mask].mean())


def ssim_map(first_bgr: np.ndarray, second_bgr: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Structural similarity (H, W) by pixel, of no meaning outside the mask; arguments as for masked_ssim."""
    weight = mask.astype(np.float64)
    a, b = (weight * (p.astype(np.float64) @ (0.114, 0.587, 0.299)) for p in (first_bgr, second_bgr))
    share = np.maximum(_blurred(weight), 1e-9)
    mean_a, mean_b = _blurred(a) / share, _blurred(b) / share
    var_a = _blurred(a * a) / share - mean_a**2
    var_b = _blurred(b * b) / share - mean_b**2
    cross = _blurred(a * b) / share - mean_a * mean_b
    near = (2 * mean_a * mean_b + _C1) * (2 * cross + _C2)
    far = (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    return np.asarray(near / far)


def _blurred(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_CONSTANT)
