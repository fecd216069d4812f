"""Skin tones: weights that balance photos of many and of few, and axes of tone as wide as Monk's scale."""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.monk import MONK, REACH

_LUMA = np.array([0.299, 0.587, 0.114])
_CLUSTERS = 16
#: 0 leaves photos as they are, 1 makes every kind of face as frequent as any other.
_BALANCE = 0.7
_MOST = 6.0  # times the mean weight of a photo
#: Times its own standard deviation that a tone axis may be widened by for that; redness varies least.
_WIDEST = np.array([1.7, 1.3, 4.0])
#: How lightness moves red, green and blue: between towards the scale's dark and towards its light end.
_LIGHTNESS = np.array([1.05, 1.0, 0.95])


def balance(features: np.ndarray, seed: int = 0) -> np.ndarray:
    """Weights (N,), mean 1, that make rare kinds of faces count more: by k-means of features (N, D) of like scale."""
    rng = np.random.default_rng(seed)
    count = min(_CLUSTERS, max(1, len(features) // 8))
    centres = features[[int(rng.integers(len(features)))]]
    for _ in range(count - 1):  # k-means++ (Arthur and Vassilvitskii, 2007)
        far = ((features[:, None] - centres) ** 2).sum(2).min(1)
        centres = np.vstack([centres, features[rng.choice(len(features), p=far / max(far.sum(), 1e-12))]])
    for _ in range(20):
        member = ((features[:, None] - centres) ** 2).sum(2).argmin(1)
        centres = np.stack([features[member == k].mean(0) if (member == k).any() else centres[k] for k in range(count)])
    size = np.bincount(member, minlength=count)[member]
    weights = size**-_BALANCE
    weights = np.minimum(weights / weights.mean(), _MOST)
    return weights / weights.mean()


def tone_coordinates(tones: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Lightness, yellowness, redness (N, 3) of RGB tones (N, 3), uncorrelated, of weighted mean 0 and variance 1."""
    luma = tones @ _LUMA
    share = weights / weights.sum()
    out: list[np.ndarray] = []
    for values in (luma, luma - tones[:, 2], tones[:, 0] - luma):
        left = values - share @ values
        for axis in out:
            left = left - axis * (share @ (left * axis))
        spread = np.sqrt(share @ left**2)
        out.append(left / max(float(spread), 1e-6))
    return np.stack(out, 1)


def reaching(mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """The tone axes (3, 3), lengthened so that the scale comes within reach.

    Few people are at its ends, so photographs alone would put these too far out; and they tell how lightness changes
    around the mean, where the darker is the more saturated, while the darkest skin is nearly neutral.

    Args:
        mean: (3,) RGB of the mean skin; axes: (3, 3), what each tone axis adds to it at 1 σ.
    """
    turned = axes.copy()
    turned[0] = axes[0] @ _LUMA * _LIGHTNESS / (_LIGHTNESS @ _LUMA)
    needed = np.linalg.solve(turned.T, (MONK - mean).T).T  # (10, 3)
    return turned * np.clip(np.abs(needed).max(0) / (0.97 * REACH), 1, _WIDEST)[:, None]
