"""What every linear face model shares: coefficients in, metric vertices, colours and landmarks out."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.contour import JAW, ContourBases, SlidingContour

if TYPE_CHECKING:
    from facegpt_ros.morphable.packed_basis import PackedBasis

LOG = logging.getLogger(__name__)

SIGMA_LIMITS = (-6.0, 6.0)  # nobody in 500 million lies further out on an axis of a Gaussian prior
ACTIVATION_LIMITS = (-1.0, 2.0)  # an ARKit activation is 0..1; the rest lets fits and captions exaggerate

Embedding = tuple[np.ndarray, np.ndarray]  # of N landmarks: triangle (N,) int32, barycentric weights (N, 3) float32

Model = TypeVar("Model", bound="LinearModel")


class LinearModel:
    """A linear 3D morphable model: S(α, δ) = mean + α·identity + δ·expression, T(γ) = mean colour + γ·albedo.

    (Blanz and Vetter, 1999.) Model frame: metres, x to the subject's left, y up, z out of the face. Identity and albedo
    are in standard deviations, expressions in ARKit activations or in standard deviations. Coefficients far outside the
    prior are clipped to `limits`, and the first time that happens a warning says so.

    Args:
        name, version, licence: what the model calls itself, and what its owners allow.
        mean: (V, 3) m.
        identity, expression: (I, 3V) and (E, 3V), or (I, V, 3) and (E, V, 3), m per unit.
        albedo_mean: (V, 3) RGB 0..1.
        albedo: (A, 3V) or (A, V, 3) RGB per unit.
        triangles: (F, 3), counter-clockwise seen from outside.
        identity_names, expression_names, albedo_names: I, E and A words.
        embeddings: scheme → triangle (N,) and barycentric weights (N, 3) of its landmarks.
        contour: where the jaw of scheme "ibug68" lies at some yaws; None: always where its embedding says.
        activations: expressions are ARKit activations (0..1), not standard deviations.
        sha256: of the file it came from, 64 hex digits.
        cure: what an error about the arrays advises.

    Raises:
        ModelError: an array has the wrong shape, holds a NaN, or indexes what is not there.
    """

    def __init__(
        self,
        *,
        name: str,
        version: str,
        licence: str,
        mean: np.ndarray,
        identity: np.ndarray,
        expression: np.ndarray,
        albedo_mean: np.ndarray,
        albedo: np.ndarray,
        triangles: np.ndarray,
        identity_names: Sequence[str],
        expression_names: Sequence[str],
        albedo_names: Sequence[str],
        embeddings: Mapping[str, Embedding] | None = None,
        contour: SlidingContour | None = None,
        activations: bool = True,
        sha256: str = "",
        cure: str = "get the model's file again",
    ) -> None:
        self.name, self.version, self.licence, self.sha256 = name, version, licence, sha256
        self.identity_names, self.expression_names = tuple(identity_names), tuple(expression_names)
        self.albedo_names = tuple(albedo_names)
        self.limits = {
            "identity": SIGMA_LIMITS,
            "expression": ACTIVATION_LIMITS if activations else SIGMA_LIMITS,
            "albedo": SIGMA_LIMITS,
        }
        self._said: set[str] = set()
        self._cure = cure
        self._mean = self._points(mean, "mean shape")
        v = len(self._mean)
        self._colour = self._points(albedo_mean, "mean colour")
        if len(self._colour) != v:
            raise ModelError(f"mean colour has {len(self._colour)} vertices, the shape {v}; {cure}")
        # One block, so that one product evaluates both.
        self._shape = np.concatenate(
            [
                self._basis(identity, self.identity_names, "identity"),
                self._basis(expression, self.expression_names, "expression"),
            ]
        )
        self._identity, self._expression = np.split(self._shape, [len(self.identity_names)])
        self._albedo = self._basis(albedo, self.albedo_names, "albedo")
        self.triangles = np.ascontiguousarray(triangles, np.int32)
        if self.triangles.ndim != 2 or self.triangles.shape[1] != 3 or self.triangles.size == 0:
            raise ModelError(f"triangles are {self.triangles.shape}, not (F, 3); {cure}")
        if self.triangles.min() < 0 or self.triangles.max() >= v:
            raise ModelError(f"triangles index vertices outside 0..{v - 1}; {cure}")
        self._set_landmarks(embeddings or {}, contour)

    @property
    def n_vertices(self) -> int:
        return len(self._mean)

    @property
    def model_id(self) -> str:
        return f"{self.name}-{self.version}@{self.sha256[:8]}"

    @property
    def schemes(self) -> tuple[str, ...]:
        """Names of the landmark schemes that the model holds."""
        return tuple(self._embedding)

    @property
    def bases(self) -> dict[str, np.ndarray]:
        """float32: mean (V, 3), identity (I, 3V), expression (E, 3V), albedo_mean (V, 3), albedo (A, 3V)."""
        return {
            "mean": self._mean,
            "identity": self._identity,
            "expression": self._expression,
            "albedo_mean": self._colour,
            "albedo": self._albedo,
        }

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """α (..., I), δ (..., E) → (..., V, 3) float32, model frame, m.

        One face alone is evaluated in 16 bits, a micrometre from the exact one and in half the time.
        """
        identity = self._coefficients(identity, self.identity_names, "identity")
        expression = self._coefficients(expression, self.expression_names, "expression")
        if identity.ndim == expression.ndim == 1:
            return self._packed.combine(np.concatenate([identity, expression]), self._mean.ravel()).reshape(-1, 3)
        flat = identity @ self._identity + expression @ self._expression
        points = flat.reshape(*flat.shape[:-1], -1, 3)
        points += self._mean
        return points

    def colours(self, albedo: np.ndarray) -> np.ndarray:
        """γ (..., A) → (..., V, 3) float32 RGB in 0..1."""
        flat = self._coefficients(albedo, self.albedo_names, "albedo") @ self._albedo
        return np.clip(flat.reshape(*flat.shape[:-1], -1, 3) + self._colour, 0, 1)

    def landmarks(
        self,
        identity: np.ndarray,
        expression: np.ndarray,
        scheme: str = "ibug68",
        yaw: np.ndarray | float | None = None,
    ) -> np.ndarray:
        """α (..., I), δ (..., E) → (..., N, 3) float32, model frame, m; without evaluating the whole mesh.

        With yaw (...,) in degrees (pose.seen_yaw) the jaw of "ibug68" lies where it is seen from there; with None, or
        in a model without a sliding contour, where it is seen from ahead.
        """
        self._require(scheme)
        mean, identity_basis, expression_basis = self._landmark_bases[scheme]
        identity = self._coefficients(identity, self.identity_names, "identity")
        expression = self._coefficients(expression, self.expression_names, "expression")
        flat = identity @ identity_basis + expression @ expression_basis
        points = flat.reshape(*flat.shape[:-1], -1, 3) + mean
        if yaw is not None and self.contour_bases is not None and scheme == "ibug68":
            lead = flat.shape[:-1]
            both = np.empty((*lead, identity.shape[-1] + expression.shape[-1]), np.float32)
            both[..., : identity.shape[-1]], both[..., identity.shape[-1] :] = identity, expression
            yaw = np.asarray(yaw, np.float32)
            seen_from = yaw if yaw.shape == lead else np.broadcast_to(yaw, lead)
            points[..., : len(JAW), :] = self.contour_bases.points(both, seen_from)
        return points

    def embedding(self, scheme: str = "ibug68") -> tuple[np.ndarray, np.ndarray]:
        """Landmarks on the surface: vertex indices (N, 3) int32 and their barycentric weights (N, 3) float32."""
        self._require(scheme)
        triangle, barycentric = self._embedding[scheme]
        return self.triangles[triangle], barycentric

    def surface_points(self, scheme: str = "ibug68") -> Embedding:
        """As embedding, by triangle: (N,) int32 and barycentric weights (N, 3) float32."""
        self._require(scheme)
        return self._embedding[scheme]

    def with_landmarks(
        self: Model, embeddings: Mapping[str, Embedding], contour: SlidingContour | None = None
    ) -> Model:
        """The same model with other landmarks; arguments as for a new one. Raises ModelError as that does."""
        other = copy.copy(self)
        for name in ("_landmark_bases", "contour_bases"):
            other.__dict__.pop(name, None)
        other._set_landmarks(embeddings, contour)
        return other

    @cached_property
    def contour_bases(self) -> ContourBases | None:
        """The sliding jaw of "ibug68" by yaw; None where it does not slide."""
        if self.contour is None:
            return None
        return ContourBases(self.contour, self.triangles, self._mean, self._shape)

    @cached_property
    def _packed(self) -> PackedBasis:
        from facegpt_ros.morphable.packed_basis import PackedBasis  # brings numba, which takes half a second to import

        return PackedBasis(self._shape)

    @cached_property
    def _landmark_bases(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        bases = {}
        for scheme in self.schemes:
            corners, weights = self.embedding(scheme)

            def at(basis: np.ndarray, corners: np.ndarray = corners, weights: np.ndarray = weights) -> np.ndarray:
                return np.einsum("knci,nc->kni", basis.reshape(len(basis), self.n_vertices, 3)[:, corners], weights)

            identity, expression = at(self._identity), at(self._expression)
            bases[scheme] = (
                at(self._mean.reshape(1, -1))[0],
                identity.reshape(len(identity), 3 * len(corners)),
                expression.reshape(len(expression), 3 * len(corners)),
            )
        return bases

    def _coefficients(self, values: np.ndarray, names: tuple[str, ...], group: str) -> np.ndarray:
        values = np.asarray(values, np.float32)
        if values.shape[-1:] != (len(names),):
            raise ModelError(f"{group} has shape {values.shape}; the model takes (..., {len(names)})")
        if not values.size:
            return values
        low, high = self.limits[group]
        least, most = values.min(), values.max()
        if low <= least and most <= high:  # false for NaN too: two passes are all that a good face pays
            return values
        if not np.isfinite(values).all():
            raise ModelError(f"{group} holds a value that is not finite; give (..., {len(names)}) real numbers")
        if group not in self._said:
            self._said.add(group)
            worst = least if low - least > most - high else most
            LOG.warning(
                "%s: %s coefficient %.3g is far outside the prior and was clipped to %g..%g; said once",
                *(self.name, group, worst, low, high),
            )
        return values.clip(low, high)

    def _points(self, points: np.ndarray, what: str) -> np.ndarray:
        points = np.asarray(points, np.float32)
        if points.ndim != 2 or points.shape[1] != 3 or not len(points) or not np.isfinite(points).all():
            raise ModelError(f"{what} is {points.shape}, not (V, 3), or holds a NaN; {self._cure}")
        return np.ascontiguousarray(points)

    def _basis(self, basis: np.ndarray, names: tuple[str, ...], group: str) -> np.ndarray:
        basis = np.asarray(basis, np.float32)
        v = len(self._mean)
        if basis.shape not in ((len(names), 3 * v), (len(names), v, 3)) or not np.isfinite(basis).all():
            raise ModelError(
                f"{group} basis is {basis.shape} with {v} vertices and {len(names)} names, or holds a NaN; {self._cure}"
            )
        return np.ascontiguousarray(basis.reshape(len(names), 3 * v))

    def _surface_points(self, scheme: str, embedding: Embedding) -> Embedding:
        triangle = np.ascontiguousarray(embedding[0], np.int32)
        barycentric = np.ascontiguousarray(embedding[1], np.float32)
        if barycentric.shape != (triangle.size, 3) or not np.isfinite(barycentric).all():
            raise ModelError(
                f"landmarks {scheme}: {triangle.shape} triangles and {barycentric.shape} barycentric weights, "
                f"not (N,) and (N, 3), or a NaN; {self._cure}"
            )
        if triangle.size and (triangle.min() < 0 or triangle.max() >= len(self.triangles)):
            raise ModelError(f"landmarks {scheme} lie on triangles outside 0..{len(self.triangles) - 1}; {self._cure}")
        return triangle, barycentric

    def _set_landmarks(self, embeddings: Mapping[str, Embedding], contour: SlidingContour | None) -> None:
        self._embedding = {scheme: self._surface_points(scheme, e) for scheme, e in embeddings.items()}
        if contour is not None:
            self._surface_points("ibug68.contour", (contour.triangle.ravel(), contour.barycentric.reshape(-1, 3)))
        self.contour = contour

    def _require(self, scheme: str) -> None:
        if scheme not in self._embedding:
            held = ", ".join(self.schemes) or "none"
            raise ModelError(
                f"{self.name} has no landmarks of scheme '{scheme}' (it has: {held}); choose another model"
            )
