"""The differentiable half of the renderer, on torch tensors: vertex normals, and the colour of covered pixels.

In float32 on the CPU each is a compiled loop with its own backward (gradient_kernels.py), one mesh a thread; elsewhere,
or with reference=True, the same in plain torch operations. Tests hold the two together, values and gradients.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch

from facegpt_ros.render.shading import SH_CONSTANTS, shade_torch

_CONSTANTS = np.asarray(SH_CONSTANTS, np.float32)


def vertex_normals_torch(points: torch.Tensor, triangles: torch.Tensor, *, reference: bool = False) -> torch.Tensor:
    """Area-weighted outward normals, NOT of unit length: (B, V, 3) m, (F, 3) int → (B, V, 3), m²."""
    if _compiled(points) and not reference:
        return _VertexNormals.apply(points, np.ascontiguousarray(triangles.numpy(), np.int32))
    index = triangles.long().to(points.device).T
    a, b, c = points[:, index[0]], points[:, index[1]], points[:, index[2]]
    face = torch.linalg.cross(b - a, c - a)  # (B, F, 3)
    out = torch.zeros_like(points)
    for corner in index:
        out = out.index_add(1, corner, face)
    return out


def paint(
    screen: torch.Tensor,
    colours: torch.Tensor,
    normals: torch.Tensor,
    illumination: torch.Tensor,
    triangles: torch.Tensor,
    triangle_id: torch.Tensor,
    *,
    reference: bool = False,
) -> torch.Tensor:
    """Interpolate colour and normal with perspective-correct weights, and light each covered pixel.

    Args:
        screen: (B, V, 3): x px, y px, z m in the optical frame.
        colours: (B, V, 3) albedo RGB.
        normals: (B, V, 3), optical frame, of any length.
        illumination: φ (B, 27).
        triangles: (F, 3) int.
        triangle_id: (B, H, W) int32, -1 where nothing is. Taken as given: moving outlines bring no gradient.
        reference: plain torch operations also on the CPU.

    Returns:
        (B, 3, H, W) RGB, not clipped, 0 where nothing is; differentiable in the first four.
    """
    if _compiled(screen) and not reference:
        topology = np.ascontiguousarray(triangles.numpy(), np.int32)
        return _Paint.apply(screen, colours, normals, illumination, topology, triangle_id.numpy())
    batch, height, width = triangle_id.shape
    mesh, row, column = torch.nonzero(triangle_id >= 0, as_tuple=True)  # (P,) each
    seen = triangle_id[mesh, row, column].long()
    corners = triangles.long().to(screen.device)[seen] + (mesh * screen.shape[1])[:, None]  # (P, 3)
    vertex = screen.reshape(-1, 3)[corners]  # (P, 3, 3)
    centre = torch.stack([column, row], -1).to(screen.dtype)  # (P, 2)
    x, y = (vertex[..., :2] - centre[:, None]).unbind(-1)
    edge = x.roll(-1, 1) * y.roll(-2, 1) - x.roll(-2, 1) * y.roll(-1, 1)
    weight = edge / vertex[..., 2]
    weight = weight / weight.sum(1, keepdim=True)  # (P, 3)
    albedo, normal = ((weight[..., None] * of.reshape(-1, 3)[corners]).sum(1) for of in (colours, normals))
    normal = torch.nn.functional.normalize(normal, dim=1)
    shaded = shade_torch(albedo[:, None], normal[:, None], illumination[mesh])[:, 0]  # (P, 3)
    empty = shaded.new_zeros(batch, height, width, 3)
    return empty.index_put((mesh, row, column), shaded).permute(0, 3, 1, 2)


def _compiled(tensor: torch.Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.dtype == torch.float32


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="render")


def each(work: Callable[[int], Any], count: int) -> None:
    """Run work(0) ... work(count - 1), in threads where torch may use some; raise what one of them raises."""
    if count == 1 or torch.get_num_threads() == 1:
        for b in range(count):
            work(b)
    else:
        list(_threads().map(work, range(count)))


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


class _Paint(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        screen: torch.Tensor,
        colours: torch.Tensor,
        normals: torch.Tensor,
        illumination: torch.Tensor,
        triangles: np.ndarray,
        triangle_id: np.ndarray,
    ) -> torch.Tensor:
        from facegpt_ros.render import gradient_kernels

        sources = [*(_array(x) for x in (screen, colours, normals)), _array(illumination).reshape(-1, 9, 3)]
        image = np.zeros((len(triangle_id), 3, *triangle_id.shape[1:]), np.float32)

        def work(b: int) -> None:
            mesh = (source[b] for source in sources)
            gradient_kernels.paint_forward(*mesh, _CONSTANTS, triangles, triangle_id[b], image[b])

        each(work, len(image))
        ctx.sources, ctx.triangles, ctx.triangle_id = sources, triangles, triangle_id
        return torch.from_numpy(image)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        from facegpt_ros.render import gradient_kernels

        grad = _array(grads[0])
        out = [np.zeros_like(source) for source in ctx.sources]

        def work(b: int) -> None:
            mesh, to = (source[b] for source in ctx.sources), (gradient[b] for gradient in out)
            gradient_kernels.paint_backward(*mesh, _CONSTANTS, ctx.triangles, ctx.triangle_id[b], grad[b], *to)

        each(work, len(grad))
        return (*(torch.from_numpy(x) for x in out[:3]), torch.from_numpy(out[3].reshape(-1, 27)), None, None)
