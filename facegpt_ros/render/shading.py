"""Spherical-harmonics illumination and vertex normals, in numpy and torch.

Ramamoorthi & Hanrahan, "An efficient representation for irradiance environment maps" (2001), with the constants of
Deep3DFaceRecon (Deng et al. 2019) and plain positive signs. This file is the one source of the order and the constants.

    basis (9,) of a unit normal n = (x, y, z) in the optical frame of the (virtual) camera:
        [1, y, z, x, xy, yz, 3z²-1, xz, x²-y²] * SH_CONSTANTS
    colour = albedo * (basis @ φ.reshape(9, 3)), RGB, display values 0..1

The optical frame's z points away from the camera: a surface that faces the camera has n = (0, 0, -1), so light from the
camera's side has a negative φ at harmonic 2, and light from above a negative φ at harmonic 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import ModelError

if TYPE_CHECKING:
    import torch

_A1_C1 = (2 * math.pi / math.sqrt(3)) * math.sqrt(3) / math.sqrt(4 * math.pi)
_A2_C2 = (2 * math.pi / math.sqrt(8)) * 3 * math.sqrt(5) / math.sqrt(12 * math.pi)

SH_ORDER = ("1", "y", "z", "x", "xy", "yz", "3z2-1", "xz", "x2-y2")
"""What each of the nine harmonics is, as a polynomial of the unit normal."""

SH_CONSTANTS: tuple[float, ...] = (
    math.pi / math.sqrt(4 * math.pi),
    _A1_C1,
    _A1_C1,
    _A1_C1,
    _A2_C2,
    _A2_C2,
    0.5 * _A2_C2 / math.sqrt(3),
    _A2_C2,
    0.5 * _A2_C2,
)
"""Real spherical-harmonics constants times those of the Lambert convolution (π, 2π/√3, 2π/√8)."""


def sh_basis(normals: np.ndarray) -> np.ndarray:
    """Unit normals (..., 3), optical frame → basis (..., 9), of the same dtype."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    terms = [np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
    return np.stack(terms, -1) * np.asarray(SH_CONSTANTS, normals.dtype)


def sh_basis_torch(normals: torch.Tensor) -> torch.Tensor:
    """As sh_basis, differentiable: (..., 3) → (..., 9)."""
    import torch

    x, y, z = normals.unbind(-1)
    terms = [torch.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y]
    return torch.stack(terms, -1) * normals.new_tensor(SH_CONSTANTS)


def shade(albedo: np.ndarray, normals: np.ndarray, illumination: np.ndarray) -> np.ndarray:
    """Lambertian colour, not clipped.

    Args:
        albedo: (..., V, 3) RGB 0..1.
        normals: (..., V, 3) unit, optical frame.
        illumination: φ (..., 27), harmonic-major.

    Returns:
        (..., V, 3) RGB.
    """
    return albedo * (sh_basis(normals) @ illumination.reshape(*illumination.shape[:-1], 9, 3))


def shade_torch(albedo: torch.Tensor, normals: torch.Tensor, illumination: torch.Tensor) -> torch.Tensor:
    """As shade, differentiable in all three."""
    return albedo * (sh_basis_torch(normals) @ illumination.unflatten(-1, (9, 3)))


def ambient(level: float = 1.0) -> np.ndarray:
    """φ (27,) float32 of a white light from everywhere: colour = level * albedo."""
    phi = np.zeros((9, 3), np.float32)
    phi[0] = level / SH_CONSTANTS[0]
    return phi.ravel()


def directional(direction: np.ndarray, colour: np.ndarray | float = 1.0) -> np.ndarray:
    """φ (27,) float32 of a distant light, the second-order fit of max(0, n·l): add to ambient(...).

    Args:
        direction: (3,) towards the light, optical frame; normalised here.
        colour: (3,) RGB or one number: the colour of a white surface that faces the light.

    Raises:
        ModelError: the direction has no length.
    """
    length = float(np.linalg.norm(direction))
    if not length > 0:
        raise ModelError(f"light direction is {np.asarray(direction).tolist()}; give a vector with a length")
    x, y, z = np.asarray(direction, np.float64) / length
    polynomial = np.array([1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    # max(0, n·l) ≈ 1/4 + 1/2 (n·l) + 5/32 (3 (n·l)² - 1), the last written in the five polynomials of band 2.
    weights = np.array([1 / 4, 1 / 2, 1 / 2, 1 / 2, 15 / 16, 15 / 16, 5 / 64, 15 / 16, 15 / 64])
    phi = (weights * polynomial / np.asarray(SH_CONSTANTS))[:, None] * np.broadcast_to(colour, 3)
    return np.ascontiguousarray(phi, np.float32).ravel()
