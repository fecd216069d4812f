"""Albedo out of photographs: light and skin by turns, then what skin varies by.

Each photo is albedo times spherical-harmonics light. With the albedo roughly known the light is linear least squares;
with the light known the albedo is the photo divided by it, where the photo shows skin. What is hidden is taken from the
other side of the face, and else from the principal axes of all (expectation maximisation as in PCA with missing data,
Roweis 1998). Hair over the forehead, glasses and highlights are what the first few axes cannot explain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from facegpt_ros.training.albedo.chart import Chart
from facegpt_ros.training.albedo.light import MEAN_SHADING, exposures, mean_shading, photo_light, shading_basis
from facegpt_ros.training.albedo.photo_textures import PhotoTextures
from facegpt_ros.training.albedo.symmetric_pca import Axes, symmetric_axes
from facegpt_ros.training.albedo.tones import balance, reaching, tone_coordinates

_ROUNDS = 3
_FILLINGS = 2  # of the hidden, each round
_PLAIN = 5  # axes that say what is skin and what hides it; more would learn a fringe as a kind of skin
_LIGHT_FROM = 24  # axes of the albedo that the next round's light is estimated with
#: Robust standard deviations at which a texel, averaged with its neighbours, counts half; more where hair is skin's.
_ODD, _ODD_HAIR = 2.2, 4.5
_NEIGHBOURS = 5
#: Shading, in parts of its mean, below which a photo says nothing and from which on it says all.
_DARK, _LIT = 0.25, 0.55
_LEAST = 0.02  # albedo; and the most is 1.2
_BLOCK = 24


@dataclass(frozen=True)
class SkinMasks:
    """What a chart's N texels are: skin (N,) measures tone, hair (N,) is brows, lashes, beard and lips."""

    skin: np.ndarray
    hair: np.ndarray


@dataclass(frozen=True)
class LearntAlbedo:
    """Mean (N, 3) and axes (K, N, 3) of one σ each, the first three of them tones; tones (P, 3) RGB of the photos."""

    mean: np.ndarray
    basis: np.ndarray
    tones: np.ndarray
    weights: np.ndarray


class AlbedoLearner:
    """Learns from photos on a chart.

    Args:
        photos: P of them, on the chart.
        template: (N, 3) RGB, a first guess of the albedo; only its pattern matters, not its tone.
        masks: of the chart.
        count: K, axes wanted, tones included.
        seed: of what is drawn.
        say: takes lines of progress.
    """

    def __init__(
        self,
        photos: PhotoTextures,
        chart: Chart,
        template: np.ndarray,
        masks: SkinMasks,
        *,
        count: int,
        seed: int = 0,
        say: Callable[[str], None] = print,
    ) -> None:
        self.photos, self.chart, self.masks, self.seed, self.say = photos, chart, masks, seed, say
        self.count = min(count, 2 * len(photos) - 2)
        self._template = template.astype(np.float32)
        self._light = np.zeros((len(photos), 9, 3))
        self._tones = np.zeros((len(photos), 3))
        self._gain = np.ones((len(photos), 3))
        self._odd = np.ones((len(photos), len(chart.coarse)), np.float32)
        self._mirror_coarse = chart.mirror[chart.coarse]
        self._weights = np.ones(len(photos))

    def run(self) -> LearntAlbedo:
        """All rounds."""
        axes: Axes | None = None
        for number in range(_ROUNDS):
            last = number == _ROUNDS - 1
            self._relight(axes)
            features = np.log(np.maximum(self._tones, 1e-3)) * 5
            if axes is not None:
                features = np.hstack([features, axes.scores[:, 3:9] * 0.7])
            self._weights = balance(features, self.seed)
            self._gain = exposures(self._tones, self._weights)
            axes = self._axes(axes, self.count if last else 40, find_odd=not last)
            self.say(f"round {number + 1}: {100 * (1 - self._odd.mean()):.1f} % of the texels hide skin")
        assert axes is not None
        return self._at_full_size(axes)

    @property
    def albedo_tones(self) -> np.ndarray:
        """(P, 3) RGB of each photo's skin without its light."""
        return self._tones / (self._gain * MEAN_SHADING)

    def _relight(self, axes: Axes | None) -> None:
        coarse = self.chart.coarse
        skin = self.masks.skin[coarse] * self.chart.share[coarse]
        for i in range(len(self.photos)):
            colour = self.photos.colour[i, coarse] / np.float32(255)
            seen = self.photos.weight[i, coarse] / np.float32(255) * self._odd[i]
            basis = shading_basis(self.photos.normal[i, coarse])
            guess = self._template[coarse]
            if axes is not None:
                guess = axes.faces(slice(i, i + 1), count=_LIGHT_FROM).reshape(-1, 3).clip(_LEAST, 1.2)
            light = photo_light(colour, seen * (0.15 + 0.85 * skin), basis, guess)
            light /= np.maximum(mean_shading(light, basis, seen * skin), 1e-3)
            shading = np.maximum(basis @ light, _DARK)
            self._light[i] = light
            lit = seen * skin
            self._tones[i] = (lit @ (colour / shading)) / max(float(lit.sum()), 1e-6)

    def unlit(self, i: int | np.integer) -> tuple[np.ndarray, np.ndarray]:
        """Albedo (N, 3) of photo i, and how far to believe it (N,), at all texels of the chart."""
        shading = shading_basis(self.photos.normal[i]) @ self._light[i].astype(np.float32)
        relative = shading.mean(1)
        t = np.clip((relative - _DARK) / (_LIT - _DARK), 0, 1)
        shading = np.maximum(shading, _DARK) * (self._gain[i] * MEAN_SHADING).astype(np.float32)
        albedo = np.minimum(self.photos.colour[i] / np.float32(255) / shading, 1.2)
        return albedo.astype(np.float32), (self.photos.weight[i] / np.float32(255) * t).astype(np.float32)

    def _first_guess(self) -> np.ndarray:
        """(P, C, 3): the template in the tone of each photo."""
        coarse = self._template[self.chart.coarse]
        skin = self.masks.skin[self.chart.coarse]
        tone = skin @ coarse / skin.sum()
        return coarse * (self.albedo_tones / tone).astype(np.float32)[:, None]

    def _axes(self, before: Axes | None, count: int, *, find_odd: bool) -> Axes:
        people, coarse = len(self.photos), self.chart.coarse
        albedo = np.empty((people, len(coarse), 3), np.float32)
        other = np.empty_like(albedo)
        seen, other_seen = np.empty((2, people, len(coarse)), np.float32)
        for i in range(people):
            full, trust = self.unlit(i)
            albedo[i], seen[i] = full[coarse], trust[coarse]
            other[i] = self._mirror_coarse @ full
            other_seen[i] = self._mirror_coarse @ trust
        given = tone_coordinates(self.albedo_tones, self._weights)
        if before is None:
            expected = expected_other = self._first_guess()
        else:
            expected = before.faces(slice(None)).reshape(albedo.shape)
            expected_other = before.faces(slice(None), mirrored=True).reshape(albedo.shape)
        tone = self.albedo_tones.mean(1).astype(np.float32)
        relative = np.maximum(tone / tone.mean(), 0.3)  # what stands out from dark skin is darker, too
        axes: Axes | None = None
        for step in range(_FILLINGS):
            odd, odd_other = self._odd, self._mirrored_odd()
            faces = _filled(albedo, seen * odd, other, other_seen * odd_other, expected)
            mirrored = _filled(other, other_seen * odd_other, albedo, seen * odd, expected_other)
            axes = symmetric_axes(faces.reshape(people, -1), mirrored.reshape(people, -1), self._weights, given, count)
            del faces, mirrored
            expected = axes.faces(slice(None)).reshape(albedo.shape)
            expected_other = axes.faces(slice(None), mirrored=True).reshape(albedo.shape)
            if find_odd and step > 0:
                plain = axes.faces(slice(None), count=_PLAIN).reshape(albedo.shape)
                self._odd = self._oddness(np.abs(albedo - plain).max(2) / relative[:, None], seen)
        assert axes is not None
        return axes

    def _mirrored_odd(self) -> np.ndarray:
        """Where the other side's texels are odd, (P, C)."""
        full = self.chart.refined(np.ascontiguousarray(self._odd.T))  # (N, P)
        return np.ascontiguousarray((self._mirror_coarse @ full).T)

    def _oddness(self, gap: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Trust (P, C) in texels whose colours differ by gap (P, C) from plain skin's."""
        known = np.where(seen > 0.3, gap, np.nan)
        known[0, np.isnan(known).all(0)] = 0.05  # a texel that no photo shows
        spread = (1.4826 * np.nanmedian(known, axis=0)).clip(0.02)
        half = self.chart.size // 2
        row, column = np.divmod(self.chart.flat[self.chart.coarse], self.chart.size)
        hair = self.masks.hair[self.chart.coarse]
        limit = _ODD + (_ODD_HAIR - _ODD) * hair
        out = np.empty_like(gap)
        for i in range(len(gap)):
            grid = np.zeros((half, half, 2), np.float32)
            grid[row // 2, column // 2, 0] = gap[i] / spread * seen[i]
            grid[row // 2, column // 2, 1] = seen[i]
            grid = cv2.blur(grid, (_NEIGHBOURS, _NEIGHBOURS))[row // 2, column // 2]
            out[i] = 1 / (1 + (grid[:, 0] / np.maximum(grid[:, 1], 0.05) / limit) ** 4)
        return out

    def _at_full_size(self, axes: Axes) -> LearntAlbedo:
        """The same axes, from the same coordinates, at every texel of the chart."""
        texels, k = len(self.chart), len(axes.basis)
        coarse = np.vstack([axes.mean, axes.basis]).reshape(k + 1, -1, 3)
        smooth = self.chart.refined(np.ascontiguousarray(np.moveaxis(coarse, 0, -1)).reshape(coarse.shape[1], -1))
        smooth = np.ascontiguousarray(np.moveaxis(smooth.reshape(texels, 3, k + 1), -1, 0)).reshape(k + 1, -1)
        odd = self.chart.refined(np.ascontiguousarray(self._odd.T)).T  # (P, N)
        share = (self._weights / self._weights.sum()).astype(np.float32)
        sign = axes.sign.astype(np.float32)
        mean = np.zeros(3 * texels, np.float32)
        basis = np.zeros((k, 3 * texels), np.float32)
        for first in range(0, len(self.photos), _BLOCK):
            rows = np.arange(first, min(first + _BLOCK, len(self.photos)))
            unlit = [self.unlit(i) for i in rows]
            albedo = np.stack([pair[0] for pair in unlit])
            seen = np.stack([pair[1] for pair in unlit]) * odd[rows]
            other = np.stack([self.chart.mirror @ face for face in albedo])
            other_seen = np.stack([self.chart.mirror @ trust for trust in seen])
            scores = axes.scores[rows].astype(np.float32)
            expected = (scores @ smooth[1:] + smooth[0]).reshape(albedo.shape)
            expected_other = ((scores * sign) @ smooth[1:] + smooth[0]).reshape(albedo.shape)
            faces = _filled(albedo, seen, other, other_seen, expected).reshape(len(rows), -1)
            mirrored = _filled(other, other_seen, albedo, seen, expected_other).reshape(len(rows), -1)
            mean += share[rows] @ (faces + mirrored) / 2
            weighted = (scores * share[rows, None]).T / 2
            basis += weighted @ faces + (weighted * sign[:, None]) @ mirrored
        # The coordinates have mean 0 over the photos; what is left of the mean in the axes is rounding.
        basis -= (share @ axes.scores * (1 + sign) / 2).astype(np.float32)[:, None] * mean
        colours, axis = mean.reshape(-1, 3), basis.reshape(k, -1, 3)
        skin = self.masks.skin / self.masks.skin.sum()
        tone, steps = skin @ colours, np.einsum("n,knc->kc", skin, axis[:3])
        # What is added lies on all skin alike: stretching what was measured would stretch its noise.
        more = (reaching(tone, steps) - steps)[:, None] * (colours / tone).clip(0, 1.5)
        axis[:3] += more.astype(np.float32)
        return LearntAlbedo(colours, axis, self.albedo_tones.copy(), self._weights.copy())


def _filled(face: np.ndarray, seen: np.ndarray, other: np.ndarray, other_seen: np.ndarray, expected: np.ndarray):
    """What is seen, else the other side where that is seen, else what is expected; (P, C, 3)."""
    seen, other_seen = seen[..., None], other_seen[..., None]
    return seen * face + (1 - seen) * (other_seen * other + (1 - other_seen) * expected)
