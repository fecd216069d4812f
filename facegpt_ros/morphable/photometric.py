"""The least squares that brings a rendered face to the colours of a photo.

Each compared pixel sees a point of the model's surface. A step moves shape and pose with that point held: the point's
own colour (albedo times light, which turns with the normal) is compared with the photo's where the point goes. Albedo
and light are linear each, so with shape, pose, γ and φ together this is Gauss-Newton (Blanz and Vetter, 2003; the
residuals of Lucas and Kanade).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from facegpt_ros.morphable.landmark_problem import State
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import skew
from facegpt_ros.render.rasterize import rasterize
from facegpt_ros.render.shading import SH_CONSTANTS, ambient, sh_basis

#: φ of a white light from everywhere, around which the prior of φ lies, and 1/σ² of that prior.
LIGHT_REST = ambient(0.85).astype(np.float64)
LIGHT_STIFFNESS = 1.0
_SKIN = ("skin", "lips", "brows")
_OTHER = ("eyes", "mouth_inner", "tongue", "teeth", "gums")


class Appearance(NamedTuple):
    """γ (A,) and φ (27,) of a face."""

    albedo: np.ndarray
    illumination: np.ndarray


class Seen(NamedTuple):
    """N compared pixels: where they are, and which surface point each of them shows.

    Attributes:
        rows, columns: (N,) of the picture.
        corners: (N, 3) vertices of their triangles; barycentric: (N, 3) float32.
    """

    rows: np.ndarray
    columns: np.ndarray
    corners: np.ndarray
    barycentric: np.ndarray


class SkinSurface:
    """The part of a model that is compared with photos, prepared once.

    Attributes:
        used: (U,) vertices that its colours and normals depend on.
        triangles: (F', 3) of them, by place in `used`; basis: (U, 3, K) float32 identity and expression.
    """

    def __init__(self, model: MorphableModel) -> None:
        self.model = model
        regions = model.regions
        shown = np.zeros(model.n_vertices, bool)
        for name in _SKIN:
            if name in regions:
                shown |= regions[name] > 0.5
        for name in _OTHER:
            if name in regions:
                shown &= regions[name] < 0.5
        shown &= regions["face"] > 0.5
        self.compared = np.asarray(shown[model.triangles].all(1))  # (F,)
        own = np.unique(model.triangles[self.compared])
        inside = np.zeros(model.n_vertices, bool)
        inside[own] = True
        ring = model.triangles[inside[model.triangles].any(1)]
        self.used, flat = np.unique(ring, return_inverse=True)
        self.triangles = np.ascontiguousarray(flat.reshape(-1, 3), np.int32)
        self.place = np.full(model.n_vertices, -1)
        self.place[self.used] = np.arange(len(self.used))
        bases = model.bases
        stacked = np.concatenate([bases["identity"], bases["expression"]]).reshape(-1, model.n_vertices, 3)
        self.basis = np.ascontiguousarray(np.moveaxis(stacked[:, self.used], 0, -1), np.float32)
        self.mean = bases["mean"]
        colours = bases["albedo"].reshape(-1, model.n_vertices, 3)[:, self.used]
        self.albedo = np.ascontiguousarray(np.moveaxis(colours, 0, -1), np.float32)  # (U, 3, A)
        self.albedo_mean = bases["albedo_mean"][self.used]

    def vertices(self, coefficients: np.ndarray) -> np.ndarray:
        """(V, 3) of identity and expression (K,)."""
        count = len(self.model.identity_names)
        return self.model.vertices(coefficients[:count], coefficients[count:])


class PhotometricProblem:
    """One photo at one resolution.

    Args:
        surface: of the model.
        picture: (S, S, 3) float32 RGB 0..1, through a pinhole camera of `focal` half pictures.
        trust: (S, S) float32 0..1, how sure a pixel is to show skin.
        focal: of the picture, in half its width.
        noise: standard deviation of a colour that counts as a good fit, 0..1.
        weight: how many independent pixels the picture is worth.
    """

    def __init__(
        self,
        surface: SkinSurface,
        picture: np.ndarray,
        trust: np.ndarray,
        focal: float,
        *,
        noise: float,
        weight: float,
    ) -> None:
        self.surface, self.picture, self.trust = surface, picture, trust
        self.size, self.focal = len(picture), focal
        self.noise, self.weight = noise, weight
        self._slope_x = cv2.Scharr(picture, cv2.CV_32F, 1, 0) / 32
        self._slope_y = cv2.Scharr(picture, cv2.CV_32F, 0, 1) / 32

    def see(self, state: State, at_most: int | None = None) -> Seen:
        """Which pixels, at most so many of them and evenly spread, show compared skin, and where on it."""
        surface = self.surface
        points = surface.vertices(state.coefficients[0]) @ state.rotation[0].T + state.translation[0]
        triangles = surface.model.triangles
        ids, barycentric = rasterize(self._pixels(points), triangles, self.size, self.size)
        shown = np.asarray((ids >= 0) & surface.compared[np.maximum(ids, 0)] & (self.trust > 0))
        rows, columns = np.nonzero(shown)
        if at_most and len(rows) > at_most:
            chosen = np.linspace(0, len(rows) - 1, at_most).astype(int)
            rows, columns = rows[chosen], columns[chosen]
        corners = surface.place[triangles[ids[rows, columns]]]
        return Seen(rows, columns, corners, barycentric[rows, columns])

    def shade(self, state: State, seen: Seen, look: Appearance) -> tuple[np.ndarray, np.ndarray]:
        """Albedo (N, 3) and light (N, 3) of the seen points; their product is the colour."""
        points, normals = self._geometry(state, slopes=False)[:2]
        light = sh_basis(normals) @ look.illumination.reshape(9, 3)
        return self._albedo(seen, look.albedo), _at(light, seen)

    def relit(
        self, state: State, seen: Seen, look: Appearance, *, weight: float, rounds: int, robust: bool = True
    ) -> Appearance:
        """γ and φ by turns, each by linear least squares, with shape and pose held.

        Args:
            weight: how many independent pixels the picture is worth against the priors of γ and φ.
            rounds: of taking turns.
            robust: pixels that stand out count less; without, all that may show skin count by `trust` alone.
        """
        sure = self.trust[seen.rows, seen.columns] / max(float(self.trust[seen.rows, seen.columns].sum()), 1e-6)
        basis = _at(sh_basis(self._geometry(state, slopes=False)[1]), seen).astype(np.float64)  # (N, 9)
        mean = _at(self.surface.albedo_mean, seen)
        shapes = _at(self.surface.albedo, seen)  # (N, 3, A)
        photo = self.picture[seen.rows, seen.columns]
        gamma, phi = np.asarray(look.albedo, np.float64), look.illumination.reshape(9, 3).astype(np.float64)
        for _ in range(rounds):
            albedo = mean + shapes @ gamma.astype(np.float32)
            share = self._robust(photo - albedo * (basis @ phi), seen) if robust else sure
            trust = weight * share / self.noise**2
            for channel in range(3):
                design = basis * albedo[:, channel, None]
                weighted = design * trust[:, None]
                gram = weighted.T @ design + LIGHT_STIFFNESS * np.eye(9)
                phi[:, channel] = np.linalg.solve(
                    gram, weighted.T @ photo[:, channel] + LIGHT_STIFFNESS * LIGHT_REST.reshape(9, 3)[:, channel]
                )
            light = basis @ phi
            design = (shapes * (light * np.sqrt(trust)[:, None])[..., None].astype(np.float32)).reshape(-1, len(gamma))
            target = ((photo - mean * light) * np.sqrt(trust)[:, None]).reshape(-1).astype(np.float32)
            gram = (design.T @ design).astype(np.float64) + np.eye(len(gamma))
            gamma = np.linalg.solve(gram, (design.T @ target).astype(np.float64))
        return Appearance(gamma, phi.ravel())

    def cost(self, state: State, seen: Seen, look: Appearance) -> float:
        """Half of what linearise's system is the gradient of, up to the priors of γ and φ."""
        albedo, light = self.shade(state, seen, look)
        residual = self.picture[seen.rows, seen.columns] - albedo * light
        return float(self.weight * (self._robust(residual, seen) * (residual**2).sum(1)).sum() / self.noise**2)

    def linearise(self, state: State, seen: Seen, look: Appearance) -> tuple[np.ndarray, np.ndarray]:
        """Normal equations (P, P), (P,) of steps in coefficients (K), turn and shift (6), γ (A) and φ (27)."""
        from facegpt_ros.morphable import photometric_kernels

        surface = self.surface
        points, normals, bend = self._geometry(state, slopes=True)
        k, a = surface.basis.shape[2], surface.albedo.shape[2]
        rotation, translation = state.rotation[0].astype(np.float32), state.translation[0].astype(np.float32)
        basis = sh_basis(normals)  # (U, 9)
        phi = look.illumination.reshape(9, 3).astype(np.float32)
        albedo, light = self._albedo(seen, look.albedo), _at(basis @ phi, seen)
        residual = self.picture[seen.rows, seen.columns] - albedo * light
        weight = (np.sqrt(self.weight * self._robust(residual, seen)) / self.noise).astype(np.float32)
        where = _at(points, seen)
        moved = self._photo_slope(where, seen)  # (N, 3 channels, 3): the photo's colour where the point goes
        # How each vertex's light changes as its normal turns, (U, 3 channels, 3), by K and by the head's turn.
        by_normal = np.einsum("ubi,bc->uci", _sh_slopes(normals), phi)
        jacobian = np.empty((len(seen.rows), 3, k + 6 + a + 27), np.float32)
        photometric_kernels.pixel_rows(
            seen.corners,
            seen.barycentric,
            by_normal @ bend,
            surface.basis,
            surface.albedo,
            albedo.astype(np.float32),
            light.astype(np.float32),
            moved @ rotation,
            weight,
            jacobian,
        )
        turned = _at(-by_normal @ skew(normals).astype(np.float32), seen)  # (N, 3, 3)
        pose = jacobian[..., k : k + 6]
        pose[..., :3] = albedo[:, :, None] * turned + moved @ skew(where - translation).astype(np.float32)
        pose[..., 3:] = -moved
        pose *= weight[:, None, None]
        tail = np.zeros((len(seen.rows), 3, 9, 3), np.float32)
        at_pixel = _at(basis, seen) * weight[:, None]  # (N, 9)
        for channel in range(3):
            tail[:, channel, :, channel] = albedo[:, channel, None] * at_pixel
        jacobian[..., k + 6 + a :] = tail.reshape(len(seen.rows), 3, 27)
        flat = jacobian.reshape(-1, jacobian.shape[2])
        gram = (flat.T @ flat).astype(np.float64)
        slope = (flat.T @ (-residual * weight[:, None]).reshape(-1)).astype(np.float64)
        return gram, slope

    def _geometry(self, state: State, slopes: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Used vertices (U, 3) m and unit normals (U, 3), camera's frame; d normal / d coefficient (U, 3, K)."""
        from facegpt_ros.morphable import photometric_kernels

        surface = self.surface
        rotation, translation = state.rotation[0].astype(np.float32), state.translation[0].astype(np.float32)
        model_points = surface.vertices(state.coefficients[0])[surface.used]
        basis = surface.basis if slopes else surface.basis[:, :, :0]
        normals, bend = np.empty_like(model_points), np.empty(basis.shape, np.float32)
        photometric_kernels.normals_by_coefficient(model_points, surface.triangles, basis, normals, bend)
        length = np.maximum(np.linalg.norm(normals, axis=1), 1e-20)[:, None]
        normals = normals / length
        if slopes:
            bend = bend / length[..., None]
            bend -= normals[:, :, None] * np.einsum("ui,uik->uk", normals, bend)[:, None]
            bend = rotation @ bend
        return model_points @ rotation.T + translation, normals @ rotation.T, bend

    def _albedo(self, seen: Seen, gamma: np.ndarray) -> np.ndarray:
        """(N, 3), not clipped."""
        return _at(self.surface.albedo_mean + self.surface.albedo @ gamma.astype(np.float32), seen)

    def _robust(self, residual: np.ndarray, seen: Seen) -> np.ndarray:
        """Weights (N,) that add up to 1 where nothing stands out: hair, glasses and highlights lose theirs."""
        size = np.sqrt((residual**2).mean(1))
        trust = self.trust[seen.rows, seen.columns]
        scale = max(1.4826 * float(np.median(size)), 0.01)
        return trust / (1 + (size / (2.5 * scale)) ** 2) / max(float(trust.sum()), 1e-6)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """(V, 3) m in the camera's frame → x px, y px, z m, float32."""
        depth = np.maximum(points[:, 2:], 1e-6)
        flat = (points[:, :2] / depth * self.focal + 1) * (self.size / 2) - 0.5
        return np.concatenate([flat, points[:, 2:]], 1).astype(np.float32)

    def _photo_slope(self, points: np.ndarray, seen: Seen) -> np.ndarray:
        """d photo / d point (N, 3 channels, 3) at the seen pixels' points (N, 3)."""
        x, y, z = points.T
        scale = self.focal * self.size / 2
        zero = np.zeros_like(z)
        across = scale * np.stack([np.stack([1 / z, zero, -x / z**2], -1), np.stack([zero, 1 / z, -y / z**2], -1)], 1)
        slope_x, slope_y = self._slope_x[seen.rows, seen.columns], self._slope_y[seen.rows, seen.columns]
        return (slope_x[..., None] * across[:, None, 0] + slope_y[..., None] * across[:, None, 1]).astype(np.float32)


def _at(values: np.ndarray, seen: Seen) -> np.ndarray:
    """Values by used vertex (U, ...) at the seen points (N, ...)."""
    shape = (-1,) + (1,) * (values.ndim - 1)
    out = values[seen.corners[:, 0]] * seen.barycentric[:, 0].reshape(shape)
    for corner in (1, 2):
        out += values[seen.corners[:, corner]] * seen.barycentric[:, corner].reshape(shape)
    return out


def _sh_slopes(normals: np.ndarray) -> np.ndarray:
    """d sh_basis / d normal, (..., 9, 3)."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    o, i = np.zeros_like(x), np.ones_like(x)
    rows = [
        (o, o, o),
        (o, i, o),
        (o, o, i),
        (i, o, o),
        (y, x, o),
        (o, z, y),
        (o, o, 6 * z),
        (z, o, x),
        (2 * x, -2 * y, o),
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2) * np.asarray(SH_CONSTANTS, normals.dtype)[:, None]
