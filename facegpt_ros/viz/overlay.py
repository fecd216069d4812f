"""Faces drawn over the image they were seen in: shaded mesh, wires or landmarks, with id and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

from facegpt_ros.errors import ConfigError, ImageError
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import OPTICAL_FROM_MODEL_FRONTAL
from facegpt_ros.render.batch import Specular, composite, render_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import NEAR_M, rasterize, vertex_normals
from facegpt_ros.render.shading import ambient, directional

Mode = Literal["mesh", "wire", "landmarks"]
Surface = Literal["clay", "albedo"]

IBUG_LINES: tuple[tuple[int, int, bool], ...] = (
    *((0, 17, False), (17, 22, False), (22, 27, False), (27, 31, False), (31, 36, False)),
    *((36, 42, True), (42, 48, True), (48, 60, True), (60, 68, True)),
)
"""The 68 landmarks as lines: first, one past the last, closed. Jaw, brows, nose bridge and base, eyes, lips."""

_CLAY = 0.82
_CLAY_LIGHT = ambient(0.5) + directional(np.array([-0.4, -0.7, -1.0]), 0.55)
_CLAY_HIGHLIGHT = Specular((-0.4, -0.7, -1.0), strength=0.12, shininess=20.0)
_LINE_BGR = (120, 255, 80)
_POINT_BGR = (60, 220, 255)
_TEXT_BGR = (255, 255, 255)
_SHIFT = 4  # OpenCV's fixed-point drawing: sixteenths of a pixel
# Above this many pixels the outline is smooth enough without supersampling, and the time matters.
_SUPERSAMPLE_BELOW_PX = 120 * 120


def draw_overlay(
    image_bgr: np.ndarray,
    faces: Sequence[Face],
    model: MorphableModel,
    *,
    mode: Mode = "mesh",
    alpha: float = 0.7,
    surface: Surface = "clay",
    labels: bool = True,
) -> np.ndarray:
    """Draw faces where they are, far ones first.

    Args:
        image_bgr: (H, W, 3) uint8, the image the faces were estimated in; it is not changed.
        faces: with coefficients of model.
        model: the morphable model.
        mode: "mesh" shaded surface, "wire" the edges of the visible triangles, "landmarks" only these (they are drawn
            in every mode).
        alpha: opacity of the mesh or the wires, 0..1.
        surface: of the mesh: "clay" (light grey, lit from the upper left) or "albedo" with the estimated illumination.
        labels: write the face's id and confidence above it.

    Returns:
        (H, W, 3) uint8 BGR, a new picture.

    Raises:
        ImageError: the image is of another type or shape.
        ConfigError: an unknown mode or surface.
        ModelError: a face's coefficients are not of this model.
    """
    if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3:
        raise ImageError(f"image to draw on is {image_bgr.shape} {image_bgr.dtype}; give (H, W, 3) uint8 BGR")
    if mode not in ("mesh", "wire", "landmarks"):
        raise ConfigError(f"overlay mode is '{mode}'; use 'mesh', 'wire' or 'landmarks'")
    if surface not in ("clay", "albedo"):
        raise ConfigError(f"overlay surface is '{surface}'; use 'clay' or 'albedo'")
    picture = np.array(image_bgr, order="C")
    for face in sorted(faces, key=lambda face: -float(face.translation[2])):
        if mode == "mesh":
            _draw_mesh(picture, face, model, alpha, surface)
        elif mode == "wire":
            draw_wireframe(picture, face, model, alpha=alpha)
        draw_landmarks(picture, face.landmarks, lines=mode == "landmarks")
        if labels:
            _draw_label(picture, face)
    return picture


def warm_up(model: MorphableModel) -> None:
    """Compile the drawing loops, before the first image: seconds on a machine's first time, else a fraction of one."""
    camera = Camera.from_fov(64, 64, 60)
    counts = (len(names) for names in (model.identity_names, model.expression_names, model.albedo_names))
    identity, expression, albedo = (np.zeros(count, np.float32) for count in counts)
    face = Face(
        face_id="",
        confidence=1.0,
        roi=(0.0, 0.0, 64.0, 64.0),
        rotation=OPTICAL_FROM_MODEL_FRONTAL,
        translation=np.array([0.0, 0.0, 0.5]),
        identity=identity,
        expression=expression,
        albedo=albedo,
        illumination=ambient(),
        camera=camera,
        landmarks=np.full((68, 2), 32.0),
    )
    model.vertices(identity, expression)
    picture = draw_overlay(np.zeros((64, 64, 3), np.uint8), [face], model)
    draw_wireframe(picture, face, model)


def draw_wireframe(
    picture: np.ndarray,
    face: Face,
    model: MorphableModel,
    *,
    colour: tuple[int, int, int] = _LINE_BGR,
    alpha: float = 0.7,
) -> None:
    """Draw the edges of one face's visible triangles into picture (H, W, 3) uint8 BGR, in place."""
    triangles, opacity = shown_part(model)
    placed = _placed(face, model, picture)
    if placed is None:
        return
    _, points, (x, y, width, height) = placed
    ids, _ = rasterize(points, triangles, width, height)
    seen = triangles[np.bincount(ids[ids >= 0], minlength=len(triangles)) > 0]
    seen = seen[(opacity[seen] > 0.5).all(1)]
    edges = np.unique(np.sort(np.concatenate([seen[:, :2], seen[:, 1:], seen[:, ::2]]), axis=1), axis=0)
    region = picture[y : y + height, x : x + width]
    drawn = region.copy()
    lines = np.rint(points[edges, :2] * (1 << _SHIFT)).astype(np.int32)  # (E, 2, 2)
    cv2.polylines(drawn, list(lines), False, colour, 1, cv2.LINE_AA, _SHIFT)
    region[:] = cv2.addWeighted(drawn, alpha, region, 1 - alpha, 0)


def draw_landmarks(picture: np.ndarray, landmarks: np.ndarray, *, lines: bool = True) -> None:
    """Draw the 68 landmarks (68, 2) px into picture (H, W, 3) uint8 BGR, in place; those not finite are left out."""
    landmarks = np.asarray(landmarks, np.float64)
    if len(landmarks) != 68 or not np.isfinite(landmarks).all() or np.abs(landmarks).max() > 1e6:
        return
    span = float(np.ptp(landmarks, axis=0).max())
    fixed = np.rint(landmarks * (1 << _SHIFT)).astype(np.int32)
    if lines:
        for first, end, closed in IBUG_LINES:
            cv2.polylines(picture, [fixed[first:end]], closed, _LINE_BGR, 1, cv2.LINE_AA, _SHIFT)
    radius = round(float(np.clip(span / 150, 0.8, 4.0)) * (1 << _SHIFT))
    for x, y in fixed.tolist():
        cv2.circle(picture, (x, y), radius, _POINT_BGR, -1, cv2.LINE_AA, _SHIFT)


@lru_cache(maxsize=4)
def shown_part(model: MorphableModel) -> tuple[np.ndarray, np.ndarray]:
    """What an overlay shows of a model: its face with a soft border, not scalp, neck and the inside of the mouth.

    The inside of the mouth is among the triangles, to hide what lies behind it, but with no opacity.

    Returns:
        triangles (F', 3) int32, and opacity (V,) float32 0..1; everything, opaque, of a model without a "face" region.
    """
    if "face" not in model.regions:
        return model.triangles, np.ones(len(model.uv), np.float32)
    inside = [model.regions[name] for name in ("mouth_inner", "tongue") if name in model.regions]
    hidden = np.max([np.zeros(len(model.uv)), *inside], axis=0)
    face = model.regions["face"]
    needed = (face > 0) | (hidden > 0)
    triangles = np.ascontiguousarray(model.triangles[needed[model.triangles].any(1)])
    return triangles, np.asarray(face * (1 - hidden), np.float32)


def _project(face: Face, model: MorphableModel) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of a face: (V, 3) m in the optical frame, and (V, 3) x px, y px, z m as its lens shows them; float32."""
    vertices = model.vertices(face.identity, face.expression)
    optical = vertices @ np.asarray(face.rotation, np.float64).T + np.asarray(face.translation, np.float64)
    points = np.concatenate([face.camera.project(optical), optical[:, 2:]], 1)
    return optical.astype(np.float32), points.astype(np.float32)


def _box(points: np.ndarray, triangles: np.ndarray, picture: np.ndarray) -> tuple[int, int, int, int] | None:
    """x, y, width, height px of what the triangles cover of the picture; None where that is nothing."""
    used = np.isfinite(points).all(1) & (points[:, 2] > NEAR_M)
    used &= np.bincount(triangles.ravel(), minlength=len(points)) > 0
    if not used.any():
        return None
    size = np.array([picture.shape[1], picture.shape[0]])
    low = np.clip(np.floor(points[used, :2].min(0)), 0, size).astype(int)
    high = np.clip(np.ceil(points[used, :2].max(0)) + 1, 0, size).astype(int)
    width, height = (high - low).tolist()
    return (int(low[0]), int(low[1]), width, height) if width > 0 and height > 0 else None


def _placed(
    face: Face, model: MorphableModel, picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int, int]] | None:
    """Vertices (V, 3) in the optical frame and in px from the corner of the shown part's box (x, y, width, height).

    None where that box lies outside the picture.
    """
    optical, points = _project(face, model)
    box = _box(points, shown_part(model)[0], picture)
    if box is None:
        return None
    points[:, :2] -= box[:2]
    return optical, points, box


def _draw_mesh(picture: np.ndarray, face: Face, model: MorphableModel, alpha: float, surface: Surface) -> None:
    triangles, opacity = shown_part(model)
    placed = _placed(face, model, picture)
    if placed is None:
        return
    optical, points, (x, y, width, height) = placed
    # With all triangles, or the edge of the drawn part would be lit as if it ended there.
    normals = vertex_normals(optical, model.triangles)
    highlight = None
    if surface == "clay":
        colours, light, highlight = np.full_like(optical, _CLAY), _CLAY_LIGHT, _CLAY_HIGHLIGHT
    else:
        # Rendered in BGR, as the picture is: both factors of the colour with their channels turned around.
        colours = model.colours(face.albedo)[:, ::-1]
        light = np.asarray(face.illumination, np.float32).reshape(9, 3)[:, ::-1].ravel()
    drawn = render_face(
        points,
        triangles,
        colours,
        normals,
        light,
        (width, height),
        specular=highlight,
        opacity=opacity,
        samples=2 if width * height < _SUPERSAMPLE_BELOW_PX else 1,
    )
    region = np.ascontiguousarray(picture[y : y + height, x : x + width])
    composite(drawn, region, alpha)
    picture[y : y + height, x : x + width] = region


def _draw_label(picture: np.ndarray, face: Face) -> None:
    x, y, width, _ = face.roi
    if not np.isfinite(face.roi).all():
        return
    text = f"{face.face_id} {face.confidence:.2f}"
    scale = float(np.clip(width / 220, 0.4, 1.2))
    (text_width, text_height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    high, margin = picture.shape[0], 3
    left = int(np.clip(x, 0, max(0, picture.shape[1] - text_width - 2 * margin)))
    base = int(np.clip(y - 0.5 * text_height - below, text_height + margin, max(text_height + margin, high - below)))
    plate = picture[max(0, base - text_height - margin) : base + below, left : left + text_width + 2 * margin]
    plate //= 3
    cv2.putText(picture, text, (left + margin, base), cv2.FONT_HERSHEY_SIMPLEX, scale, _TEXT_BGR, 1, cv2.LINE_AA)
