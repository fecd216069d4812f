"""Albedo as a texture: colours by vertex, and what is finer than the mesh on top, from the same coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import safe_open

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.texels import Texels, texels

PREFIX = "albedo_texture."
_KEYS = ("mean", "texels", "basis", "scale")
_CURE = "write the file again with `facegpt morphable albedo`"


class AlbedoTexture:
    """texture(γ) = mean + interpolated(Σ γ_k vertex_k) + Σ_{k < D} γ_k scale_k basis_k / 127.

    The first D axes, which vary most, have details finer than the mesh; of the others and off the face the mesh's own
    resolution shows all there is.

    Args:
        tensors: mean (T, T, 3) uint8, row 0 is v = 1; texels (n,) int32, flat indices into T·T; basis (D, n, 3) int8;
            scale (D,) float32, the greatest detail at γ_k = 1, RGB 0..1.
        vertices: (A, 3V) float32, the axes by vertex, A ≥ D; triangles (F, 3); uv_corners (F, 3, 2).

    Raises:
        ModelError: a tensor is missing or has the wrong shape.
    """

    def __init__(
        self, tensors: Mapping[str, np.ndarray], vertices: np.ndarray, triangles: np.ndarray, uv_corners: np.ndarray
    ) -> None:
        missing = [key for key in _KEYS if key not in tensors]
        if missing:
            raise ModelError(f"albedo texture lacks '{PREFIX}{missing[0]}'; {_CURE}")
        mean, where, basis, scale = (tensors[key] for key in _KEYS)
        side = len(mean)
        good = (
            mean.shape == (side, side, 3)
            and mean.dtype == np.uint8
            and basis.dtype == np.int8
            and basis.shape == (len(scale), len(where), 3)
            and len(scale) <= len(vertices)
            and np.isfinite(scale).all()
            and (not where.size or (where.min() >= 0 and where.max() < side * side))
        )
        if not good:
            raise ModelError(
                f"albedo texture has mean {mean.shape} {mean.dtype}, {where.shape} texels, basis {basis.shape} "
                f"{basis.dtype} and scale {scale.shape} for {len(vertices)} axes, which do not fit together; {_CURE}"
            )
        self._mean = mean.astype(np.float32) / 255
        self._where, self._basis = where, basis.reshape(len(scale), -1)
        self._unit = scale.astype(np.float32) / 127
        self._vertices = vertices
        self._texels = texels(uv_corners, side)
        self._corners = triangles[self._texels.triangle]

    @property
    def size(self) -> int:
        """T."""
        return len(self._mean)

    def __call__(self, albedo: np.ndarray) -> np.ndarray:
        """γ (A,) → (T, T, 3) float32 RGB 0..1."""
        coarse = interpolated((albedo.astype(np.float32) @ self._vertices).reshape(-1, 3), self._corners, self._texels)
        out = coarse[self._texels.nearest]
        out += self._mean
        detail = np.zeros(self._basis.shape[1], np.float32)
        step = np.empty_like(detail)
        for k in np.flatnonzero(albedo[: len(self._unit)]):  # the whole basis in float32 would be four times the file
            np.multiply(self._basis[k], np.float32(albedo[k]) * self._unit[k], out=step)
            detail += step
        out.reshape(-1, 3)[self._where] += detail.reshape(-1, 3)
        return np.clip(out, 0, 1, out=out)

    @classmethod
    def read(cls, path: Path, vertices: np.ndarray, triangles: np.ndarray, uv_corners: np.ndarray) -> AlbedoTexture:
        """The one in a model file; arguments as for a new one.

        Raises:
            ModelError: it is not there any more, or garbled.
        """
        try:
            with safe_open(str(path), framework="np") as file:
                names = [key for key in file.keys() if key.startswith(PREFIX)]  # noqa: SIM118
                tensors = {name[len(PREFIX) :]: file.get_tensor(name) for name in names}
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror or error}; {_CURE}") from error
        return cls(tensors, vertices, triangles, uv_corners)


def interpolated(by_vertex: np.ndarray, corners: np.ndarray, covered: Texels) -> np.ndarray:
    """Values of vertices (V, C) at covered texels whose triangles have these corners (M, 3): (M, C) float32."""
    weights = covered.barycentric
    out = by_vertex[corners[:, 0]] * weights[:, :1]
    for k in (1, 2):
        out += by_vertex[corners[:, k]] * weights[:, k : k + 1]
    return out.astype(np.float32, copy=False)


def painted(colours: np.ndarray, triangles: np.ndarray, uv_corners: np.ndarray, size: int = 256) -> np.ndarray:
    """Colours by vertex (V, 3) interpolated over triangles (F, 3) into a texture (size, size, 3) float32."""
    covered = texels(uv_corners, size)
    return interpolated(colours, triangles[covered.triangle], covered)[covered.nearest]


def quantised(basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Basis (D, n, 3) float → int8 and scale (D,) float32, as the file holds them."""
    scale = np.abs(basis).max((1, 2)).astype(np.float32) if basis.size else np.zeros(len(basis), np.float32)
    steps = np.rint(basis / np.maximum(scale, 1e-12)[:, None, None] * 127)
    return steps.astype(np.int8), scale
