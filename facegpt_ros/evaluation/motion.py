"""Faces for judging steadiness: people at rest, and people that move along a smooth path that is known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.evaluation.photos import photos
from facegpt_ros.evaluation.renders import HEIGHT, WIDTH, Render, Studio, held_out_people
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.sampling import sample_illumination

_SEED = 6601
_FOV_DEG = 60.0
_SWAY_DEG = (25.0, 10.0, 8.0)  # of yaw, pitch and roll
_SWAY_PX = (70.0, 40.0)
_SWAY_DEPTH = 0.12  # share of the distance
_ACTIONS = {"jawOpen": 0.5, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "browInnerUp": 0.5}


@dataclass(frozen=True)
class Still:
    """A picture without sensor noise: (H, W, 3) uint8 BGR, its camera, and where the face is, (68, 2) px."""

    name: str
    image: np.ndarray
    camera: Camera
    landmarks: np.ndarray


def still_renders(model: MorphableModel, split: str, count: int) -> Iterator[Still]:
    """Held-out people somewhere on a path of theirs."""
    studio, people = Studio(model, _SEED), held_out_people(model, split)
    for i in range(count):
        rng = np.random.default_rng([_SEED, i])
        (frame,) = path(studio, people[i % len(people)], rng, 60, only={int(rng.integers(60))})
        yield Still(f"render {i}", frame.image, frame.camera, frame.landmarks)


def still_photos(folder: Path, split: str, fov_deg: float, count: int) -> Iterator[Still]:
    """Photos of a split, evenly spread; their own noise is frozen.

    Raises:
        ConfigError: the folder lacks a file.
    """
    every = list(photos(folder, split))
    for i in np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int):
        name, image, landmarks = every[i]
        yield Still(name, image, Camera.from_fov(image.shape[1], image.shape[0], fov_deg), landmarks)


def paths(model: MorphableModel, split: str, count: int, frames: int) -> Iterator[list[Render]]:
    """A path of so many frames for each of so many held-out people."""
    studio, people = Studio(model, _SEED + 1), held_out_people(model, split)
    for i in range(count):
        yield path(studio, people[i % len(people)], np.random.default_rng([_SEED, 1, i]), frames)


def path(
    studio: Studio, neutral: np.ndarray, rng: np.random.Generator, frames: int, *, only: set[int] | None = None
) -> list[Render]:
    """One slow sway of head and expression, 640×480, without noise; light, skin, hair and background stay.

    Args:
        neutral: (V, 3) m.
        rng: draws the path and the looks.
        frames: of the whole path.
        only: draw these frames; None draws all.
    """
    model = studio.model
    camera = Camera.from_fov(WIDTH, HEIGHT, _FOV_DEG)
    albedo, light, background = studio.random_albedo(rng), sample_illumination(rng, 1)[0], studio.background(rng)
    depth = camera.fx * 0.15 / rng.uniform(120, 220)
    start, turns = rng.uniform(0, 2 * np.pi, 7), rng.uniform(0.5, 1.2, 7)  # periods over the path
    looks = int(rng.integers(1 << 31))
    shown = []
    for t in range(frames) if only is None else sorted(only):
        wave = np.sin(start + 2 * np.pi * turns * t / frames)
        rotation = matrix_from_euler(*(wave[:3] * _SWAY_DEG))
        x, y = (WIDTH - 1) / 2 + wave[3] * _SWAY_PX[0], (HEIGHT - 1) / 2 + wave[4] * _SWAY_PX[1]
        z = depth * (1 + _SWAY_DEPTH * wave[5])
        translation = z * np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1])
        expression = np.zeros(len(model.expression_names), np.float32)
        for name, level in _ACTIONS.items():
            if name in model.expression_names:
                expression[model.expression_names.index(name)] = level * (0.5 + 0.5 * wave[6])
        pose = rotation, translation
        same = np.random.default_rng(looks)  # hair and shine are drawn again in each frame, and must be the same
        shown.append(studio.draw(neutral, expression, albedo, light, pose, camera, background.copy(), same))
    return shown
