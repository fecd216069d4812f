"""The light in a photograph of a face whose albedo is roughly known, and what of its tone is exposure."""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.shading import sh_basis

_ROUNDS = 3
_OUTLIER = 2.0  # robust standard deviations at which a texel counts half
#: Prior against strong directional light, relative to what the texels say of ambient light, by band 0, 1, 2.
_RIDGE = np.array([0, 1, 1, 1, 4, 4, 4, 4, 4]) * 1e-3
#: Exposure of portraits (one stop is 0.69 in light, about 0.3 in display values), and their white balance: σ of ln.
_EXPOSURE, _WHITE_BALANCE = 0.14, 0.06
#: Mean shading of a portrait's skin: renderers light faces a little below one, too.
MEAN_SHADING = 0.9


def photo_light(colour: np.ndarray, weight: np.ndarray, basis: np.ndarray, albedo: np.ndarray) -> np.ndarray:
    """φ (9, 3) float64 of one photo by robust least squares.

    Args:
        colour: (N, 3) RGB 0..1 of the photo; weight: (N,) 0..1.
        basis: (N, 9) spherical harmonics of the normals.
        albedo: (N, 3) RGB, the best guess so far.
    """
    light = np.zeros((9, 3))
    for channel in range(3):
        design = basis * albedo[:, channel, None]
        trust = weight
        for _ in range(_ROUNDS):
            weighted = design * trust[:, None]
            gram = (weighted.T @ design).astype(np.float64)
            gram[np.diag_indices(9)] += _RIDGE * max(gram[0, 0], 1e-9) + 1e-9
            light[:, channel] = np.linalg.solve(gram, weighted.T @ colour[:, channel])
            residual = np.abs(colour[:, channel] - design @ light[:, channel].astype(np.float32))
            spread = 1.4826 * np.median(residual[weight > 0.1]) + 1e-3
            trust = weight / (1 + (residual / (_OUTLIER * spread)) ** 2)
    return light


def mean_shading(light: np.ndarray, basis: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(3,) of φ (9, 3) over texels (N,)."""
    return (weight @ basis) @ light / max(float(weight.sum()), 1e-9)


def exposures(tones: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much brighter than the population's light each photo's light is, (N, 3) factors.

    A dark photo may show dark skin or little light. With ln tone = ln albedo + ln light and both Gaussian, the light's
    share is its expectation, Σ_light Σ_tone⁻¹ (ln tone - mean): skin tones vary far more than portraits' exposures, so
    most of it stays skin.

    Args:
        tones: (N, 3) RGB of the skin under light of mean shading 1.
        weights: (N,) of the photos.
    """
    logs = np.log(np.maximum(tones, 1e-3))
    share = weights / weights.sum()
    centred = logs - share @ logs
    total = (centred * share[:, None]).T @ centred
    light = _EXPOSURE**2 * np.ones((3, 3)) + _WHITE_BALANCE**2 * np.eye(3)
    # The tones' own covariance must hold the light's; a handful of like photos would not.
    values, vectors = np.linalg.eigh(total - light)
    total = light + (vectors * np.maximum(values, 1e-4)) @ vectors.T
    return np.exp(centred @ np.linalg.solve(total, light))


def shading_basis(normal: np.ndarray) -> np.ndarray:
    """(N, 9) float32 of normals (N, 3) int8 in units of 1/127."""
    unit = normal.astype(np.float32)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
    return sh_basis(unit)
