"""What stands behind rendered faces: drawn patterns and the empty corners of the train photos."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 160  # px of a stored background


class Backgrounds:
    """A fixed pool of backgrounds from which any number of crops is mixed.

    Args:
        seed: of the pool.
        corners: photo pieces (h, w, 3) uint8 BGR without a face, from photos.background_corners; may be empty.
        count: pool size; 300 take 23 MB.
    """

    def __init__(self, seed: int, corners: list[np.ndarray] | None = None, count: int = 300) -> None:
        rng = np.random.default_rng([seed, 77])
        self._pool = np.empty((count, SIDE, SIDE, 3), np.uint8)
        for i in range(count):
            if corners and rng.random() < 0.4:
                self._pool[i] = _from_corner(corners[int(rng.integers(len(corners)))], rng)
            else:
                self._pool[i] = _drawn(rng)

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """One background (size, size, 3) uint8 BGR: a random piece of the pool, or a blend of two."""
        piece = self._piece(rng, size)
        if rng.random() < 0.35:
            weight = float(rng.uniform(0.2, 0.8))
            piece = cv2.addWeighted(piece, weight, self._piece(rng, size), 1 - weight, 0)
        gain = np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.1, 3))
        return cv2.multiply(piece, (*gain, 0.0), dtype=cv2.CV_8U)

    def _piece(self, rng: np.random.Generator, size: int) -> np.ndarray:
        image = self._pool[int(rng.integers(len(self._pool)))]
        side = int(rng.uniform(0.4, 1.0) * SIDE)
        x, y = rng.integers(0, SIDE - side + 1, 2)
        piece = image[y : y + side, x : x + side]
        piece = np.rot90(piece, int(rng.integers(0, 4)))
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        return cv2.resize(np.ascontiguousarray(piece), (size, size), interpolation=cv2.INTER_LINEAR)


def _random_colour(rng: np.random.Generator) -> np.ndarray:
    base = rng.uniform(0, 255)
    return np.clip(base + rng.normal(0, 40, 3), 0, 255)


def _octaves(rng: np.random.Generator, channels: int) -> np.ndarray:
    """Noise at several scales in about -1..1: (SIDE, SIDE, channels) float32."""
    total = np.zeros((SIDE, SIDE, channels), np.float32)
    for cells in (2, 5, 11, 23, 47, 95):
        weight = rng.uniform(0, 1) ** 2 / np.sqrt(cells)
        grid = rng.standard_normal((cells, cells, channels)).astype(np.float32)
        grid = cv2.resize(grid, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight) * grid.reshape(SIDE, SIDE, channels)
    return total / (np.abs(total).max() + 1e-6)


def _drawn(rng: np.random.Generator) -> np.ndarray:
    image = np.empty((SIDE, SIDE, 3), np.float32)
    ramp = np.linspace(0, 1, SIDE, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    mix = np.clip(0.5 + np.cos(angle) * (ramp[None] - 0.5) + np.sin(angle) * (ramp[:, None] - 0.5), 0, 1)[..., None]
    image[:] = (1 - mix) * _random_colour(rng) + mix * _random_colour(rng)
    image += _octaves(rng, 1 if rng.random() < 0.6 else 3) * rng.uniform(0, 90)
    image = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    kind = rng.random()
    if kind < 0.3:  # straight things: shelves, door frames, blinds, bricks
        angle, gap = rng.uniform(0, np.pi), rng.uniform(6, 50)
        normal, along = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        for offset in np.arange(-SIDE, SIDE, gap):
            at = np.array([SIDE / 2, SIDE / 2]) + normal * (offset + rng.normal(0, gap / 8))
            a, b = at - along * 2 * SIDE, at + along * 2 * SIDE
            ends = [tuple(int(v) for v in p) for p in (a, b)]
            cv2.line(image, ends[0], ends[1], _random_colour(rng).tolist(), int(rng.integers(1, 12)), cv2.LINE_AA)
    elif kind < 0.75:  # things: boxes, discs, polygons
        for _ in range(int(rng.integers(2, 14))):
            shade = _random_colour(rng).tolist()
            x, y = (int(v) for v in rng.integers(0, SIDE, 2))
            w, h = (int(v) for v in rng.integers(4, SIDE // 2, 2))
            shape = rng.integers(0, 3)
            if shape == 0:
                cv2.rectangle(image, (x - w // 2, y - h // 2), (x + w // 2, y + h // 2), shade, -1)
            elif shape == 1:
                cv2.ellipse(image, (x, y), (w // 2, h // 2), float(rng.uniform(0, 180)), 0, 360, shade, -1, cv2.LINE_AA)
            else:
                points = (np.array([x, y]) + rng.normal(0, max(w, h) / 2, (int(rng.integers(3, 7)), 2))).astype(
                    np.int32
                )
                cv2.fillPoly(image, [points], shade, cv2.LINE_AA)
    else:  # bokeh
        layer = image.copy()
        for _ in range(int(rng.integers(5, 40))):
            x, y = (int(v) for v in rng.integers(0, SIDE, 2))
            light = np.clip(_random_colour(rng) + 60, 0, 255).tolist()
            cv2.circle(layer, (x, y), int(rng.integers(2, 18)), light, -1, cv2.LINE_AA)
        image = cv2.addWeighted(image, 0.4, layer, 0.6, 0)
    if rng.random() < 0.7:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 6)))
    return image


def _from_corner(corner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    image = cv2.resize(corner, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 5)))
