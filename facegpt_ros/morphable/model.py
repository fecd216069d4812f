"""The open morphable face model and its file: a linear model with regions, mirror and texture coordinates."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.axes import SemanticAxes
from facegpt_ros.morphable.contour import SlidingContour
from facegpt_ros.morphable.landmarks import SCHEMES
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.texture import PREFIX, AlbedoTexture, painted

FORMAT = "facegpt-morphable/1"
SHIPPED = Path(__file__).parent / "data" / "open_face.safetensors"
_NAMES = ("identity_names", "expression_names", "albedo_names", "region_names")


class MorphableModel(LinearModel):
    """The open face model that ships with the package; coefficients and frames as in LinearModel, ARKit activations.

    Attributes:
        triangles: (F, 3) int32, counter-clockwise seen from outside.
        uv: (V, 2) float32, one texture coordinate a vertex, (0, 0) bottom left.
        uv_corners: (F, 3, 2) float32, one a triangle's corner, where the chart has seams.
        regions: name → (V,) float32 membership 0..1.
        mirror: (V,) int32, the vertex on the other side of the face.
    """

    def __init__(self, tensors: dict[str, np.ndarray], metadata: dict[str, str], sha256: str = "") -> None:
        self._texture_file: Path | None = None
        try:
            if metadata["format"] != FORMAT:
                raise ModelError(f"morphable model format is '{metadata['format']}', this version reads '{FORMAT}'")
            names = {key: json.loads(metadata[key]) for key in _NAMES}
            self.uv = np.ascontiguousarray(tensors["uv"], np.float32)
            self.uv_corners = np.ascontiguousarray(tensors["uv_corners"], np.float32)
            self.mirror = np.ascontiguousarray(tensors["mirror"], np.int32)
            regions = tensors["regions"].astype(np.float32) / 255
            self.regions = dict(zip(names["region_names"], regions, strict=True))
            super().__init__(
                name=metadata["name"],
                version=metadata["version"],
                licence=metadata["licence"],
                mean=tensors["mean"],
                identity=tensors["identity_basis"],
                expression=tensors["expression_basis"],
                albedo_mean=tensors["albedo_mean"],
                albedo=tensors["albedo_basis"],
                triangles=tensors["triangles"],
                identity_names=names["identity_names"],
                expression_names=names["expression_names"],
                albedo_names=names["albedo_names"],
                embeddings={
                    s: (tensors[f"landmarks.{s}.triangle"], tensors[f"landmarks.{s}.barycentric"]) for s in SCHEMES
                },
                contour=_contour(tensors),
                sha256=sha256,
                cure="build the file again with `facegpt morphable build`",
            )
            self._sliders = tensors.get("axes.sliders")
        except ModelError:
            raise
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"morphable model lacks or garbles {error}; build it with `facegpt morphable build`"
            ) from error

    @cached_property
    def axes(self) -> SemanticAxes:
        """Named axes of identity: age, nose_width, … Raises ModelError when the file was built without them."""
        if self._sliders is None:
            raise ModelError(
                f"{self.name} {self.version} has no named axes; build it again with `facegpt morphable build`"
            )
        return SemanticAxes(self, self._sliders)

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
                names = list(file.keys())
                tensors = {name: file.get_tensor(name) for name in names if not name.startswith(PREFIX)}
                model = cls(tensors, file.metadata() or {}, sha256)
            # The texture is most of the file, and few need it: it is read when it is first asked for.
            model._texture_file = path if any(name.startswith(PREFIX) for name in names) else None
            return model
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror or error}; build it with `facegpt morphable build`") from error
        except SafetensorError as error:
            raise ModelError(
                f"{path} is no safetensors file ({error}); build it with `facegpt morphable build`"
            ) from error

    def texture(self, albedo: np.ndarray) -> np.ndarray:
        """γ (A,) → (T, T, 3) float32 RGB 0..1 in the layout of uv_corners, row 0 is v = 1; T is 256 or more.

        Finer than colours(γ) where the file holds a texture; else those colours, interpolated over the triangles.

        Raises:
            ModelError: γ has another shape or is not finite, or the file has changed since it was loaded.
        """
        albedo = self._coefficients(np.asarray(albedo, np.float32).reshape(-1), self.albedo_names, "albedo")
        if self._texture is None:
            return painted(self.colours(albedo), self.triangles, self.uv_corners)
        return self._texture(albedo)

    @cached_property
    def _texture(self) -> AlbedoTexture | None:
        if self._texture_file is None:
            return None
        return AlbedoTexture.read(self._texture_file, self._albedo, self.triangles, self.uv_corners)


def _contour(tensors: dict[str, np.ndarray]) -> SlidingContour | None:
    """None for files of before the contour could slide."""
    prefix = "landmarks.ibug68.contour."
    if f"{prefix}yaw" not in tensors:
        return None
    return SlidingContour(*(tensors[prefix + key] for key in ("yaw", "triangle", "barycentric")))
