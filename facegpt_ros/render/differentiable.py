"""A differentiable picture of the morphable model, in torch, for training without 3D labels.

Visibility is decided by the shared rasteriser without a gradient; then colour and light of each covered pixel are
recomputed from its three projected vertices, so the gradient reaches geometry, colour, light and the camera. The
outline itself brings none: the landmark loss moves it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from facegpt_ros.render.paint import each, paint, vertex_normals_torch
from facegpt_ros.render.rasterize import NEAR_M, Backend, checked_mesh, visible_triangles


@dataclass(frozen=True)
class RenderOutput:
    """What render drew.

    Attributes:
        image: (B, 3, S, S) RGB, not clipped; 0 where nothing is. Differentiable.
        mask: (B, S, S) 1 where the mesh is, else 0; no gradient.
        triangle_id: (B, S, S) int32, -1 where nothing is.
    """

    image: torch.Tensor
    mask: torch.Tensor
    triangle_id: torch.Tensor


def project_torch(points: torch.Tensor, focal: torch.Tensor, size: int) -> torch.Tensor:
    """The virtual crop camera: (B, V, 3) m, optical frame → (B, V, 3) x px, y px, z m. (0, 0): top left pixel's centre.

    x px = (focal * x / z + 1) * size / 2 - 0.5, and y alike; focal (B,) in half crop widths.
    """
    z = points[..., 2:]
    # Clamped for the division only: what lies behind the camera is not drawn, and must not make gradients NaN.
    pixels = (points[..., :2] / z.clamp_min(NEAR_M) * focal[:, None, None] + 1) * (size / 2) - 0.5
    return torch.cat([pixels, z], -1)


def render(
    points: torch.Tensor,
    triangles: torch.Tensor,
    colours: torch.Tensor,
    illumination: torch.Tensor,
    focal: torch.Tensor,
    size: int,
    *,
    backend: Backend = "numba",
    reference: bool = False,
) -> RenderOutput:
    """Draw a batch of meshes of one topology.

    Args:
        points: (B, V, 3) m, optical frame of the virtual camera.
        triangles: (F, 3) int, counter-clockwise seen from outside. Leave some out to draw a part; normals then come
            from that part.
        colours: (B, V, 3) albedo RGB 0..1.
        illumination: φ (B, 27), harmonic-major.
        focal: (B,) in half crop widths.
        size: S, px.
        backend: of the rasteriser.
        reference: plain torch operations also on the CPU, to compare with.

    Raises:
        ModelError: a mesh of the wrong shape, or an index without a vertex.
    """
    # Half precision, as under autocast, would move vertices by pixels.
    dtype = torch.float64 if points.dtype == torch.float64 else torch.float32
    points, colours, illumination, focal = (x.to(dtype) for x in (points, colours, illumination, focal))
    count = len(points)
    screen = project_torch(points, focal, size)
    drawn = screen.detach().to("cpu", torch.float32).numpy()
    corners = triangles.detach().cpu().numpy()
    triangle_id = np.full((count, size, size), -1, np.int32)
    if count:
        checked_mesh(drawn[0], corners)

    def visibility(b: int) -> None:
        triangle_id[b] = visible_triangles(drawn[b], corners, size, size, backend=backend)

    each(visibility, count)
    ids = torch.from_numpy(triangle_id).to(points.device)
    normals = vertex_normals_torch(points, triangles, reference=reference)
    image = paint(screen, colours, normals, illumination, triangles, ids, reference=reference)
    return RenderOutput(image, (ids >= 0).to(points.dtype), ids)
