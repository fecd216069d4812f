"""Renders of random faces with exact labels, as the crop's virtual camera sees them."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.batch import project
from facegpt_ros.training.augment import degrade
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.head import HeadPainter
from facegpt_ros.training.occluders import hair_colour, hide, occlude, pixels
from facegpt_ros.training.sampling import Scenes, sample_scenes, without_face

NEGATIVE_SHARE = 0.08
_OVERSAMPLE = 1.25  # faces are drawn this much larger, then averaged down: cheaper than several samples a pixel


class RenderBatch(NamedTuple):
    """N labelled renders.

    crops (N, S, S, 3) uint8 BGR; theta (N, D) float32 raw, as ThetaLayout.encode writes it, its presence entry 0 or 1;
    half_extent (N,); landmarks (N, 68, 2) crop units. Where presence is 0 there is no face and the rest means nothing.
    """

    crops: np.ndarray
    theta: np.ndarray
    half_extent: np.ndarray
    landmarks: np.ndarray


class Synthesizer:
    """Draws batches of labelled faces; the same seed gives the same batch.

    Args:
        model: whose faces to draw.
        backgrounds: to draw them before.
        seed: of the skin textures.
    """

    def __init__(self, model: MorphableModel, backgrounds: Backgrounds, seed: int = 0) -> None:
        self.model = model
        self.backgrounds = backgrounds
        self.layout = ThetaLayout.of(model)
        self._painter = HeadPainter(model, seed)
        self._paints_teeth = "teeth" not in model.regions

    def batch(self, rng: np.random.Generator, count: int, size: int, twins: int = 0) -> RenderBatch:
        """count renders of size × size px; each two of the first 2 · twins are one person."""
        scenes = sample_scenes(self.model, rng, count, twins)
        absent = rng.random(count) < NEGATIVE_SHARE
        scenes = without_face(scenes, absent)
        theta = scenes.theta
        vertices = self.model.vertices(theta.identity, theta.expression)  # (N, V, 3)
        colours = self.model.colours(theta.albedo)  # (N, V, 3)
        crops = np.empty((count, size, size, 3), np.uint8)
        for i in range(count):
            crops[i] = self._draw(scenes, i, vertices[i], colours[i], rng, size, bool(absent[i]))
        raw = self.layout.encode(theta)
        raw[:, self.layout.presence] = theta.presence
        return RenderBatch(crops, raw, scenes.half_extent.astype(np.float32), scenes.landmarks.astype(np.float32))

    def _draw(
        self,
        scenes: Scenes,
        i: int,
        vertices: np.ndarray,
        colours: np.ndarray,
        rng: np.random.Generator,
        size: int,
        absent: bool,
    ) -> np.ndarray:
        large = round(_OVERSAMPLE * size)
        crop = self.backgrounds.sample(rng, large)
        landmarks, translation = scenes.landmarks[i], scenes.translation[i]
        fate = rng.random() if absent else 1.0
        if fate < 0.5:  # nothing there
            if rng.random() < 0.5:
                occlude(crop, rng.uniform(-1, 1, (1, 2)) + 0.5 * landmarks, rng, 0.8)
            return degrade(_shrunk(crop, size), rng)
        if fate < 0.75:  # somewhere else
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(1.7, 2.6)
            shift = far * np.array([np.cos(angle), np.sin(angle)])
            translation = translation + np.append(shift * scenes.half_extent[i] * translation[2], 0)
            landmarks = landmarks + shift
        if rng.random() < 0.75:
            _draw_body(crop, landmarks, rng)
        if rng.random() < 0.35:
            _draw_hair_behind(crop, landmarks, rng)
        theta, focal = scenes.theta, 1 / float(scenes.half_extent[i])
        self._painter.paint(
            crop,
            vertices,
            colours,
            theta.illumination[i],
            theta.rotation[i],
            translation,
            lambda points: project(points, focal, large),
            rng,
        )
        if self._paints_teeth and rng.random() < 0.8:
            _draw_teeth(crop, landmarks, rng)
        if 0.75 <= fate < 1:
            hide(crop, landmarks, self.backgrounds.sample(rng, large))
        crop = _shrunk(crop, size)
        occlude(crop, landmarks, rng, 0.42)
        return degrade(crop, rng)


def _shrunk(crop: np.ndarray, size: int) -> np.ndarray:
    return cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)


def _fill(crop: np.ndarray, points: np.ndarray, colour: np.ndarray) -> None:
    cv2.fillPoly(crop, [np.round(points * 16).astype(np.int32)], [float(c) for c in colour], cv2.LINE_AA, 4)


def _draw_body(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """Shoulders and a collar under the chin, behind the face."""
    at = pixels(landmarks, crop.shape[0])
    down = at[8] - at[27]
    length = np.linalg.norm(down) + 1e-6
    down = down / length
    side = np.array([down[1], -down[0]])
    neck = at[8] * 0.6 + at[[0, 16]].mean(0) * 0.4 + down * length * rng.uniform(0.1, 0.45)
    wide = length * rng.uniform(0.9, 1.8)
    drop = length * rng.uniform(0.1, 0.6)
    inner = length * rng.uniform(0.3, 0.55)
    shape = [neck - side * inner, neck + side * inner, neck + side * wide + down * drop]
    shape += [neck + side * wide + down * 4 * length, neck - side * wide + down * 4 * length]
    shape += [neck - side * wide + down * drop]
    colour = np.clip(rng.uniform(0, 255) + rng.normal(0, 40, 3), 0, 255)
    _fill(crop, np.stack(shape), colour)
    if rng.random() < 0.5:
        v = np.stack(
            [neck - side * inner * 0.6, neck + side * inner * 0.6, neck + down * length * rng.uniform(0.4, 1.2)]
        )
        _fill(crop, v, np.clip(rng.uniform(60, 255) + rng.normal(0, 25, 3), 0, 255))


def _draw_hair_behind(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """Long or big hair behind the head."""
    at = pixels(landmarks, crop.shape[0])
    up = at[27] - at[8]
    across = at[16] - at[0]
    centre = at[27] + up * rng.uniform(-0.2, 0.25)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    wide, tall, long = rng.uniform(0.58, 0.95), rng.uniform(0.75, 1.1), rng.uniform(0.6, 2.2)
    wobble = 1 + rng.normal(0, 0.05, 28)
    vertical = np.where(np.sin(turn) > 0, tall, long) * np.sin(turn)
    points = centre + (wide * wobble * np.cos(turn))[:, None] * across + (wobble * vertical)[:, None] * up
    _fill(crop, points, hair_colour(rng))


def _draw_teeth(crop: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> None:
    """The upper row between parted lips, which the model lacks."""
    at = pixels(landmarks, crop.shape[0])
    upper, lower = at[60:65], at[[60, 67, 66, 65, 64]]
    gap = lower - upper
    opening = np.linalg.norm(gap[2])
    width = np.linalg.norm(at[64] - at[60])
    if opening < 1.0 or width < 4:
        return
    depth = min(1.0, rng.uniform(0.1, 0.28) * width / opening)
    band = np.concatenate([upper, (upper + gap * depth)[::-1]])
    layer = crop.copy()
    bright = float(
        np.clip(crop[max(0, int(at[51, 1]) - 3) % crop.shape[0], int(at[51, 0]) % crop.shape[0]].max() * 1.3, 60, 235)
    )
    _fill(layer, band, np.array([0.82, 0.93, 0.97]) * bright * rng.uniform(0.75, 1.1))
    opacity = float(rng.uniform(0.6, 0.97))
    cv2.addWeighted(layer, opacity, crop, 1 - opacity, 0, dst=crop)
