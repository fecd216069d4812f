"""Skin tones: weights that balance photos of many and of few, axes of tone, and what of Monk's scale these reach."""

from __future__ import annotations

import numpy as np

#: The Monk Skin Tone scale (Monk, 2019), sRGB, from 1 to 10.
MONK = (
    np.array(
        [
            (246, 237, 228),
            (243, 231, 219),
            (247, 234, 208),
            (234, 218, 186),
            (215, 189, 150),
            (160, 126, 86),
            (130, 92, 67),
            (96, 65, 52),
            (58, 49, 42),
            (41, 36, 32),
        ]
    )
    / 255
)
TONE_NAMES = ("skin_lightness", "skin_yellowness", "skin_redness")
_LUMA = np.array([0.299, 0.587, 0.114])
_CLUSTERS = 16
#: 0 leaves photos as they are, 1 makes every kind of face as frequent as any other.
_BALANCE = 0.7
_MOST = 6.0  # times the mean weight of a photo
_REACH = 2.5  # standard deviations within which the scale shall lie
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


def monk_coordinates(mean: np.ndarray, axes: np.ndarray, reach: float = _REACH) -> tuple[np.ndarray, np.ndarray]:
    """How near the tones of the scale are.

    Args:
        mean: (3,) RGB of the mean skin; axes: (3, 3), what each tone axis adds to it at 1 σ.
        reach: σ allowed.

    Returns:
        coordinates (10, 3) within ±reach that come nearest, and the distance (10,) in RGB that is left.
    """
    coordinates = np.zeros((len(MONK), len(axes)))
    for _ in range(200):  # projected coordinate descent on a small quadratic
        for k, axis in enumerate(axes):
            rest = MONK - mean - coordinates @ axes + coordinates[:, k, None] * axis
            coordinates[:, k] = np.clip(rest @ axis / max(float(axis @ axis), 1e-12), -reach, reach)
    return coordinates, np.linalg.norm(MONK - mean - coordinates @ axes, axis=1)


def widening(mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Factors (3 axes, 3 channels) for the tone axes so that the scale comes within reach.

    Few people are at its ends, so photographs alone would put these too far out; and they tell how lightness changes
    around the mean, where the darker is the more saturated, while the darkest skin is nearly neutral.

    Args:
        mean: (3,) RGB of the mean skin; axes: (3, 3), what each tone axis adds to it at 1 σ.
    """
    turned = axes.copy()
    turned[0] = axes[0] @ _LUMA * _LIGHTNESS / (_LIGHTNESS @ _LUMA)
    return _wider(mean, turned)[:, None] * turned / np.where(np.abs(axes) > 1e-6, axes, 1e-6)


def _wider(mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    needed = np.linalg.solve(axes.T, (MONK - mean).T).T  # (10, 3)
    return np.clip(np.abs(needed).max(0) / (0.97 * _REACH), 1, _WIDEST)
