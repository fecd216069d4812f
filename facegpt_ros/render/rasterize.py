"""Which triangle each pixel sees, and where in it: the one function that everything rendered goes through."""

from __future__ import annotations

from typing import Literal

import numpy as np

from facegpt_ros.errors import FaceGPTError, ModelError

Backend = Literal["numba", "nvdiffrast"]

NEAR_M = 1e-4
"""Triangles with a vertex nearer than this, m, or behind the camera, are left out: they are not clipped."""


def rasterize(
    points: np.ndarray,
    triangles: np.ndarray,
    width: int,
    height: int,
    *,
    near: float = NEAR_M,
    cull: bool = True,
    backend: Backend = "numba",
) -> tuple[np.ndarray, np.ndarray]:
    """z-buffer of a triangle mesh.

    Args:
        points: (V, 3) float32: x px, y px ((0, 0) is the centre of the top left pixel), z m in the optical frame.
        triangles: (F, 3) int32, counter-clockwise seen from outside in the model frame (y up).
        width, height: of the image, px.
        near: m; triangles with a vertex at z <= near are skipped, as are those with a vertex that is not finite.
        cull: leave out faces that look away from the camera. Pixels have y down, so the ones kept have a negative
            signed area in pixels.
        backend: "numba" (CPU) or "nvdiffrast" (CUDA, PyPI's diffrp-nvdiffrast; needs torch and nvcc).

    Returns:
        triangle_id (H, W) int32, -1 where there is none, and barycentric (H, W, 3) float32, perspective-correct, zero
        there. Of two surfaces at one depth the first triangle is seen.

    Raises:
        ModelError: arrays of the wrong shape, or an index without a vertex.
        FaceGPTError: nvdiffrast or CUDA is missing.
    """
    points, triangles = checked_mesh(points, triangles)
    if width <= 0 or height <= 0:
        raise ModelError(f"image size is {width}x{height}; both must be positive")
    if backend == "nvdiffrast":
        return _rasterize_nvdiffrast(points, triangles, width, height, near, cull)
    if backend != "numba":
        raise FaceGPTError(f"rasteriser is '{backend}'; use 'numba' or 'nvdiffrast'")
    from facegpt_ros.render import kernels

    keys = np.empty((height, width), np.int64)
    kernels.fill(points, triangles, np.float32(near), cull, keys)
    triangle_id = np.empty((height, width), np.int32)
    barycentric = np.empty((height, width, 3), np.float32)
    kernels.resolve(points, triangles, keys, triangle_id, barycentric)
    return triangle_id, barycentric


def visible_triangles(
    points: np.ndarray, triangles: np.ndarray, width: int, height: int, *, backend: Backend = "numba"
) -> np.ndarray:
    """The triangle_id (H, W) of rasterize alone, with its defaults, for those who do not need the barycentrics."""
    if backend != "numba":
        return rasterize(points, triangles, width, height, backend=backend)[0]
    points, triangles = checked_mesh(points, triangles)
    from facegpt_ros.render import kernels

    keys = np.empty((height, width), np.int64)
    triangle_id = np.empty((height, width), np.int32)
    kernels.fill(points, triangles, np.float32(NEAR_M), True, keys)
    kernels.resolve_triangles(keys, triangle_id)
    return triangle_id


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit outward normals of the vertices, area-weighted.

    Args:
        points: (V, 3) m, in any right-handed frame; not pixels.
        triangles: (F, 3), counter-clockwise seen from outside.

    Returns:
        (V, 3) float32 in the points' frame; (0, 0, -1) for a vertex without triangles.
    """
    points, triangles = checked_mesh(points, triangles)
    from facegpt_ros.render import kernels

    normals = np.empty_like(points)
    kernels.accumulate_normals(points, triangles, normals)
    kernels.normalise(normals)
    return normals


def checked_mesh(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mesh as the compiled loops take it: they do not check indices, and would read foreign memory."""
    points, triangles = packed(points, np.float32), packed(triangles, np.int32)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ModelError(f"points have the shape {points.shape}; give (V, 3)")
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise ModelError(f"triangles have the shape {triangles.shape}; give (F, 3)")
    # As unsigned numbers, negative indices are large too: one pass checks both ends.
    if triangles.size and triangles.view(np.uint32).max() >= len(points):
        raise ModelError(
            f"triangles name vertices {triangles.min()} to {triangles.max()}, the mesh has {len(points)}; "
            "use the triangles of the same model"
        )
    return points, triangles


def packed(array: np.ndarray, dtype: type) -> np.ndarray:
    """The array as the loops expect it, so that each compiles once: C-contiguous, writable, of dtype. Copies if not."""
    return np.require(array, dtype, ["C", "W"])


def _rasterize_nvdiffrast(
    points: np.ndarray, triangles: np.ndarray, width: int, height: int, near: float, cull: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The same on CUDA. Pixels become clip coordinates with w = z, so nvdiffrast's barycentrics are the same ones."""
    try:
        import nvdiffrast.torch as dr
        import torch
    except ImportError as error:
        raise FaceGPTError(
            f"rasteriser 'nvdiffrast' cannot be imported ({error}); pip install diffrp-nvdiffrast, or use 'numba'"
        ) from error
    if not torch.cuda.is_available():
        raise FaceGPTError("rasteriser 'nvdiffrast' needs a CUDA GPU and found none; use 'numba'")
    keep = np.all(np.isfinite(points) & (points[:, 2:] > near), axis=1)[triangles].all(1)
    if cull:
        a, b, c = (points[triangles[:, k], :2] for k in range(3))
        ab, ac = b - a, c - a
        with np.errstate(invalid="ignore"):
            keep &= ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0] < 0
    kept = np.flatnonzero(keep).astype(np.int32)
    if not len(kept):
        return np.full((height, width), -1, np.int32), np.zeros((height, width, 3), np.float32)
    z = np.where(np.isfinite(points[:, 2]), points[:, 2], 1.0)
    far = float(z.max()) * 1.01 + near
    x = (points[:, 0] + 0.5) * 2 / width - 1
    y = (points[:, 1] + 0.5) * 2 / height - 1
    depth = (far + near) / (far - near) - 2 * far * near / (far - near) / np.maximum(z, near)
    clip = np.stack([x * z, y * z, depth * z, z], -1).astype(np.float32)
    clip = np.where(np.isfinite(clip), clip, np.float32(0))
    context = dr.RasterizeCudaContext()
    drawn = torch.from_numpy(triangles[kept]).cuda()
    raster, _ = dr.rasterize(context, torch.from_numpy(clip).cuda()[None], drawn, (height, width))
    u, v, _, number = raster[0].cpu().numpy().transpose(2, 0, 1)
    hit = number > 0
    triangle_id = np.where(hit, kept[np.maximum(number.astype(np.int64) - 1, 0)], -1).astype(np.int32)
    barycentric = np.where(hit[..., None], np.stack([u, v, 1 - u - v], -1), 0).astype(np.float32)
    return triangle_id, barycentric
