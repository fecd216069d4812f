"""Solid things drawn over a crop: rounded by a light from one side, with a shadow on what lies behind them."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.training.augment import crop_noise


def lay(
    crop: np.ndarray,
    mask: np.ndarray,
    colour: np.ndarray,
    rng: np.random.Generator,
    thickness: float,
    roundness: float = 0.35,
) -> None:
    """Draws a body over the crop, in place.

    Args:
        crop: (S, S, 3) uint8 BGR.
        mask: (S, S) uint8, 255 where the body is, antialiased at its edge.
        colour: (3,) BGR 0..255, or (S, S, 3) a texture.
        rng: draws light and shadow.
        thickness: px: how far its edge is round, and how far its shadow falls.
        roundness: 0..1, how much darker or brighter its sides are; 0 is flat.
    """
    reach = int(np.ceil(2.5 * thickness)) + 1
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return
    part = (slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach))
    under, mask = crop[part], mask[part]
    colour = colour[part] if np.ndim(colour) == 3 else colour
    angle = rng.uniform(0, 2 * np.pi)
    towards = np.array([np.cos(angle), np.sin(angle)])  # where the light comes from, in the picture
    side = 2 * int(1.5 * thickness) + 3
    soft = cv2.stackBlur(mask, (side, side))
    if rng.random() < 0.7:
        shift = -towards * thickness * rng.uniform(0.3, 1.6)
        fallen = cv2.warpAffine(soft, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), soft.shape[::-1])
        kept = 1 - np.float32(rng.uniform(0.1, 0.6) / 255) * fallen
        under[:] = cv2.multiply(under, cv2.merge([kept] * 3), dtype=cv2.CV_8U)
    slope = cv2.Sobel(soft, cv2.CV_32F, 1, 0) * towards[0] + cv2.Sobel(soft, cv2.CV_32F, 0, 1) * towards[1]
    steepest = max(float(np.abs(slope).max()), 1e-6)
    light = np.float32(1 - 1.4 * roundness) + soft * np.float32(1.4 * roundness / 255)
    light -= slope * np.float32(roundness / steepest)
    body = cv2.merge([light] * 3) * np.asarray(colour, np.float32)
    weight = cv2.merge([mask] * 3) * np.float32(1 / 255)
    body -= under
    body *= weight
    under[:] = cv2.add(under, body, dtype=cv2.CV_8U)


def empty_mask(crop: np.ndarray) -> np.ndarray:
    """A mask (S, S) uint8 with nothing in it."""
    return np.zeros(crop.shape[:2], np.uint8)


def strands(crop: np.ndarray, along: np.ndarray, rng: np.random.Generator, strength: float = 0.25) -> np.ndarray:
    """Streaks of hair or cloth along a direction (2,): a factor (S, S, 1) float32 around 1."""
    size = crop.shape[0]
    angle = np.degrees(np.arctan2(along[1], along[0])) + rng.normal(0, 8)
    noise = crop_noise(rng, (1, size)) + 0.5 * crop_noise(rng, (16, size))
    streaks = cv2.resize(noise, (size, 2 * size), interpolation=cv2.INTER_LINEAR)[size // 2 : size // 2 + size]
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), 90 - float(angle), 1.5)
    turned = cv2.warpAffine(streaks, turn, (size, size), borderMode=cv2.BORDER_REFLECT)
    return (1 + np.float32(strength) * turned).clip(0.4, 1.7)[..., None]
