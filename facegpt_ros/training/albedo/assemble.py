"""A model file with albedo from photographs: by vertex and as a texture, with what photographs cannot say by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, diags

from facegpt_ros.morphable.albedo import albedo_basis
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.monk import TONE_NAMES
from facegpt_ros.morphable.texels import Texels
from facegpt_ros.morphable.texture import PREFIX, quantised
from facegpt_ros.training.albedo.chart import Chart, VertexColours
from facegpt_ros.training.albedo.learn import LearntAlbedo
from facegpt_ros.training.albedo.spread import SkinSpread

#: Axes set by hand that stay: photographs of a face say little of these.
BY_HAND = (
    "hair_lightness",
    "hair_warmth",
    "beard_shadow",
    "sclera_lightness",
    "iris_lightness",
    "iris_blueness",
    "iris_greenness",
    "mouth_inner_lightness",
    "teeth_lightness",
)
_PAINTED = ("eyes", "mouth_inner", "tongue", "teeth", "gums")
_HAIR_OPACITY = 0.9
_HAIRLINE_ROUNDS = 4
_NO_DETAIL = 0.002  # RGB at 1 σ, below which a texel has no detail worth keeping


@dataclass(frozen=True)
class Albedo:
    """What goes into the file.

    Attributes:
        vertex_mean: (V, 3); vertex_basis: (A, V, 3) by vertex; names of the A axes.
        texture_mean: (T, T, 3) 0..1.
        detail: (D, n, 3), what the first D axes have beyond vertex_basis at the texels (n,), flat indices.
    """

    vertex_mean: np.ndarray
    vertex_basis: np.ndarray
    names: tuple[str, ...]
    texture_mean: np.ndarray
    detail: np.ndarray
    texels: np.ndarray


def assembled(learnt: LearntAlbedo, chart: Chart, *, detailed: int = 64) -> Albedo:
    """Photographed skin, spread over the head, under paint for eyes, mouth and hair.

    Args:
        learnt: on the chart.
        chart: of the model, by whose regions the rest is painted.
        detailed: D, how many axes shall be finer than the mesh.
    """
    model = chart.model
    axes = len(learnt.basis)
    stacked = np.concatenate([learnt.mean[None], learnt.basis])  # (1 + K, N, 3)
    flat = np.ascontiguousarray(np.moveaxis(stacked, 0, -1)).reshape(len(chart), -1)  # (N, 3 (1 + K))
    covered = chart.texels
    on_chart = Texels(
        covered.covered, covered.triangle[chart.chosen], covered.barycentric[chart.chosen], covered.nearest
    )
    to_vertices = VertexColours(on_chart, model.triangles, model.n_vertices, _areas(model, on_chart))
    spread = SkinSpread(model, to_vertices.known)
    at_vertices = to_vertices(flat)
    beyond = spread(at_vertices)  # (V, 3 (1 + K))
    share = _soft(spread.share)
    skin_vertex = np.where(spread.known[:, None], at_vertices, beyond)
    skin_vertex = share[:, None] * skin_vertex + (1 - share)[:, None] * beyond

    ours = _soft(chart.share)[:, None]
    on_skin = ours * flat + (1 - ours) * chart.at(beyond.astype(np.float32))

    bare = 1 - np.max([model.regions.get(name, 0 * share) for name in _PAINTED], axis=0)
    scalp = softened(model, model.regions.get("scalp", 0 * share), _HAIRLINE_ROUNDS)
    hair = _HAIR_OPACITY * scalp * (1 - share)  # where photographs show the hairline, they paint it
    paint, by_region, region_names = albedo_basis(model.bases["mean"], model.triangles, model.regions)
    by_hand = [name for name in BY_HAND if name in region_names]
    hand = by_region[[region_names.index(name) for name in by_hand]]

    vertex = _painted(skin_vertex.reshape(-1, 3, 1 + axes), paint, bare, hair)
    texel = _painted(on_skin.reshape(-1, 3, 1 + axes), *(chart.at(values) for values in (paint, bare, hair)))
    coarse = chart.at(vertex.reshape(len(vertex), -1)).reshape(texel.shape)
    texture_mean = chart.everywhere(vertex[..., 0])
    texture_mean[chart.chosen] = texel[..., 0]
    detail = (texel - coarse)[..., 1 : 1 + detailed]
    used = np.abs(detail).max((1, 2)) > _NO_DETAIL
    return Albedo(
        vertex[..., 0],
        np.concatenate([np.moveaxis(vertex[..., 1:], -1, 0), hand]),
        (*TONE_NAMES, *(f"skin_{k:03d}" for k in range(axes - len(TONE_NAMES))), *by_hand),
        texture_mean[covered.nearest],
        np.moveaxis(detail[used], -1, 0),
        chart.flat[used].astype(np.int32),
    )


def _painted(skin: np.ndarray, paint: np.ndarray, bare: np.ndarray, hair: np.ndarray) -> np.ndarray:
    """Skin (n, 3, 1 + K), mean first, under paint (n, 3): opaque where not bare (n,), and as hair (n,) covers."""
    visible = (bare * (1 - hair))[:, None, None]
    out = skin * visible
    out[..., 0] += (1 - visible[..., 0]) * paint
    return out


def softened(model: MorphableModel, values: np.ndarray, rounds: int) -> np.ndarray:
    """Values by vertex (V,), averaged with their neighbours: a mask's edge along triangles would show its teeth."""
    i, j = model.triangles.ravel(), np.roll(model.triangles, 1, 1).ravel()
    rows, columns = np.concatenate([i, j, np.arange(len(values))]), np.concatenate([j, i, np.arange(len(values))])
    near = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(values),) * 2)
    near = diags(1 / np.asarray(near.sum(1)).ravel()) @ near
    for _ in range(rounds):
        values = near @ values
    return values


def _soft(share: np.ndarray) -> np.ndarray:
    """From the edge of the photographed inwards, 0 to 1, smoothly."""
    t = np.clip((share - 0.1) / 0.8, 0, 1)
    return t * t * (3 - 2 * t)


def _areas(model: MorphableModel, covered: Texels) -> np.ndarray:
    """(M,): the part of the mean surface that each texel shows, relative to the mean of them."""
    a, b, c = model.bases["mean"][model.triangles].transpose(1, 0, 2).astype(np.float64)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    count = np.bincount(covered.triangle, minlength=len(area))
    per_texel = (area / np.maximum(count, 1))[covered.triangle]
    return per_texel / per_texel.mean()


def write_albedo(
    source: Path, albedo: Albedo, uv_corners: np.ndarray, uv: np.ndarray, out: Path, photos: Sequence[str]
) -> None:
    """Writes the model file `source` anew with this albedo and layout, and the names of the photo folders behind it."""
    with safe_open(str(source), framework="np") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata() or {})
    steps, scale = quantised(albedo.detail)
    tensors.update(
        {
            "uv": uv.astype(np.float32),
            "uv_corners": uv_corners.astype(np.float32),
            "albedo_mean": albedo.vertex_mean.astype(np.float16),
            "albedo_basis": albedo.vertex_basis.astype(np.float16),
            f"{PREFIX}mean": np.rint(np.clip(albedo.texture_mean, 0, 1) * 255).astype(np.uint8),
            f"{PREFIX}texels": albedo.texels,
            f"{PREFIX}basis": steps,
            f"{PREFIX}scale": scale,
        }
    )
    metadata["albedo_names"] = json.dumps(albedo.names)
    metadata["source"] = (
        f"{metadata.get('source', '')}; skin learnt from the photographs of {', '.join(photos)}".lstrip("; ")
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, str(partial), metadata)
    partial.chmod(0o644)
    partial.replace(out)
