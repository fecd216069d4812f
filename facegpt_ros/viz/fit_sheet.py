"""Pictures of what a fit makes of its photo or scan."""

from __future__ import annotations

import cv2
import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.morphable.fit import ScanFit
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.photometric import SkinSurface
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.morphable.surface import Surface
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.render.batch import composite, project, render_face
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from facegpt_ros.render.shading import ambient, directional, sh_basis
from facegpt_ros.viz.overlay import draw_overlay

_LIGHT = ambient(0.5) + directional(np.array([-0.4, -0.7, -1.0]), 0.5)
_CLAY = 0.8
_BACKGROUND = 230
_HALF_VIEW_M = 0.13
_FULL_COLOUR_MM = 3.0  # of the scale from blue to red
_GAIN = 2.0  # of the difference, around grey


def draw_skin(shape: tuple[int, ...], face: Face, surface: SkinSurface) -> tuple[np.ndarray, np.ndarray]:
    """The compared skin of a face as the fit sees it.

    Args:
        shape: (H, W, ...) of the photo.

    Returns:
        (H, W, 3) float32 BGR 0..255, not clipped, and (H, W) bool, where skin is.
    """
    height, width = shape[:2]
    model = surface.model
    points = (model.vertices(face.identity, face.expression) @ face.rotation.T + face.translation).astype(np.float32)
    pixels = np.concatenate([face.camera.project(points), points[:, 2:]], 1).astype(np.float32)
    ids, barycentric = rasterize(pixels, model.triangles, width, height)
    skin = (ids >= 0) & surface.compared[np.maximum(ids, 0)]
    turned = CropCamera.from_landmarks(face.camera, face.landmarks).rotation.astype(np.float32)
    normals = vertex_normals(points, model.triangles) @ turned  # φ is in the frame of a camera turned to the face
    light = sh_basis(normals) @ np.asarray(face.illumination, np.float32).reshape(9, 3)
    albedo = model.bases["albedo_mean"] + (face.albedo @ model.bases["albedo"]).reshape(-1, 3)
    corners = model.triangles[ids[skin]]
    picture = np.zeros((height, width, 3), np.float32)
    at = [np.einsum("nci,nc->ni", values[corners], barycentric[skin]) for values in (albedo, light)]
    picture[skin] = 255 * (at[0] * at[1])[:, ::-1]
    return picture, skin


def photo_sheet(image_bgr: np.ndarray, face: Face, surface: SkinSurface, size: int = 320) -> np.ndarray:
    """The face in the photo, the fit over it, their difference around grey, the bare mesh: (size, 4 size, 3) BGR."""
    picture, skin = draw_skin(image_bgr.shape, face, surface)
    fitted, difference = image_bgr.copy(), np.full_like(image_bgr, 128)
    fitted[skin] = picture[skin].clip(0, 255).astype(np.uint8)
    difference[skin] = (128 + _GAIN * (picture - image_bgr)[skin]).clip(0, 255).astype(np.uint8)
    mesh = draw_overlay(image_bgr, [face], surface.model, alpha=1.0, labels=False)
    low, high = face.landmarks.min(0), face.landmarks.max(0)
    zoom = size / (1.7 * float((high - low).max()))
    shift = size / 2 - zoom * (low + high) / 2
    window = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    return np.hstack(
        [cv2.warpAffine(x, window, (size, size), flags=way) for x in (image_bgr, fitted, difference, mesh)]
    )


def scan_sheet(scan: Scan, fit: ScanFit, model: LinearModel, triangles: np.ndarray, size: int = 320) -> np.ndarray:
    """Scan, fitted mesh and distances (blue 0 to red 3 mm), from ahead and from the side: (2 size, 3 size, 3) BGR.

    Args:
        triangles: (F, 3) of the model, to which distances are measured.
    """
    rows = []
    vertices = model.vertices(fit.identity, fit.expression)
    placed = _in_model_frame(scan.vertices, fit)
    gaps = 1e3 * Surface(vertices, triangles).nearest(placed).distance
    level = (255 * np.clip(gaps / _FULL_COLOUR_MM, 0, 1)).astype(np.uint8)
    heat = cv2.applyColorMap(level[:, None], cv2.COLORMAP_TURBO)[:, 0, ::-1] / np.float32(255)
    clay, grey = np.full(placed.shape, _CLAY, np.float32), np.full(vertices.shape, _CLAY, np.float32)
    for yaw in (0.0, 50.0):
        parts = [(placed, scan.triangles, clay), (vertices, model.triangles, grey), (placed, scan.triangles, heat)]
        rows.append(np.hstack([_draw(*part, yaw, size) for part in parts]))
    return np.vstack(rows)


def _in_model_frame(points: np.ndarray, fit: ScanFit) -> np.ndarray:
    return (points / fit.scale - fit.translation) @ fit.rotation


def _draw(points: np.ndarray, triangles: np.ndarray, colours: np.ndarray, yaw: float, size: int) -> np.ndarray:
    """A mesh or a cloud in the model's frame, (size, size, 3) uint8 BGR."""
    turned = (points @ matrix_from_euler(yaw, 0, 0).T + (0, -0.02, 1)).astype(np.float32)
    pixels = project(turned, 1 / _HALF_VIEW_M, size)
    picture = np.full((size, size, 3), _BACKGROUND, np.uint8)
    if len(triangles):
        corners = triangles.astype(np.int32)
        composite(render_face(pixels, corners, colours, vertex_normals(turned, corners), _LIGHT, size), picture)
    else:
        x, y = np.rint(pixels[:, :2]).astype(int).T
        inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
        picture[y[inside], x[inside]] = 255 * colours[inside]
    return np.ascontiguousarray(picture[..., ::-1])
