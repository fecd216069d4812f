"""A model that a user brought, turned into this package's convention: metres, x left, y up, z out of the face, σ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.landmarks import OUTER_EYES
from facegpt_ros.morphable.linear import Embedding, LinearModel
from facegpt_ros.morphable.loaders.landmark_file import Landmarks

SELLION = 27  # iBUG
#: What a face without colours is drawn in: light skin, RGB 0..1.
PLAIN_SKIN = (0.78, 0.62, 0.54)
_NUMBERED = {"ibug68": tuple(range(68)), "ibug51": tuple(range(17, 68))}


class LoadedModel(LinearModel):
    """A LinearModel from somebody else's file.

    Attributes:
        origin: (3,) m, where the model frame's origin lies in the file's own frame (scaled to metres): the sellion,
            iBUG's point 27, if the landmarks hold it, else zeros.
        landmark_numbers: scheme → iBUG number of each of its points; scheme "ibug68" has all, "ibug51" all but the jaw,
            "ibug68_part" those that the file knows.
        regions: name → (V,) float32 membership 0..1; "face" if the file says where the face ends, else nothing.
    """

    def __init__(
        self,
        *,
        origin: np.ndarray,
        landmark_numbers: Mapping[str, tuple[int, ...]],
        regions: Mapping[str, np.ndarray],
        **arrays: Any,
    ) -> None:
        super().__init__(**arrays)
        self.origin = origin
        self.landmark_numbers = dict(landmark_numbers)
        self.regions = dict(regions)


@dataclass(frozen=True)
class Axes:
    """One group of a model, in the file's units.

    Attributes:
        basis: (3V, K), xyz or RGB of the vertices one after the other.
        scale: (K,) file units per unit of the coefficient: standard deviations for an orthonormal basis.
        names: K words.
    """

    basis: np.ndarray
    scale: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def none(cls, n_vertices: int) -> Axes:
        return cls(np.zeros((3 * n_vertices, 0), np.float32), np.zeros(0, np.float32), ())

    @classmethod
    def numbered(cls, basis: np.ndarray, scale: np.ndarray, name: str, most: int | None = None) -> Axes:
        """The first `most` columns, called name_000 and so on."""
        basis, scale = basis[:, :most], scale[:most]
        return cls(basis, scale, tuple(f"{name}_{i:03d}" for i in range(len(scale))))

    def rows(self, factor: float) -> np.ndarray:
        """(K, 3V) float32 per unit of the coefficient, times a factor."""
        with np.errstate(over="ignore", invalid="ignore"):  # LinearModel refuses what is not finite
            return (
                np.ascontiguousarray(self.basis.T) * (np.asarray(self.scale, np.float32) * np.float32(factor))[:, None]
            )


@dataclass(frozen=True)
class RawModel:
    """What a file holds, in its own units and with its own origin, axes x left, y up, z out of the face.

    Attributes:
        mean: (V, 3) file units. metres_per_unit: of lengths. colour_units: the value of full white.
        colour_mean: (V, 3) or None for a model without colours.
        activations: expressions are activations 0..1 instead of σ.
    """

    name: str
    version: str
    licence: str
    mean: np.ndarray
    triangles: np.ndarray
    identity: Axes
    metres_per_unit: float
    expression: Axes | None = None
    colour_mean: np.ndarray | None = None
    albedo: Axes | None = None
    colour_units: float = 1.0
    landmarks: Landmarks = field(default_factory=Landmarks)
    activations: bool = False
    regions: Mapping[str, np.ndarray] = field(default_factory=dict)

    def build(
        self, path: Path, sha256: str, cure: str, kind: type[LoadedModel] = LoadedModel, **more: Any
    ) -> LoadedModel:
        """Converts units, origin and the triangles' sense.

        Raises:
            ModelError: arrays that contradict each other or are not finite; the message begins with the path.
        """
        try:
            return self._build(sha256, cure, kind, more)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error

    def _build(self, sha256: str, cure: str, kind: type[LoadedModel], more: dict[str, Any]) -> LoadedModel:
        v = len(self.mean)
        mean = np.asarray(self.mean, np.float64) * self.metres_per_unit
        size = float(np.ptp(mean, axis=0).max()) if v else 0.0
        if not 0.02 < size < 3:
            raise ModelError(f"the mean shape is {size:.3g} m large, no head is; {cure}")
        triangles = outward(mean, np.asarray(self.triangles, np.int64))
        embeddings, numbers = numbered_embeddings(self.landmarks, triangles)
        origin = np.zeros(3)
        for scheme, points in embeddings.items():
            known = np.einsum("nci,nc->ni", mean[triangles[points[0]]], points[1])
            at = {number: known[i] for i, number in enumerate(numbers[scheme])}
            _check_axes(at)
            origin = at.get(SELLION, origin)
        expression, albedo = self.expression or Axes.none(v), self.albedo or Axes.none(v)
        colour = np.tile(PLAIN_SKIN, (v, 1)) if self.colour_mean is None else self.colour_mean / self.colour_units
        return kind(
            name=self.name,
            version=self.version,
            licence=self.licence,
            mean=mean - origin,
            identity=self.identity.rows(self.metres_per_unit),
            expression=expression.rows(self.metres_per_unit),
            albedo_mean=colour,
            albedo=albedo.rows(1 / self.colour_units),
            triangles=triangles,
            identity_names=self.identity.names,
            expression_names=expression.names,
            albedo_names=albedo.names,
            embeddings=embeddings,
            activations=self.activations,
            sha256=sha256,
            cure=cure,
            origin=origin,
            landmark_numbers=numbers,
            regions=self.regions,
            **more,
        )


def outward(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Triangles (F, 3) turned over if they face inward as a whole: some models count them clockwise.

    Raises:
        ModelError: indices outside the vertices (V, 3).
    """
    if not triangles.size or triangles.min() < 0 or triangles.max() >= len(vertices):
        found = f"{triangles.min()}..{triangles.max()}" if triangles.size else "none"
        raise ModelError(f"triangles index {found} of {len(vertices)} vertices")
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    centre = vertices.mean(0) - (0, 0, 0.05)  # behind the face, for models that end at the ears
    volume = np.einsum("ni,ni->", a - centre, np.cross(b - a, c - a))
    return triangles[:, ::-1] if volume < 0 else triangles


def numbered_embeddings(
    landmarks: Landmarks, triangles: np.ndarray
) -> tuple[dict[str, Embedding], dict[str, tuple[int, ...]]]:
    """Schemes with their points on triangles (F, 3), and which iBUG number each point has.

    Raises:
        ModelError: a landmark's vertex is in no triangle, its number is not 0..67, or its triangle does not exist.
    """
    for scheme, (triangle, _) in landmarks.surface.items():
        if triangle.min() < 0 or triangle.max() >= len(triangles):
            found = f"{triangle.min()}..{triangle.max()}"
            raise ModelError(f"landmarks {scheme} lie on triangles {found} of {len(triangles)}")
    if not landmarks.vertices:
        return dict(landmarks.surface), {scheme: _NUMBERED[scheme] for scheme in landmarks.surface}
    numbers = tuple(sorted(landmarks.vertices))
    if numbers[0] < 0 or numbers[-1] > 67:
        raise ModelError(f"landmarks are numbered {numbers[0]}..{numbers[-1]}; iBUG's numbers are 0..67")
    vertices = np.array([landmarks.vertices[n] for n in numbers], np.int64)
    flat = triangles.ravel()
    order = np.argsort(flat, kind="stable")
    corner = order[np.minimum(np.searchsorted(flat[order], vertices), len(flat) - 1)]
    if (flat[corner] != vertices).any():
        i = int((flat[corner] != vertices).argmax())
        raise ModelError(f"landmark {numbers[i]} is vertex {vertices[i]}, which no triangle uses")
    weights = np.eye(3, dtype=np.float32)[corner % 3]
    scheme = next((s for s, all_numbers in _NUMBERED.items() if numbers == all_numbers), "ibug68_part")
    return {scheme: (corner // 3, weights)}, {scheme: numbers}


def _check_axes(at: Mapping[int, np.ndarray]) -> None:
    right, left = OUTER_EYES
    if right in at and left in at and at[left][0] <= at[right][0]:
        raise ModelError(
            f"its right eye (landmark {right}) is at x = {at[right][0]:.3f} m and the left one at {at[left][0]:.3f}: "
            "x does not point to the subject's left; check the landmarks"
        )
