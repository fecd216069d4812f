"""How well an albedo explains photographs: PSNR of photos redrawn from γ and φ alone, the geometry held."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from facegpt_ros.morphable.skin import skin_trust
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from facegpt_ros.render.shading import sh_basis
from facegpt_ros.training.albedo.chart import Chart
from facegpt_ros.training.albedo.photo_textures import FittedPhoto

_ROUNDS = 8
_NOISE = 0.03  # standard deviation of a colour that γ's prior is weighed against
_PIXELS = 1000.0  # independent pixels that a photo counts as
_SKIN = ("skin", "lips", "brows")


def photo_psnr(
    photo: FittedPhoto, chart: Chart, uv_corners: np.ndarray, mean: np.ndarray, basis: np.ndarray, *, by_vertex: bool
) -> float:
    """dB over the pixels of a photo that show skin (skin.skin_trust), all three channels; γ and φ by least squares.

    Args:
        photo: with its fitted mesh.
        chart: of the texture; uv_corners: its layout.
        mean: (N, 3) at the chart's texels, or (V, 3) by vertex; basis: (K, N or V, 3).
        by_vertex: which of them.
    """
    model = chart.model
    image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    pixels = np.column_stack([photo.camera.project(photo.optical), photo.optical[:, 2]]).astype(np.float32)
    ids, barycentric = rasterize(pixels, model.triangles, image.shape[1], image.shape[0])
    shown = np.max([model.regions.get(name, np.zeros(model.n_vertices)) for name in _SKIN], axis=0)
    compared = ((shown > 0.5) & (chart.photographed > 0.5))[model.triangles].all(1)
    where = (ids >= 0) & compared[np.maximum(ids, 0)]
    trust = skin_trust(image, where)[where]
    corners, weights = model.triangles[ids[where]], barycentric[where]
    normals = np.einsum("nck,nc->nk", vertex_normals(photo.optical, model.triangles)[corners], weights)
    light = sh_basis(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9))
    colour = image[where][:, ::-1] / np.float32(255)

    def at(values: np.ndarray) -> np.ndarray:
        if by_vertex:
            return np.einsum("nck,nc->nk", values[corners], weights)
        uv = np.einsum("nck,nc->nk", uv_corners[ids[where]], weights)
        return chart.lookup(uv) @ values

    count = len(basis)
    flat = np.ascontiguousarray(np.moveaxis(basis, 0, -1), np.float32).reshape(basis.shape[1], -1)
    here, shapes = at(mean.astype(np.float32)), at(flat).reshape(len(colour), 3, count)
    gamma, phi = np.zeros(count), np.zeros((9, 3))
    strength = _PIXELS * trust / max(float(trust.sum()), 1e-6) / _NOISE**2
    for _ in range(_ROUNDS):
        albedo = here + shapes @ gamma.astype(np.float32)
        for channel in range(3):
            design = light * albedo[:, channel, None]
            gram = (design * strength[:, None]).T @ design + 1e-3 * strength.sum() * 1e-3 * np.eye(9)
            phi[:, channel] = np.linalg.solve(gram, (design * strength[:, None]).T @ colour[:, channel])
        shading = (light @ phi).astype(np.float32)
        if count:
            root = np.sqrt(strength)[:, None].astype(np.float32)
            design = (shapes * (shading * root)[..., None]).reshape(-1, count)
            gram = (design.T @ design).astype(np.float64) + np.eye(count)
            gamma = np.linalg.solve(gram, design.T @ ((colour - here * shading) * root).ravel())
    drawn = np.clip((here + shapes @ gamma.astype(np.float32)) * shading, 0, 1)
    error = float(((drawn - colour)[trust > 0] ** 2).mean())
    return -10 * np.log10(max(error, 1e-10))


def mean_psnr(photos: Sequence[FittedPhoto], *args, **kwargs) -> float:
    """The mean of photo_psnr over photos."""
    return float(np.mean([photo_psnr(photo, *args, **kwargs) for photo in photos]))
