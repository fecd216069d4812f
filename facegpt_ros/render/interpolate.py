"""Differentiable pieces of the renderer, on torch tensors: vertex normals, interpolation, shading of pixels.

On the CPU each is a compiled loop with its own backward (gradient_kernels.py), one mesh a thread; elsewhere, or with
reference=True, the same in plain torch operations. A test holds the two together, values and gradients.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from facegpt_ros.render.shading import SH_CONSTANTS, shade_torch

_CONSTANTS = np.asarray(SH_CONSTANTS, np.float32)


@dataclass(frozen=True)
class CoveredPixels:
    """The pixels of a batch of pictures on which something was drawn, mesh after mesh.

    Attributes:
        triangle_id: (B, H, W) int32 numpy, -1 where there is none.
        flat: B arrays (P_b,) int64, row * W + column.
    """

    triangle_id: np.ndarray
    flat: list[np.ndarray]

    @classmethod
    def of(cls, triangle_id: np.ndarray) -> CoveredPixels:
        return cls(triangle_id, [np.flatnonzero(ids.reshape(-1) >= 0) for ids in triangle_id])

    @property
    def bounds(self) -> np.ndarray:
        """(B + 1,): mesh b has the pixels bounds[b]:bounds[b + 1] of all P."""
        return np.cumsum([0, *(len(pixels) for pixels in self.flat)])

    def index(self) -> torch.Tensor:
        """(P,) int64 into a flattened (B * H * W) picture."""
        area = self.triangle_id[0].size
        return torch.from_numpy(np.concatenate([pixels + b * area for b, pixels in enumerate(self.flat)]))


def vertex_normals_torch(points: torch.Tensor, triangles: torch.Tensor, *, reference: bool = False) -> torch.Tensor:
    """Area-weighted outward normals, NOT normalised: (B, V, 3) m, (F, 3) int → (B, V, 3), m².

    Interpolating them before making them unit, as shade_pixels does, is smoother and saves a step.
    """
    if points.device.type == "cpu" and not reference:
        return _VertexNormals.apply(points, _int32(triangles))
    index = triangles.long().T
    a, b, c = points[:, index[0]], points[:, index[1]], points[:, index[2]]
    face = torch.linalg.cross(b - a, c - a)  # (B, F, 3)
    out = torch.zeros_like(points)
    for corner in index:
        out = out.index_add(1, corner, face)
    return out


def interpolate(
    screen: torch.Tensor,
    attributes: torch.Tensor,
    triangles: torch.Tensor,
    pixels: CoveredPixels,
    *,
    reference: bool = False,
) -> torch.Tensor:
    """Perspective-correct interpolation at covered pixels; the gradient reaches attributes and geometry.

    Args:
        screen: (B, V, 3): x px, y px, z m.
        attributes: (B, V, C).
        triangles: (F, 3) int.
        pixels: where, and which triangle; taken as given, so moving outlines bring no gradient.
        reference: plain torch operations also on the CPU.

    Returns:
        (P, C), mesh after mesh.
    """
    if screen.device.type == "cpu" and not reference:
        return _Interpolate.apply(screen, attributes, _int32(triangles), pixels)
    batch, height, width = pixels.triangle_id.shape
    where = pixels.index().to(screen.device)  # (P,)
    ids = torch.from_numpy(pixels.triangle_id).to(screen.device).reshape(-1)[where].long()
    corners = triangles.long().to(screen.device)[ids] + (where // (height * width) * screen.shape[1])[:, None]  # (P, 3)
    centre = torch.stack([where % width, where // width % height], -1).to(screen.dtype)  # (P, 2)
    corner = screen.reshape(-1, 3)[corners]  # (P, 3, 3)
    x, y = (corner[..., :2] - centre[:, None]).unbind(-1)
    edge = x.roll(-1, 1) * y.roll(-2, 1) - x.roll(-2, 1) * y.roll(-1, 1)
    weight = edge / corner[..., 2]
    weight = weight / weight.sum(1, keepdim=True)
    return (weight[..., None] * attributes.reshape(-1, attributes.shape[-1])[corners]).sum(1)


def shade_pixels(
    values: torch.Tensor, illumination: torch.Tensor, pixels: CoveredPixels, *, reference: bool = False
) -> torch.Tensor:
    """Colour of covered pixels: values (P, 6) = albedo RGB and a normal of any length, φ (B, 27) → (P, 3) RGB."""
    if values.device.type == "cpu" and not reference:
        return _ShadePixels.apply(values, illumination, pixels)
    parts = values.split([len(flat) for flat in pixels.flat])
    shaded = [
        shade_torch(part[:, :3], torch.nn.functional.normalize(part[:, 3:], dim=1), light)
        for part, light in zip(parts, illumination, strict=True)
    ]
    return torch.cat(shaded)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="render")


def each(work: Callable[[int], Any], count: int) -> None:
    """Run work(0) ... work(count - 1), in as many threads as torch may use; raise what one of them raises."""
    if count == 1 or torch.get_num_threads() == 1:
        for b in range(count):
            work(b)
    else:
        list(_threads().map(work, range(count)))


def _int32(triangles: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(triangles.numpy(), np.int32)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to(torch.float32).contiguous().numpy()


class _VertexNormals(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, points: torch.Tensor, triangles: np.ndarray) -> torch.Tensor:
        from facegpt_ros.render import kernels

        source = _array(points)
        out = np.empty_like(source)
        each(lambda b: kernels.accumulate_normals(source[b], triangles, out[b]), len(source))
        ctx.source, ctx.triangles = source, triangles
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        from facegpt_ros.render import gradient_kernels

        grad = _array(grads[0])
        out = np.zeros_like(ctx.source)
        each(lambda b: gradient_kernels.normals_backward(ctx.source[b], ctx.triangles, grad[b], out[b]), len(out))
        return torch.from_numpy(out), None


class _Interpolate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, screen: torch.Tensor, attributes: torch.Tensor, triangles: np.ndarray, pixels: CoveredPixels
    ) -> torch.Tensor:
        from facegpt_ros.render import gradient_kernels

        source, carried, bounds = _array(screen), _array(attributes), pixels.bounds
        width = pixels.triangle_id.shape[2]
        values = np.empty((bounds[-1], carried.shape[2]), np.float32)

        def work(b: int) -> None:
            ids, part = pixels.triangle_id[b].reshape(-1), values[bounds[b] : bounds[b + 1]]
            gradient_kernels.interpolate_forward(source[b], carried[b], triangles, ids, pixels.flat[b], width, part)

        each(work, len(source))
        ctx.source, ctx.carried, ctx.triangles, ctx.pixels = source, carried, triangles, pixels
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        from facegpt_ros.render import gradient_kernels

        pixels, source, carried, bounds = ctx.pixels, ctx.source, ctx.carried, ctx.pixels.bounds
        width = pixels.triangle_id.shape[2]
        grad = _array(grads[0])
        to_screen, to_attributes = np.zeros_like(source), np.zeros_like(carried)

        def work(b: int) -> None:
            ids, part = pixels.triangle_id[b].reshape(-1), grad[bounds[b] : bounds[b + 1]]
            gradient_kernels.interpolate_backward(
                source[b], carried[b], ctx.triangles, ids, pixels.flat[b], width, part, to_screen[b], to_attributes[b]
            )

        each(work, len(source))
        return torch.from_numpy(to_screen), torch.from_numpy(to_attributes), None, None


class _ShadePixels(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, illumination: torch.Tensor, pixels: CoveredPixels) -> torch.Tensor:
        from facegpt_ros.render import gradient_kernels

        source, bounds = _array(values), pixels.bounds
        light = _array(illumination).reshape(-1, 9, 3)
        image = np.empty((len(source), 3), np.float32)

        def work(b: int) -> None:
            part = slice(bounds[b], bounds[b + 1])
            gradient_kernels.shade_forward(source[part], light[b], _CONSTANTS, image[part])

        each(work, len(light))
        ctx.source, ctx.light, ctx.bounds = source, light, bounds
        return torch.from_numpy(image)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        from facegpt_ros.render import gradient_kernels

        source, light, bounds = ctx.source, ctx.light, ctx.bounds
        grad = _array(grads[0])
        to_values, to_light = np.empty_like(source), np.zeros_like(light)

        def work(b: int) -> None:
            part = slice(bounds[b], bounds[b + 1])
            gradient_kernels.shade_backward(
                source[part], light[b], _CONSTANTS, grad[part], to_values[part], to_light[b]
            )

        each(work, len(light))
        return torch.from_numpy(to_values), torch.from_numpy(to_light.reshape(-1, 27)), None
