"""Pictures of the morphable model itself: random faces, and what each axis does."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.batch import composite, project, render_face
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.shading import ambient, directional

_DISTANCE_M, _HALF_VIEW_M = 1.0, 0.13
_LIGHT = ambient(0.55) + directional(np.array([-0.3, -0.5, -1.0]), 0.55)


def portrait(
    model: MorphableModel,
    vertices: np.ndarray,
    colours: np.ndarray,
    *,
    yaw: float = 0,
    pitch: float = 0,
    size: int = 256,
) -> np.ndarray:
    """One head in studio light, (size, size, 3) uint8 BGR.

    Args:
        vertices: (V, 3) m, model frame; colours: (V, 3) RGB 0..1; yaw, pitch: degrees.
    """
    points = vertices @ matrix_from_euler(yaw, pitch, 0).T + (0, 0.025, _DISTANCE_M)
    points = points.astype(np.float32)
    normals = vertex_normals(points, model.triangles)
    pixels = project(points, _DISTANCE_M / _HALF_VIEW_M, size)
    picture = np.full((size, size, 3), 217, np.uint8)
    composite(render_face(pixels, model.triangles, colours, normals, _LIGHT, size), picture)
    return np.ascontiguousarray(picture[..., ::-1])


def random_faces(model: MorphableModel, count: int, seed: int = 0, size: int = 256) -> list[np.ndarray]:
    """Faces drawn from the priors: every second one turned, every third one with an expression."""
    rng = np.random.default_rng(seed)
    pictures = []
    for i in range(count):
        identity = rng.normal(size=len(model.identity_names))
        albedo = rng.normal(size=len(model.albedo_names))
        expression = np.zeros(len(model.expression_names))
        if i % 3 == 0:
            expression[rng.choice(len(expression), 3, replace=False)] = rng.uniform(0.3, 1, 3)
        yaw, pitch = (rng.uniform(-45, 45), rng.uniform(-20, 20)) if i % 2 else (0, 0)
        vertices, colours = model.vertices(identity, expression), model.colours(albedo)
        pictures.append(portrait(model, vertices, colours, yaw=yaw, pitch=pitch, size=size))
    return pictures


def axes(model: MorphableModel, group: str, count: int, size: int = 200) -> list[np.ndarray]:
    """What the first `count` axes of a group do: identity and albedo at -2.5 and +2.5 σ, expressions at 1.

    Raises:
        ModelError: no group has that name.
    """
    names = {
        "identity": model.identity_names,
        "expression": model.expression_names,
        "albedo": model.albedo_names,
    }
    if group not in names:
        raise ModelError(f"group is '{group}'; use one of {', '.join(names)}")
    pictures = []
    for i, name in enumerate(names[group][:count]):
        for value in (1.0,) if group == "expression" else (-2.5, 2.5):
            theta = {key: np.zeros(len(axis_names)) for key, axis_names in names.items()}
            theta[group][i] = value
            vertices = model.vertices(theta["identity"], theta["expression"])
            picture = portrait(model, vertices, model.colours(theta["albedo"]), yaw=20, size=size)
            cv2.putText(
                picture, f"{name} {value:+g}", (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA
            )
            pictures.append(picture)
    return pictures
