"""What cameras, compression and light do to a crop: applied alike to renders and photos.

Every function takes and returns one crop (S, S, 3) uint8 BGR and draws from the given generator, so a sample depends on
its seed alone. Each is a fraction of a millisecond at 128²: the producer shares two cores with the training itself.
"""

from __future__ import annotations

import cv2
import numpy as np

_NOISE = (
    np.random.default_rng(20260).standard_normal(1 << 20).astype(np.float32)
)  # drawing fresh noise would cost 0.5 ms


def crop_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal noise float32 out of a fixed bank, at a random place."""
    count = int(np.prod(shape))
    start = int(rng.integers(0, len(_NOISE) - count))
    return _NOISE[start : start + count].reshape(shape)


def colour(crop: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Exposure, contrast, gamma, white balance and saturation; grey for one crop in twelve."""
    table = np.arange(256, dtype=np.float32)[:, None] / 255
    gamma = np.exp(rng.normal(0, 0.18 * strength))
    gain = np.exp(rng.normal(0, 0.12 * strength) + rng.normal(0, 0.07 * strength, 3))
    shift = rng.normal(0, 0.04 * strength)
    contrast = np.exp(rng.normal(0, 0.15 * strength))
    table = (np.power(table, gamma) - 0.45) * contrast + 0.45
    table = np.clip(table * gain + shift, 0, 1) * 255
    crop = cv2.LUT(crop, np.ascontiguousarray(table.astype(np.uint8).reshape(1, 256, 3)))
    if rng.random() < 1 / 12:
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.4:
        keep = float(rng.uniform(0.3, 1.35))
        grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        crop = cv2.addWeighted(crop, keep, grey, 1 - keep, 0)
    return crop


def blur(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Defocus, or motion along a random line; up to about 3 % of the crop."""
    size = crop.shape[0]
    if rng.random() < 0.6:
        sigma = float(abs(rng.normal(0, 0.009)) * size + 0.2)
        return cv2.GaussianBlur(crop, (0, 0), min(sigma, 0.025 * size))
    length = int(max(3, rng.uniform(0.015, 0.07) * size)) | 1
    angle = rng.uniform(0, np.pi)
    kernel = np.zeros((length, length), np.float32)
    half = length // 2
    dx, dy = half * np.cos(angle), half * np.sin(angle)
    cv2.line(kernel, (round(half - dx), round(half - dy)), (round(half + dx), round(half + dy)), 1.0, 1, cv2.LINE_AA)
    return cv2.filter2D(crop, -1, kernel / kernel.sum())


def shrink(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A face that was small in its image: down to 24-80 % of the crop's pixels and up again."""
    size = crop.shape[0]
    small = max(20, int(size * rng.uniform(0.24, 0.8)))
    down = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
    how = cv2.INTER_LINEAR if rng.random() < 0.8 else cv2.INTER_CUBIC
    return cv2.resize(down, (size, size), interpolation=how)


def noise(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise, sometimes coarse (denoised by the camera) and sometimes without colour."""
    size = crop.shape[0]
    sigma = float(abs(rng.normal(0, 7)) + 1)
    if rng.random() < 0.3:
        half = size // 2
        grain = cv2.resize(crop_noise(rng, (half, half, 3)), (size, size)) * sigma
    elif rng.random() < 0.4:
        grain = np.repeat(crop_noise(rng, (size, size, 1)) * sigma, 3, 2)
    else:
        grain = crop_noise(rng, crop.shape) * sigma
    return cv2.add(crop, grain, dtype=cv2.CV_8U)


def jpeg(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compression at quality 15-90."""
    quality = int(rng.uniform(15, 90))
    ok, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if ok else crop


def shade(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cast shadow or a bright patch with a soft straight edge, or a vignette."""
    size = crop.shape[0]
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    if rng.random() < 0.35:
        radius = axis[:, None] ** 2 + axis[None] ** 2
        mask = 1 - np.float32(rng.uniform(0.1, 0.35)) * radius
    else:
        angle = rng.uniform(0, 2 * np.pi)
        line = np.float32(np.cos(angle)) * axis[None] + np.float32(np.sin(angle)) * axis[:, None]
        edge = 1 / (1 + np.exp(-(line - np.float32(rng.uniform(-0.5, 0.5))) * np.float32(rng.uniform(3, 40))))
        mask = 1 + np.float32(rng.uniform(-0.6, 0.35)) * edge
    return cv2.multiply(crop, np.repeat(mask[..., None], 3, 2), dtype=cv2.CV_8U)


def image_edge(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The crop reaches beyond its image: black there, as perception/crop.py fills it."""
    size = crop.shape[0]
    crop = np.ascontiguousarray(np.rot90(crop, int(turn := rng.integers(0, 4))))
    depth = int(size * min(0.45, abs(rng.normal(0, 0.18))))
    slope = rng.normal(0, 0.12) * size  # the crop is roll-aligned, its image need not be
    corners = np.array([[-1, -1], [size, -1], [size, depth + slope], [-1, depth - slope]], np.float32)
    cv2.fillConvexPoly(crop, np.round(corners).astype(np.int32), (0, 0, 0))
    return np.ascontiguousarray(np.rot90(crop, -int(turn)))


def degrade(crop: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """The whole chain of a camera: light, optics, sensor, size, compression, each with its probability."""
    if rng.random() < 0.25 * strength:
        crop = shade(crop, rng)
    if rng.random() < 0.85:
        crop = colour(crop, rng, strength)
    if rng.random() < 0.35 * strength:
        crop = blur(crop, rng)
    if rng.random() < 0.25 * strength:
        crop = shrink(crop, rng)
    if rng.random() < 0.45 * strength:
        crop = noise(crop, rng)
    if rng.random() < 0.3 * strength:
        crop = jpeg(crop, rng)
    if rng.random() < 0.06:
        crop = image_edge(crop, rng)
    return crop
