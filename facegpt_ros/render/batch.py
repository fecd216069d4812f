"""One shaded face into a picture, fast: what training data, previews and the overlay are drawn with.

The loops run without the GIL: render in Python threads to use all cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.render.rasterize import checked_mesh, packed
from facegpt_ros.render.shading import SH_CONSTANTS

_CONSTANTS = np.asarray(SH_CONSTANTS, np.float32)
_NONE = np.empty(0, np.float32)
_UNSHADOWED = np.empty((0, 3), np.float32)
_NO_DETAIL = np.empty((0, 0, 1), np.float32)
_NO_UV = np.empty((0, 3, 2), np.float32)


@dataclass(frozen=True)
class Specular:
    """A Blinn-Phong highlight of one distant white light.

    Args:
        direction: (3,) towards the light, optical frame; any length but zero.
        strength: added to the colour where the highlight is brightest, 0..1.
        shininess: exponent; skin is about 8 (matt) to 40 (oily).
    """

    direction: tuple[float, float, float]
    strength: float = 0.15
    shininess: float = 16.0


@dataclass(frozen=True)
class FaceRender:
    """A rendered face.

    Attributes:
        image: (H, W, 3) float32 RGB 0..1, straight (not multiplied by alpha); black where alpha is 0.
        alpha: (H, W) float32 0..1, the share of each pixel that the face covers.
        triangle_id: (H, W) int32, a triangle seen in the pixel, -1 where there is none: masks come from it.
    """

    image: np.ndarray
    alpha: np.ndarray
    triangle_id: np.ndarray


def project(points: np.ndarray, focal: float, size: int) -> np.ndarray:
    """The virtual crop camera, as in differentiable.render: optical frame (V, 3) m → (V, 3) x px, y px, z m.

    Args:
        points: (V, 3), optical frame of the virtual camera.
        focal: in half crop widths: a point at x/z = 1/focal lies on the crop's edge.
        size: of the square crop, px.
    """
    points = np.asarray(points, np.float32)
    z = points[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = (points[:, :2] / z * np.float32(focal) + 1) * np.float32(size / 2) - np.float32(0.5)
    return np.concatenate([pixels, z], 1)


def render_face(
    points: np.ndarray,
    triangles: np.ndarray,
    colours: np.ndarray,
    normals: np.ndarray,
    illumination: np.ndarray,
    size: int | tuple[int, int],
    *,
    uv: np.ndarray | None = None,
    detail: np.ndarray | None = None,
    shadow: np.ndarray | None = None,
    occlusion: np.ndarray | None = None,
    specular: Specular | None = None,
    opacity: np.ndarray | None = None,
    samples: int = 2,
) -> FaceRender:
    """Draw one mesh: z-buffer, spherical-harmonics light by vertex, and antialiasing by a box of samples².

    Args:
        points: (V, 3) float32, x px, y px, z m in the optical frame; see project.
        triangles: (F, 3) int32, counter-clockwise seen from outside.
        colours: albedo (V, 3) RGB 0..1.
        normals: (V, 3) unit, optical frame; see rasterize.vertex_normals.
        illumination: φ (27,), harmonic-major.
        size: of the picture, px: a square's side, or (width, height).
        uv: u right and v up, 0..1; needed by detail. (F, 3, 2) by triangle corner, right also at seams and faster,
            or (V, 2) by vertex.
        detail: (T, T) or (T, T, 3), multiplies the albedo; row 0 is v = 1. Sampled bilinearly.
        shadow: (V, 3) RGB, added to the light, which stays at least 0; see self_shadow.
        occlusion: (V,) 0 (no light reaches the vertex) to 1, multiplies the light.
        specular: a highlight, or None.
        opacity: (V,) 0..1, multiplies alpha: for soft borders. What is seen through is the background, not the mesh.
        samples: per pixel and axis, 1 to 4.

    Raises:
        ModelError: arrays of the wrong shape.
    """
    points, triangles = checked_mesh(points, triangles)
    width, height = (size, size) if isinstance(size, int) else size
    if width <= 0 or height <= 0 or not 1 <= samples <= 4:
        raise ModelError(
            f"picture is {width}x{height} px with {samples} samples; give positive sizes and samples 1 to 4"
        )
    count = len(points)
    colours = _checked("colours", colours, (count, 3))
    normals = _checked("normals", normals, (count, 3))
    light = _checked("illumination", illumination, (27,)).reshape(9, 3)
    shadow = _UNSHADOWED if shadow is None else _checked("shadow", shadow, (count, 3))
    occlusion = _NONE if occlusion is None else _checked("occlusion", occlusion, (count,))
    opacity = _NONE if opacity is None else _checked("opacity", opacity, (count,))
    if detail is None:
        texture, coordinates = _NO_DETAIL, _NO_UV
    else:
        if uv is None:
            raise ModelError("a detail texture needs uv (F, 3, 2) or (V, 2); give the model's")
        corners = uv if uv.ndim == 3 else _checked("uv", uv, (count, 2))[triangles]
        coordinates = _checked("uv", corners, (len(triangles), 3, 2))
        texture = packed(detail[..., None] if detail.ndim == 2 else detail, np.float32)
        if texture.ndim != 3 or texture.shape[2] not in (1, 3) or 0 in texture.shape:
            raise ModelError(f"detail has the shape {detail.shape}; give (T, T) or (T, T, 3)")
    from facegpt_ros.render import kernels

    image = np.empty((height, width, 3), np.float32)
    alpha = np.empty((height, width), np.float32)
    ids = np.empty((height, width), np.int32)
    lit = np.empty((count, 4), np.float32)
    kernels.shade_vertices(colours, normals, light, _CONSTANTS, shadow, occlusion, _highlight(specular), lit)
    kernels.render_face(points, triangles, lit, coordinates, texture, opacity, samples, image, alpha, ids)
    return FaceRender(image, alpha, ids)


def composite(render: FaceRender, background: np.ndarray, opacity: float = 1.0) -> None:
    """Blend a face over a picture of the same size, in place.

    Args:
        render: the face.
        background: (H, W, 3) RGB, C-contiguous: uint8 0..255 or float32 0..1.
        opacity: 0..1, of the whole face.

    Raises:
        ModelError: another size or type.
    """
    if background.shape != render.image.shape or background.dtype not in (np.uint8, np.float32):
        raise ModelError(
            f"background is {background.shape} {background.dtype}; give {render.image.shape} uint8 or float32"
        )
    from facegpt_ros.render import kernels

    unit = np.float32(255 if background.dtype == np.uint8 else 1)
    kernels.composite(render.image, render.alpha, np.float32(opacity), unit, background)


def _checked(name: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    array = packed(array, np.float32)
    if array.shape != shape:
        raise ModelError(f"{name} has the shape {array.shape}; give {shape}")
    return array


def _highlight(specular: Specular | None) -> np.ndarray:
    """(5,) for the loop: the vector halfway between the light and the camera (at -z), strength, shininess."""
    out = np.zeros(5, np.float32)
    if specular is not None:
        light = np.asarray(specular.direction, np.float64)
        length = np.linalg.norm(light)
        if not length > 0:
            raise ModelError(f"highlight direction is {specular.direction}; give a vector with a length")
        halfway = light / length + (0, 0, -1)
        out[:3] = halfway / max(float(np.linalg.norm(halfway)), 1e-6)
        out[3:] = specular.strength, specular.shininess
    return out
