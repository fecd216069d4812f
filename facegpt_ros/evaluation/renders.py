"""Camera images of rendered people whose pose and shape are known: people that the morphable model never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
        expression: δ (E,), activations.
    """

    image: np.ndarray
    camera: Camera
    rotation: np.ndarray
    translation: np.ndarray
    landmarks: np.ndarray
    neutral: np.ndarray
    expression: np.ndarray


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


def renders(
    model: MorphableModel, people: np.ndarray, count: int, seed: int, *, yaw_deg: float = 60.0
) -> Iterator[Render]:
    """Yaw ±yaw_deg, pitch ±30°, roll ±30°, webcams of 45-90°, faces of 80-220 px; the same images for a seed.

    Args:
        model: gives expressions, colours and landmarks.
        people: (P, V, 3) m, neutral heads; each in turn.
        count: how many images.
        seed: of everything but the people.
        yaw_deg: the furthest turn to each side.
    """
    studio = Studio(model, seed)
    for i in range(count):
        yield studio.shoot(people[i % len(people)], np.random.default_rng([seed, i]), yaw_deg=yaw_deg)


class Studio:
    """Takes pictures of heads on the model's topology; what is random about one comes from the generator it is given.

    Args:
        model: gives expressions, colours and landmarks.
        seed: of the backgrounds and the skin textures there are.
    """

    def __init__(self, model: MorphableModel, seed: int) -> None:
        self.model = model
        self._backgrounds, self._painter = Backgrounds(seed, count=40), HeadPainter(model, seed)
        self._rest = np.zeros(len(model.identity_names), np.float32)

    def shoot(
        self, neutral: np.ndarray, rng: np.random.Generator, *, yaw_deg: float = 60.0, albedo: np.ndarray | None = None
    ) -> Render:
        """One webcam image of a person: expression, pose, camera, light and background at random.

        Args:
            neutral: (V, 3) m.
            rng: draws all of it.
            yaw_deg: the furthest turn to each side.
            albedo: γ (A,); None draws it too.
        """
        model = self.model
        expression = within_reach(model, sample_expressions(model.expression_names, rng, 1))[0]
        drawn = self.random_albedo(rng)
        rotation = matrix_from_euler(rng.uniform(-yaw_deg, yaw_deg), rng.uniform(-30, 30), rng.uniform(-30, 30))
        camera = Camera.from_fov(WIDTH, HEIGHT, rng.uniform(45, 90))
        size = rng.uniform(80, 220)  # px from brow to chin and a bit: about 0.15 m
        depth = camera.fx * 0.15 / size
        margin = 0.6 * size
        x, y = rng.uniform(margin, WIDTH - margin), rng.uniform(margin, HEIGHT - margin)
        translation = depth * np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1])
        light = sample_illumination(rng, 1)[0]
        render = self.draw(
            neutral,
            expression,
            drawn if albedo is None else albedo,
            light,
            (rotation, translation),
            camera,
            self.background(rng),
            rng,
        )
        return replace(render, image=webcam(render.image, rng))

    def random_albedo(self, rng: np.random.Generator) -> np.ndarray:
        """γ (A,)."""
        return rng.standard_normal(len(self.model.albedo_names)).clip(-2.5, 2.5)

    def background(self, rng: np.random.Generator) -> np.ndarray:
        """(480, 640, 3) uint8 BGR."""
        return cv2.resize(self._backgrounds.sample(rng, 160), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)

    def draw(
        self,
        neutral: np.ndarray,
        expression: np.ndarray,
        albedo: np.ndarray,
        illumination: np.ndarray,
        pose: tuple[np.ndarray, np.ndarray],
        camera: Camera,
        background: np.ndarray,
        rng: np.random.Generator,
    ) -> Render:
        """A picture without a sensor's faults.

        Args:
            neutral: (V, 3) m; expression: δ (E,); albedo: γ (A,); illumination: φ (27,).
            pose: rotation (3, 3) model → optical, translation (3,) m.
            camera: of 640×480 px, without distortion.
            background: (480, 640, 3) uint8 BGR, drawn over.
            rng: draws hair, shine and shadows.
        """
        rotation, translation = pose
        vertices = neutral + self.model.vertices(self._rest, expression) - self.model.bases["mean"]

        def to_pixels(points: np.ndarray) -> np.ndarray:
            return np.concatenate([camera.project(points), points[:, 2:]], 1).astype(np.float32)

        colours = self.model.colours(albedo)
        self._painter.paint(
            background, vertices, colours, illumination, rotation, translation, to_pixels, rng, samples=2
        )
        points = vertices @ rotation.T + translation
        landmarks = camera.project(landmarks_on(self.model, points, float(seen_yaw(rotation, translation))))
        return Render(background, camera, rotation, translation, landmarks, neutral, expression)


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


def webcam(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A webcam's blur, noise and compression; nothing that hides the face."""
    image = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), rng.uniform(0.4, 1.4))
    noisy = image.astype(np.float32) + rng.normal(0, rng.uniform(1, 8), image.shape)
    _, data = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(40, 95))]
    )
    return cv2.imdecode(data, cv2.IMREAD_COLOR)
