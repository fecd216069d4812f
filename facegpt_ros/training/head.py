"""One head into a picture, with the skin, hair, shine and shadows of a random day; for training and for evaluation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.batch import Specular, composite, render_face
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.self_shadow import SelfShadow
from facegpt_ros.training.augment import crop_noise
from facegpt_ros.training.lighting import sample_shadow

_DETAILS, _DETAIL_SIDE = 24, 192


_self_shadow = lru_cache(maxsize=1)(SelfShadow)  # training and its validation draw heads of one model


class HeadPainter:
    """Draws heads of one model's topology.

    Args:
        model: the morphable model.
        seed: of the skin textures.
    """

    def __init__(self, model: MorphableModel, seed: int = 0) -> None:
        self._model = model
        rng = np.random.default_rng([seed, 13])
        self._details = [_skin_detail(rng) for _ in range(_DETAILS)]
        self._scalp = model.regions.get("scalp", np.zeros(model.n_vertices, np.float32))
        self._self_shadow = _self_shadow(model)
        self._corners, self._weights = model.embedding()

    def paint(
        self,
        picture: np.ndarray,
        vertices: np.ndarray,
        colours: np.ndarray,
        illumination: np.ndarray,
        rotation: np.ndarray,
        translation: np.ndarray,
        to_pixels: Callable[[np.ndarray], np.ndarray],
        rng: np.random.Generator,
        samples: int = 1,
    ) -> None:
        """Draws over a picture (H, W, 3) uint8 BGR, in place.

        Args:
            picture: what is behind the head.
            vertices: (V, 3) m, model frame.
            colours: (V, 3) RGB 0..1.
            illumination: φ (27,).
            rotation, translation: (3, 3) and (3,) m, model → optical frame.
            to_pixels: the camera: optical frame (V, 3) m → (V, 3) x px, y px, z m.
            rng: draws the rest.
            samples: per pixel and axis.
        """
        rotation = rotation.astype(np.float32)
        landmarks = np.einsum("nci,nc->ni", vertices[self._corners], self._weights)
        openness = self._self_shadow.openness(landmarks)
        dark = sample_shadow(self._self_shadow, illumination, rotation, openness, rng)
        seen = vertices @ rotation.T + translation.astype(np.float32)
        normals = vertex_normals(seen, self._model.triangles)
        if rng.random() < 0.6:  # hair has a volume, the scalp of the model has none
            grown = self._scalp * (rng.uniform(0.0, 0.035) + 0.008 * crop_noise(rng, self._scalp.shape))
            seen = seen + normals * grown[:, None].astype(np.float32)
        shine = None
        if rng.random() < 0.5:
            direction = rng.normal(0, 1, 3) + (0, -0.7, -1.2)
            shine = Specular(tuple(direction), float(rng.uniform(0, 0.3)), float(np.exp(rng.uniform(1.6, 3.9))))
        render = render_face(
            to_pixels(seen),
            self._model.triangles,
            colours,
            normals,
            illumination,
            (picture.shape[1], picture.shape[0]),
            uv=self._model.uv_corners,
            detail=self._details[int(rng.integers(len(self._details)))] if rng.random() < 0.85 else None,
            shadow=dark.shadow,
            occlusion=dark.occlusion,
            specular=shine,
            samples=samples,
        )
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        composite(render, rgb)
        cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR, dst=picture)


def _skin_detail(rng: np.random.Generator) -> np.ndarray:
    """Factor of the albedo over UV space, (T, T, 1 or 3) float32 around 1: pores, blotches, freckles, folds."""
    side = _DETAIL_SIDE
    tones = 3 if rng.random() < 0.4 else 1
    out = np.ones((side, side, tones), np.float32)
    for cells, weight in ((4, 0.05), (12, 0.04), (40, 0.04), (110, 0.05)):
        grid = rng.standard_normal((cells, cells, tones)).astype(np.float32)
        grid = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC).reshape(side, side, tones)
        out *= 1 + np.float32(weight * rng.uniform(0, 1.2)) * grid
    for _ in range(int(rng.integers(0, 60)) if rng.random() < 0.5 else 0):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        cv2.circle(out, (x, y), int(rng.integers(1, 3)), [float(rng.uniform(0.55, 0.95))] * 3, -1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 14)) if rng.random() < 0.5 else 0):
        start = rng.uniform(0, side, 2)
        path = start + np.cumsum(rng.normal(0, 4, (6, 2)) + rng.normal(0, 3, 2), 0)
        cv2.polylines(out, [path.astype(np.int32)], False, [float(rng.uniform(0.75, 0.95))] * 3, 1, cv2.LINE_AA)
    return np.clip(out, 0.3, 1.5)
