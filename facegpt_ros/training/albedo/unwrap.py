"""Photos unwrapped into the texture of the face that was fitted to them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.texels import Texels
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.rasterize import rasterize, vertex_normals

_DEPTH_SCALE = 2  # depth map px per photo px
_HIDDEN_BY_M = 0.002
#: Cosine between normal and line of sight at which a photo begins to say something, and from which on it says all.
_GRAZING, _FACING = 0.3, 0.75
_BORDER = 2  # texels next to what is not seen that are not believed either


@dataclass(frozen=True)
class Unwrapped:
    """What one photo says of N chosen texels.

    Attributes:
        colour: (N, 3) float32 RGB 0..1, with the photo's light in it; anything where weight is 0.
        weight: (N,) float32 0..1: how much the photo can be believed, by visibility and angle.
        normal: (N, 3) float32 unit, optical frame.
    """

    colour: np.ndarray
    weight: np.ndarray
    normal: np.ndarray


class Unwrapper:
    """Prepared once for a model and a choice of its texels.

    Args:
        model: the fitted model.
        texels: of its layout.
        chosen: (n,) of the texels, the N ones to look up.
    """

    def __init__(self, model: MorphableModel, texels: Texels, chosen: np.ndarray) -> None:
        self.model, self._texels, self.chosen = model, texels, chosen
        self._corners = model.triangles[texels.triangle[chosen]]  # (N, 3)
        self._barycentric = texels.barycentric[chosen]
        self._where = np.zeros(texels.covered.shape, bool)
        self._where.ravel()[np.flatnonzero(texels.covered)[chosen]] = True

    def __call__(self, image: np.ndarray, camera: Camera, optical: np.ndarray) -> Unwrapped:
        """One photo.

        Args:
            image: (H, W, 3) uint8 BGR.
            camera: of the photo.
            optical: (V, 3) m, the fitted mesh in the camera's optical frame.
        """
        optical = optical.astype(np.float32)
        pixels = camera.project(optical).astype(np.float32)
        normals = vertex_normals(optical, self.model.triangles)
        by_vertex = np.column_stack([pixels, optical, normals])  # (V, 8)
        values = np.einsum("nck,nc->nk", by_vertex[self._corners], self._barycentric)
        xy, point, normal = values[:, :2], values[:, 2:5], values[:, 5:]
        normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        sight = point / np.maximum(np.linalg.norm(point, axis=1, keepdims=True), 1e-9)
        t = np.clip((-(normal * sight).sum(1) - _GRAZING) / (_FACING - _GRAZING), 0, 1)
        seen = self._shown(pixels, optical[:, 2], xy, point[:, 2], image.shape[:2])
        weight = (t * t * (3 - 2 * t) * self._shrunk(seen)).astype(np.float32)
        return Unwrapped(sampled(image, xy)[:, ::-1] / 255, weight, normal.astype(np.float32))

    def _shown(
        self, pixels: np.ndarray, depth: np.ndarray, xy: np.ndarray, z: np.ndarray, shape: tuple[int, int]
    ) -> np.ndarray:
        """(N,) bool: inside the photo, and not behind another part of the mesh."""
        scaled = np.column_stack([(pixels + 0.5) * _DEPTH_SCALE - 0.5, depth]).astype(np.float32)
        height, width = (side * _DEPTH_SCALE for side in shape)
        ids, barycentric = rasterize(scaled, self.model.triangles, width, height)
        nearest = (barycentric * depth[self.model.triangles[ids]]).sum(-1)
        nearest[ids < 0] = np.inf
        # The furthest of the neighbours, or steep places would hide themselves.
        nearest = cv2.dilate(nearest.astype(np.float32), np.ones((3, 3), np.uint8))
        inside = np.all((xy >= 0) & (xy <= (shape[1] - 1, shape[0] - 1)), axis=1)
        x, y = np.rint((xy + 0.5) * _DEPTH_SCALE - 0.5).astype(int).clip(0, (width - 1, height - 1)).T
        return inside & (z <= nearest[y, x] + _HIDDEN_BY_M)

    def _shrunk(self, seen: np.ndarray) -> np.ndarray:
        full = np.ones(self._where.shape, np.uint8)  # the edge of the choice is no reason to shrink
        full[self._where] = seen
        side = 2 * _BORDER + 1
        return cv2.erode(full, np.ones((side, side), np.uint8))[self._where]


def sampled(image: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Bilinear colours (N, 3) float32 at pixels (N, 2) of an image (H, W, 3); the border repeats."""
    columns = 1024  # OpenCV's maps are pictures themselves, with sides below 32768
    rows = -(-len(xy) // columns)
    at = np.zeros((rows * columns, 2), np.float32)
    at[: len(xy)] = np.clip(xy, -1e4, 1e5)
    out = cv2.remap(image, at.reshape(rows, columns, 2), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.reshape(-1, out.shape[-1])[: len(xy)].astype(np.float32)
