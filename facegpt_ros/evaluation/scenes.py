"""Pictures of nobody, one or several rendered people, and all that is true of them: what questions are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from facegpt_ros.evaluation.renders import HEIGHT, WIDTH, Studio, held_out_people, webcam
from facegpt_ros.evaluation.shape import best_fit
from facegpt_ros.face import Face
from facegpt_ros.model.theta import COEFFICIENT_LIMIT
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import sh_basis
from facegpt_ros.training.sampling import (
    portrait_expressions,
    sample_expressions,
    sample_illumination,
    within_reach,
)

#: Share of pictures with so many people: 0, 1, 2, 3.
_PEOPLE = (0.04, 0.68, 0.18, 0.10)
_PORTRAITS = 0.5  # share of faces with a look that people have when they are photographed
_FACE_M = 0.15  # from brow to chin and a bit
_SIZE_PX = (80.0, 220.0)
SIZE = (WIDTH, HEIGHT)


@dataclass(frozen=True)
class Scene:
    """One picture and its truth.

    Attributes:
        image: (480, 640, 3) uint8 BGR.
        camera: its intrinsics, known.
        faces: everybody in it. Identity is the best fit of the model to the person, so that facts of shape are true up
            to what the model can say; illumination is that of each face's own crop, as estimators give it.
    """

    image: np.ndarray
    camera: Camera
    faces: list[Face]

    def crop(self, face: Face, size: int) -> np.ndarray:
        """What an estimator is shown of a face of this picture, (size, size, 3) uint8."""
        return CropCamera.from_landmarks(self.camera, face.landmarks).extract(self.image, size)


def scenes(model: MorphableModel, split: str, count: int, seed: int) -> Iterator[Scene]:
    """Pictures of people that the model never saw; the same ones for a seed, however many are asked for.

    Args:
        split: whose people, "val" or "test".
    """
    studio, people = Studio(model, seed), held_out_people(model, split)
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        yield scene(studio, people, rng, int(rng.choice(len(_PEOPLE), p=_PEOPLE)))


def scene(studio: Studio, people: np.ndarray, rng: np.random.Generator, count: int) -> Scene:
    """One picture of so many of people (P, V, 3) m, from left to right, in one light."""
    fov = Camera.from_fov(WIDTH, HEIGHT, float(rng.uniform(45, 90)))
    camera = Camera(WIDTH, HEIGHT, fov.fx, fov.fy, fov.cx, fov.cy)
    image, light = studio.background(rng), sample_illumination(rng, 1)[0]
    faces: list[Face] = []
    for k, person in enumerate(rng.choice(len(people), count, replace=count > len(people))):
        neutral = people[int(person)]
        place = _place(rng, camera, k, count)
        rotation = matrix_from_euler(rng.uniform(-50, 50), rng.uniform(-22, 22), rng.uniform(-20, 20))
        expression, albedo = _look(studio.model, rng), studio.random_albedo(rng)
        render = studio.draw(neutral, expression, albedo, light, (rotation, place), camera, image, rng)
        image = render.image
        crop = CropCamera.from_landmarks(camera, render.landmarks)
        low = render.landmarks.min(0).clip(0, (WIDTH - 1, HEIGHT - 1))
        high = render.landmarks.max(0).clip(0, (WIDTH - 1, HEIGHT - 1))
        faces.append(
            Face(
                face_id=f"f{k + 1:04d}",
                confidence=1.0,
                roi=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
                rotation=rotation,
                translation=place,
                identity=best_fit(studio.model, neutral).clip(-COEFFICIENT_LIMIT, COEFFICIENT_LIMIT),
                expression=expression,
                albedo=albedo,
                illumination=turned_light(light, crop.rotation),
                camera=camera,
                landmarks=render.landmarks,
            )
        )
    return Scene(webcam(image, rng), camera, faces)


def turned_light(illumination: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """The same light φ (27,) in another optical frame; rotation (3, 3): that frame → φ's own.

    Nine harmonics rotate among themselves, so their values in enough directions settle the new ones exactly.
    """
    directions = np.random.default_rng(0).standard_normal((64, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shades = sh_basis(directions @ rotation.T) @ np.asarray(illumination, np.float64).reshape(9, 3)
    return np.linalg.lstsq(sh_basis(directions), shades, rcond=None)[0].reshape(27)


def _place(rng: np.random.Generator, camera: Camera, k: int, count: int) -> np.ndarray:
    """The sellion of the k-th of so many from the left (3,) m, so that faces do not cover each other."""
    column = WIDTH / count
    size = rng.uniform(_SIZE_PX[0], min(_SIZE_PX[1], 0.62 * column))  # px
    depth = camera.fx * _FACE_M / size
    margin = min(0.6 * size, 0.5 * column)
    x = rng.uniform(k * column + margin, (k + 1) * column - margin)
    y = rng.uniform(0.6 * size, HEIGHT - 0.9 * size)
    return depth * np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])


def _look(model: MorphableModel, rng: np.random.Generator) -> np.ndarray:
    draw = portrait_expressions if rng.random() < _PORTRAITS else sample_expressions
    return within_reach(model, draw(model.expression_names, rng, 1))[0]
