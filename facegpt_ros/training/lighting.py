"""The light on a rendered head beyond φ: its own shadows, soft and hard, weak and strong.

Strengths are random: real skin scatters light into shadows, rooms reflect it, and a network must not read shape from
how dark a shadow is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.render.self_shadow import SelfShadow

_SOFT_SHARE, _SOFT_MOST = 0.9, 1.2
_HARD_SHARE, _HARD_MOST = 0.3, 0.6


@dataclass(frozen=True)
class Shadow:
    """For render_face: shadow (V, 3) is added to the light, occlusion (V,) multiplies it."""

    shadow: np.ndarray | None
    occlusion: np.ndarray | None


def sample_shadow(
    selfshadow: SelfShadow,
    illumination: np.ndarray,
    rotation: np.ndarray,
    openness: np.ndarray,
    rng: np.random.Generator,
) -> Shadow:
    """Shadows of one head.

    Args:
        selfshadow: of its model.
        illumination: φ (27,), optical frame.
        rotation: (3, 3), optical frame from model frame.
        openness: (3,) of SelfShadow.openness.
        rng: draws how strong they are.
    """
    soft, hard = rng.random() < _SOFT_SHARE, rng.random() < _HARD_SHARE
    shadow = occlusion = None
    if soft:
        strength = np.float32(rng.uniform(0.2, _SOFT_MOST))
        shadow = strength * selfshadow.shadow(illumination, rotation, openness)
    if hard:
        towards = selfshadow.turned(illumination, rotation).mean(1)[[3, 1, 2]]  # band 1: x, y, z of where light is from
        if np.linalg.norm(towards) > 0.05:
            depth = np.float32(rng.uniform(0.1, _HARD_MOST))
            occlusion = 1 - depth * (1 - selfshadow.sunlit(towards, openness))
    return Shadow(shadow, occlusion)
