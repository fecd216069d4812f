"""Camera images of rendered people whose pose and shape are known: people that the morphable model never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.model import SHIPPED, MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler, seen_yaw
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.head import HeadPainter
from facegpt_ros.training.sampling import sample_expressions, sample_illumination, within_reach

WIDTH, HEIGHT = 640, 480
HELD_OUT = SHIPPED.with_name("held_out_people.safetensors")


@dataclass(frozen=True)
class Render:
    """One image and its truth.

    Attributes:
        image: (480, 640, 3) uint8 BGR.
        camera: its intrinsics.
        rotation: (3, 3), model → optical; translation: (3,) m, the sellion.
        landmarks: (68, 2) px.
        neutral: (V, 3) m, the person's neutral head on the model's topology.
    """

    image: np.ndarray
    camera: Camera
    rotation: np.ndarray
    translation: np.ndarray
    landmarks: np.ndarray
    neutral: np.ndarray


def held_out_people(model: MorphableModel, split: str, path: Path = HELD_OUT) -> np.ndarray:
    """Neutral heads (P, V, 3) float32 m of people of one split, "val" or "test", on the model's topology.

    They are the people's own shapes, not what the model makes of them, and no person is in both splits.

    Raises:
        ModelError: the file is missing, lacks the split, or has another topology.
    """
    try:
        people = load_file(str(path))[f"vertices_{split}"].astype(np.float32)
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(f"{path} has no people of '{split}' ({error}); build it with the morphable model") from error
    if people.ndim != 3 or people.shape[1:] != (model.n_vertices, 3) or not len(people):
        raise ModelError(
            f"{path}: people are {people.shape}, {model.model_id} has {model.n_vertices} vertices; "
            "build both together with `facegpt morphable build`"
        )
    return people


def renders(model: MorphableModel, people: np.ndarray, count: int, seed: int) -> Iterator[Render]:
    """Yaw ±60°, pitch ±30°, roll ±30°, webcams of 45-90°, faces of 80-220 px; the same images for a seed.

    Args:
        model: gives expressions, colours and landmarks.
        people: (P, V, 3) m, neutral heads; each in turn.
        count: how many images.
        seed: of everything but the people.
    """
    backgrounds, painter = Backgrounds(seed, count=40), HeadPainter(model, seed)
    rest = np.zeros(len(model.identity_names), np.float32)
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        neutral = people[i % len(people)]
        expression = within_reach(model, sample_expressions(model.expression_names, rng, 1))[0]
        vertices = neutral + model.vertices(rest, expression) - model.bases["mean"]
        colours = model.colours(rng.standard_normal(len(model.albedo_names)).clip(-2.5, 2.5))
        rotation = matrix_from_euler(rng.uniform(-60, 60), rng.uniform(-30, 30), rng.uniform(-30, 30))
        camera = Camera.from_fov(WIDTH, HEIGHT, rng.uniform(45, 90))
        size = rng.uniform(80, 220)  # px from brow to chin and a bit: about 0.15 m
        depth = camera.fx * 0.15 / size
        margin = 0.6 * size
        x, y = rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)
        translation = depth * np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1])
        light = sample_illumination(rng, 1)[0]
        image = cv2.resize(backgrounds.sample(rng, 160), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)

        def to_pixels(points: np.ndarray, camera: Camera = camera) -> np.ndarray:
            return np.concatenate([camera.project(points), points[:, 2:]], 1).astype(np.float32)

        painter.paint(image, vertices, colours, light, rotation, translation, to_pixels, rng, samples=2)
        points = vertices @ rotation.T + translation
        landmarks = camera.project(landmarks_on(model, points, float(seen_yaw(rotation, translation))))
        yield Render(_sensor(image, rng), camera, rotation, translation, landmarks, neutral)


def landmarks_on(model: MorphableModel, vertices: np.ndarray, yaw: float) -> np.ndarray:
    """iBUG landmarks (68, 3) of a mesh (V, 3) of the model's topology, its jaw where a head turned by yaw shows it."""
    corners, weights = model.embedding()
    points = np.einsum("nci,nc->ni", vertices[corners], weights)
    if model.contour is not None and model.contour_bases is not None:
        below, share = model.contour_bases.place(np.float32(yaw))
        jaws = [
            np.einsum("nci,nc->ni", vertices[model.triangles[model.contour.triangle[k]]], model.contour.barycentric[k])
            for k in (below, below + 1)
        ]
        points[list(JAW)] = (1 - share) * jaws[0] + share * jaws[1]
    return points


def _sensor(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A webcam's blur, noise and compression; nothing that hides the face."""
    image = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), rng.uniform(0.4, 1.4))
    noisy = image.astype(np.float32) + rng.normal(0, rng.uniform(1, 8), image.shape)
    _, data = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(40, 95))]
    )
    return cv2.imdecode(data, cv2.IMREAD_COLOR)
