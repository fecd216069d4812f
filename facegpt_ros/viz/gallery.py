"""Pictures of a morphable model itself: its mean, random faces, and what each axis does."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.face_area import landmark_numbers, nose_tip
from facegpt_ros.morphable.linear import ACTIVATION_LIMITS, LinearModel
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.monk import MONK, TONE_NAMES, model_tones, monk_coordinates
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.batch import composite, project, render_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import vertex_normals
from facegpt_ros.render.shading import ambient, directional

_DISTANCE_M, _HALF_VIEW_M = 1.0, 0.155
_PIVOT = (0, 0.01, -0.07)  # m, the middle of the head, about which it turns
_NOSE_TIP = (0, -0.035, 0.022)  # m, of a typical face, from its sellion
_LIGHT = ambient(0.55) + directional(np.array([-0.3, -0.5, -1.0]), 0.55)


def portrait(
    model: LinearModel,
    vertices: np.ndarray,
    colours: np.ndarray,
    *,
    yaw: float = 0,
    pitch: float = 0,
    size: int = 256,
) -> np.ndarray:
    """One head in studio light, (size, size, 3) uint8 BGR.

    Args:
        vertices: (V, 3) m, model frame; yaw, pitch: degrees.
        colours: RGB 0..1, by vertex (V, 3), or a texture (T, T, 3) in the layout of the model's uv_corners.
    """
    points = (vertices - _PIVOT) @ matrix_from_euler(yaw, pitch, 0).T + (0, 0, _DISTANCE_M)
    points = points.astype(np.float32)
    normals = vertex_normals(points, model.triangles)
    pixels = project(points, _DISTANCE_M / _HALF_VIEW_M, size)
    picture = np.full((size, size, 3), 217, np.uint8)
    if colours.ndim == 3:
        white, uv = np.ones_like(points), model.uv_corners  # type: ignore[attr-defined]
        face = render_face(pixels, model.triangles, white, normals, _LIGHT, size, uv=uv, detail=colours)
    else:
        face = render_face(pixels, model.triangles, colours, normals, _LIGHT, size)
    composite(face, picture)
    return np.ascontiguousarray(picture[..., ::-1])


def portrait_camera(size: int) -> Camera:
    """The camera that takes portraits of that size, px."""
    focal = 0.5 * size * _DISTANCE_M / _HALF_VIEW_M
    return Camera(size, size, focal, focal, (size - 1) / 2, (size - 1) / 2)


def skin(model: LinearModel, albedo: np.ndarray) -> np.ndarray:
    """The finest colours that a model has for γ (A,): a texture, or colours by vertex; as portrait takes them."""
    return model.texture(albedo) if isinstance(model, MorphableModel) else model.colours(albedo)


def mean_face(model: LinearModel, size: int = 256) -> list[np.ndarray]:
    """The mean face from five sides."""
    vertices, colours = centred(model, model.bases["mean"]), skin(model, np.zeros(len(model.albedo_names)))
    return [portrait(model, vertices, colours, yaw=yaw, size=size) for yaw in (-60, -30, 0, 30, 60)]


def skin_tones(model: LinearModel, size: int = 256) -> list[np.ndarray]:
    """The mean face in the ten tones of Monk's scale, as near as tone axes within ±2.5 σ come.

    Raises:
        ModelError: the model has no tone axes.
    """
    numbers = [model.albedo_names.index(name) for name in TONE_NAMES if name in model.albedo_names]
    if len(numbers) < len(TONE_NAMES) or not isinstance(model, MorphableModel):
        raise ModelError(f"{model.name} has no albedo axes {', '.join(TONE_NAMES)}; show another model's tones")
    mean, axes_rgb = model_tones(model)
    pictures = []
    for number, coordinates in enumerate(monk_coordinates(mean, axes_rgb)[0]):
        albedo = np.zeros(len(model.albedo_names))
        albedo[numbers] = coordinates
        picture = portrait(model, model.bases["mean"], skin(model, albedo), size=size)
        _label(picture, f"Monk {number + 1}")
        cv2.rectangle(picture, (4, 20), (28, 44), (255 * MONK[number][::-1]).tolist(), -1)
        pictures.append(picture)
    return pictures


def random_faces(model: LinearModel, count: int, seed: int = 0, size: int = 256) -> list[np.ndarray]:
    """Faces drawn from the priors: every second one turned, every third one with an expression."""
    rng = np.random.default_rng(seed)
    pictures = []
    joints = joint_axes(model)
    for i in range(count):
        identity = rng.normal(size=len(model.identity_names))
        albedo = rng.normal(size=len(model.albedo_names))
        expression = np.zeros(len(model.expression_names))
        if i % 3 == 0 and model.limits["expression"] != ACTIVATION_LIMITS:
            expression[~joints] = rng.normal(size=(~joints).sum())
        elif i % 3 == 0:
            few = min(3, len(expression))
            expression[rng.choice(len(expression), few, replace=False)] = rng.uniform(0.3, 1, few)
        yaw, pitch = (rng.uniform(-45, 45), rng.uniform(-20, 20)) if i % 2 else (0, 0)
        vertices, colours = centred(model, model.vertices(identity, expression)), skin(model, albedo)
        pictures.append(portrait(model, vertices, colours, yaw=yaw, pitch=pitch, size=size))
    return pictures


def axes(model: LinearModel, group: str, count: int, size: int = 200) -> list[np.ndarray]:
    """What the first `count` axes of a group do: at -2.5 and +2.5 σ, activations at 1, joints at -0.3 and +0.3 rad.

    Raises:
        ModelError: no group has that name, or it has no axes.
    """
    names = {
        "identity": model.identity_names,
        "expression": model.expression_names,
        "albedo": model.albedo_names,
    }
    if group not in names:
        raise ModelError(f"group is '{group}'; use one of {', '.join(names)}")
    if not names[group]:
        held = ", ".join(f"{len(n)} of {g}" for g, n in names.items())
        raise ModelError(f"{model.name} has no axes of {group} ({held}); show another group")
    joints = joint_axes(model)
    pictures = []
    for i, name in enumerate(names[group][:count]):
        values: tuple[float, ...] = (-2.5, 2.5)
        if group == "expression" and model.limits[group] == ACTIVATION_LIMITS:
            values = (1.0,)
        elif group == "expression" and joints[i]:
            values = (-0.3, 0.3)
        for value in values:
            theta = {key: np.zeros(len(axis_names)) for key, axis_names in names.items()}
            theta[group][i] = value
            vertices = centred(model, model.vertices(theta["identity"], theta["expression"]))
            picture = portrait(model, vertices, skin(model, theta["albedo"]), yaw=20, size=size)
            _label(picture, f"{name} {value:+g}")
            pictures.append(picture)
    return pictures


def named_axes(model: MorphableModel, count: int, size: int = 200) -> list[np.ndarray]:
    """The first `count` named axes of the open face at -2.5 and +2.5 σ, the others at 0."""
    pictures = []
    for name in model.axes.names[:count]:
        for value in (-2.5, 2.5):
            vertices = model.vertices(model.axes.draw({name: value}), np.zeros(len(model.expression_names)))
            colours = skin(model, np.zeros(len(model.albedo_names)))
            picture = portrait(model, centred(model, vertices), colours, yaw=30, size=size)
            label = f"{name} {value:+g}"
            cv2.putText(picture, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
            pictures.append(picture)
    return pictures


def _label(picture: np.ndarray, text: str) -> None:
    cv2.putText(picture, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)


def joint_axes(model: LinearModel) -> np.ndarray:
    """Expression coefficients (E,) bool that are angles of joints, in rad."""
    joints = set(getattr(model, "joint_names", ()))
    return np.array([name in joints for name in model.expression_names], bool)


def centred(model: LinearModel, vertices: np.ndarray) -> np.ndarray:
    """(V, 3) m where portrait expects a head: a model that does not know its sellion is placed by its nose tip."""
    if landmark_numbers(model):
        return vertices
    return vertices - nose_tip(model, model.bases["mean"]) + _NOSE_TIP
