"""The morphable face model: coefficients in, metric vertices, colours and landmarks out. numpy only."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.landmarks import SCHEMES

FORMAT = "facegpt-morphable/1"
SHIPPED = Path(__file__).parent / "data" / "open_face.safetensors"
_METADATA = ("name", "version", "licence", "identity_names", "expression_names", "albedo_names", "region_names")


class MorphableModel:
    """A linear 3D morphable model: S(α, δ) = mean + α·identity + δ·expression, T(γ) = mean colour + γ·albedo.

    (Blanz and Vetter, 1999.) Model frame, metres, origin at the sellion; coefficients of identity and albedo are in
    standard deviations, expressions in ARKit activations.

    Attributes:
        triangles: (F, 3) int32, counter-clockwise seen from outside.
        uv: (V, 2) float32, one texture coordinate a vertex, (0, 0) bottom left.
        regions: name → (V,) float32 membership 0..1.
        mirror: (V,) int32, the vertex on the other side of the face.
    """

    def __init__(self, tensors: dict[str, np.ndarray], metadata: dict[str, str], sha256: str = "") -> None:
        try:
            if metadata["format"] != FORMAT:
                raise ModelError(f"morphable model format is '{metadata['format']}', this version reads '{FORMAT}'")
            names = {key: json.loads(metadata[key]) for key in _METADATA[3:]}
            self.name, self.version, self.licence = (metadata[key] for key in _METADATA[:3])
            self.triangles = np.ascontiguousarray(tensors["triangles"], np.int32)
            self.uv = np.ascontiguousarray(tensors["uv"], np.float32)
            self.uv_corners = np.ascontiguousarray(tensors["uv_corners"], np.float32)
            self.mirror = np.ascontiguousarray(tensors["mirror"], np.int32)
            self._mean = tensors["mean"].astype(np.float32)
            self._identity = tensors["identity_basis"].astype(np.float32).reshape(len(names["identity_names"]), -1)
            self._expression = (
                tensors["expression_basis"].astype(np.float32).reshape(len(names["expression_names"]), -1)
            )
            self._colour = tensors["albedo_mean"].astype(np.float32)
            self._albedo = tensors["albedo_basis"].astype(np.float32).reshape(len(names["albedo_names"]), -1)
            regions = tensors["regions"].astype(np.float32) / 255
            self._embedding = {
                s: (
                    np.ascontiguousarray(tensors[f"landmarks.{s}.triangle"], np.int32),
                    np.ascontiguousarray(tensors[f"landmarks.{s}.barycentric"], np.float32),
                )
                for s in SCHEMES
            }
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"morphable model lacks or garbles {error}; build it with `facegpt morphable build`"
            ) from error
        self.sha256 = sha256
        self.identity_names = tuple(names["identity_names"])
        self.expression_names = tuple(names["expression_names"])
        self.albedo_names = tuple(names["albedo_names"])
        self.regions = dict(zip(names["region_names"], regions, strict=True))
        self._check()

    def _check(self) -> None:
        v = self._mean.shape[0]
        for what, basis in (("identity", self._identity), ("expression", self._expression), ("albedo", self._albedo)):
            if basis.shape[1:] != (3 * v,) or not np.isfinite(basis).all():
                raise ModelError(
                    f"{what} basis is {basis.shape} with {v} vertices, or holds a NaN; build the file again"
                )
        if self.triangles.size == 0 or self.triangles.min() < 0 or self.triangles.max() >= v:
            raise ModelError(f"triangles index vertices outside 0..{v - 1}; build the file again")

    @classmethod
    def load(cls, path: str | Path | None = None) -> MorphableModel:
        """Reads a model file; None reads the one that ships with the package.

        Raises:
            ModelError: the file is missing, is no safetensors file, or lacks a tensor.
        """
        path = Path(path) if path else SHIPPED
        try:
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            with safe_open(str(path), framework="np") as file:
                return cls({k: file.get_tensor(k) for k in file.keys()}, file.metadata() or {}, sha256)  # noqa: SIM118
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror or error}; build it with `facegpt morphable build`") from error
        except SafetensorError as error:
            raise ModelError(
                f"{path} is no safetensors file ({error}); build it with `facegpt morphable build`"
            ) from error

    @property
    def n_vertices(self) -> int:
        return len(self._mean)

    @property
    def model_id(self) -> str:
        return f"{self.name}-{self.version}@{self.sha256[:8]}"

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """α (..., I), δ (..., E) → (..., V, 3) float32, model frame, m."""
        flat = self._offsets(identity, expression, self._identity, self._expression)
        return flat.reshape(*flat.shape[:-1], -1, 3) + self._mean

    def colours(self, albedo: np.ndarray) -> np.ndarray:
        """γ (..., A) → (..., V, 3) float32 RGB in 0..1."""
        flat = self._coefficients(albedo, self.albedo_names, "albedo") @ self._albedo
        return np.clip(flat.reshape(*flat.shape[:-1], -1, 3) + self._colour, 0, 1)

    def landmarks(self, identity: np.ndarray, expression: np.ndarray, scheme: str = "ibug68") -> np.ndarray:
        """α (..., I), δ (..., E) → (..., N, 3) float32, model frame, m; without evaluating the whole mesh."""
        mean, identity_basis, expression_basis = self._landmark_bases[scheme]
        flat = self._offsets(identity, expression, identity_basis, expression_basis)
        return flat.reshape(*flat.shape[:-1], -1, 3) + mean

    def embedding(self, scheme: str = "ibug68") -> tuple[np.ndarray, np.ndarray]:
        """Landmarks on the surface: vertex indices (N, 3) int32 and their barycentric weights (N, 3) float32."""
        triangle, barycentric = self._embedding[scheme]
        return self.triangles[triangle], barycentric

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

    @cached_property
    def _landmark_bases(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        bases = {}
        for scheme in SCHEMES:
            corners, weights = self.embedding(scheme)

            def at(basis: np.ndarray, corners: np.ndarray = corners, weights: np.ndarray = weights) -> np.ndarray:
                return np.einsum("knci,nc->kni", basis.reshape(len(basis), -1, 3)[:, corners], weights)

            identity, expression = at(self._identity), at(self._expression)
            bases[scheme] = (
                at(self._mean.reshape(1, -1))[0],
                identity.reshape(len(identity), -1),
                expression.reshape(len(expression), -1),
            )
        return bases

    def _offsets(self, identity, expression, identity_basis, expression_basis) -> np.ndarray:
        identity = self._coefficients(identity, self.identity_names, "identity")
        expression = self._coefficients(expression, self.expression_names, "expression")
        return identity @ identity_basis + expression @ expression_basis

    @staticmethod
    def _coefficients(values: np.ndarray, names: tuple[str, ...], what: str) -> np.ndarray:
        values = np.asarray(values, np.float32)
        if values.shape[-1:] != (len(names),):
            raise ModelError(f"{what} has shape {values.shape}; the model takes (..., {len(names)})")
        if not np.isfinite(values).all():
            raise ModelError(f"{what} holds a value that is not finite; give (..., {len(names)}) real numbers")
        return values
