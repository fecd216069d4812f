"""How a head shadows itself: what light of a few harmonics or of one lamp reaches each vertex.

Precomputed radiance transfer (Sloan, Kautz & Snyder 2002, diffuse, order 2): for each vertex of the mean head, the
light that its own surroundings keep away, as a response to the nine harmonics of shading.py. Measured in two poses,
lips closed with eyes open and lips parted with eyes closed; a face lies between them. At run time a soft shadow is a
rotation of φ and one (V, 9) by (9, 3) product.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.rasterize import rasterize, vertex_normals
from facegpt_ros.render.shading import SH_CONSTANTS, sh_basis

DIRECTIONS = 128
_PIXELS, _DISTANCE_M = 384, 10.0  # of the depth pictures; so far away the rays are parallel
_LIFT_M, _BIAS_M = 0.0018, 0.0005  # a vertex is looked for above the surface, or it would shadow itself
_OPEN = {"jawOpen": 0.5, "mouthLowerDown": 1.0, "mouthUpperUp": 1.0, "mouthSmile": 0.6, "eyeBlink": 1.0}
#: What closed lips hide: lit as when they are open, for it is seen only then.
_INSIDE = ("mouth_inner", "tongue", "teeth", "gums")
_LIPS_APART_M = 0.006  # light falls on the insides of lips as soon as they part
_SUN_NEIGHBOURS, _SUN_SHARPNESS = 4, 40.0


class SelfShadow:
    """Shadows of one model's faces. Building it takes about a second.

    Args:
        model: the morphable model.
        directions: from how many sides visibility is measured.
    """

    def __init__(self, model: MorphableModel, directions: int = DIRECTIONS) -> None:
        self._model = model
        self.directions = fibonacci_sphere(directions)  # (D, 3), model frame
        identity = np.zeros(len(model.identity_names), np.float32)
        poses = [np.zeros(len(model.expression_names), np.float32) for _ in range(2)]
        for i, name in enumerate(model.expression_names):
            poses[1][i] = _OPEN.get(name.removesuffix("Left").removesuffix("Right"), 0.0)
        heads = [model.vertices(identity, pose) for pose in poses]
        self._visible = [visibility(head, model.triangles, self.directions) for head in heads]  # two of (D, V)
        self._blocked = np.stack(
            [self._response(head, seen) for head, seen in zip(heads, self._visible, strict=True)]
        )  # (2, V, 9)
        self._rest = np.array([_openings(model.landmarks(identity, pose)) for pose in poses])  # (2, 3)
        self._places = self._drivers(model, heads[0])
        none = np.zeros(model.n_vertices, np.float32)
        self._inside = np.max([model.regions.get(name, none) for name in _INSIDE], axis=0) > 0.5
        self._even_eyes(model, heads[0])
        self._rotation_fit = np.linalg.pinv(sh_basis(self.directions))  # (9, D)

    def _response(self, vertices: np.ndarray, visible: np.ndarray) -> np.ndarray:
        """(V, 9): light kept away, per unit of φ; negative where less arrives than on a convex body."""
        normals = vertex_normals(vertices, self._model.triangles)
        cosine = np.maximum(self.directions @ normals.T, 0)  # (D, V)
        lost = cosine * (1 - visible) * (4 * np.pi / len(self.directions))
        # Light that shades as a harmonic of band 0, 1, 2 is that harmonic over π, 2π/3, π/4 (Ramamoorthi & Hanrahan).
        convolution = np.array([np.pi] + [2 * np.pi / 3] * 3 + [np.pi / 4] * 5)
        blocked = -(lost.T @ (sh_basis(self.directions) / convolution))
        return (blocked * self._unlit_by_bounces(1 + blocked[:, :1] / SH_CONSTANTS[0])).astype(np.float32)

    def _unlit_by_bounces(self, open_share: np.ndarray) -> np.ndarray:
        """What is left of a shadow where the shaded skin, or teeth, light each other: (V, 1) 0..1.

        Jimenez et al., "Practical Real-Time Strategies for Accurate Indirect Occlusion" (2016): a cubic in the share
        (V, 1) of light that arrives directly, by the albedo of the surface.
        """
        albedo = self._model.bases["albedo_mean"].mean(1, keepdims=True)
        share = open_share.clip(0, 1)
        a, b, c = 2.0404 * albedo - 0.3324, -4.7951 * albedo + 0.6417, 2.7552 * albedo + 0.6903
        lit = np.maximum(share, ((share * a + b) * share + c) * share)
        return ((1 - lit) / np.maximum(1 - share, 1e-6)).clip(0, 1)

    @staticmethod
    def _drivers(model: MorphableModel, vertices: np.ndarray) -> np.ndarray:
        """(V, 3): which opening moves a vertex between the poses: the mouth, the right eye, the left eye."""
        at = model.landmarks(np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names)))
        centres = np.stack([at[48:68].mean(0), at[36:42].mean(0), at[42:48].mean(0)])
        nearest = np.linalg.norm(vertices[:, None] - centres, axis=-1).argmin(1)
        return np.eye(3, dtype=np.float32)[nearest]

    def _even_eyes(self, model: MorphableModel, vertices: np.ndarray) -> None:
        """One shade for all of an eyeball: it turns under the lids, so what is hidden at rest may come to light."""
        eyes = model.regions.get("eyes", np.zeros(model.n_vertices, np.float32)) > 0.5
        normals = vertex_normals(vertices, model.triangles)
        front = eyes & (normals[:, 2] > 0.85)
        if not front.any():
            return
        basis = sh_basis(normals)
        lost = -self._blocked[0, front, 0].mean() / basis[front, 0].mean()
        self._blocked[:, eyes] = -lost * basis[eyes]
        for seen in self._visible:
            seen[:, eyes] = seen[:, front].mean(1, keepdims=True)

    def openness(self, landmarks: np.ndarray) -> np.ndarray:
        """How far mouth, right and left eye are in the second pose: landmarks (..., 68, 3) m → (..., 3), 0..1."""
        closed, parted = self._rest
        span = np.minimum(parted - closed, (_LIPS_APART_M, np.inf, np.inf))
        return ((_openings(landmarks) - closed) / np.where(span == 0, 1, span)).clip(0, 1)

    def shadow(self, illumination: np.ndarray, rotation: np.ndarray, openness: np.ndarray) -> np.ndarray:
        """What self-shadowing adds to sh_basis(normals) @ φ: (V, 3) float32, mostly negative.

        Args:
            illumination: φ (27,), optical frame.
            rotation: (3, 3), optical frame from model frame.
            openness: (3,) of openness().
        """
        phi = self.turned(illumination, rotation).astype(np.float32)  # (9, 3)
        towards = (self._places @ openness.astype(np.float32))[:, None]
        towards[self._inside] = 1
        closed, parted = self._blocked[0] @ phi, self._blocked[1] @ phi  # (V, 3)
        return closed + towards * (parted - closed)

    def turned(self, illumination: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        """φ (27,) of the optical frame → (9, 3) for normals of the model frame: same light, same shading."""
        seen = sh_basis(self.directions @ rotation.T)  # (D, 9)
        return self._rotation_fit @ (seen @ illumination.reshape(9, 3))

    def sunlit(self, direction: np.ndarray, openness: np.ndarray) -> np.ndarray:
        """(V,) float32 0..1: how much of a distant lamp in direction (3,), model frame, each vertex sees."""
        cosine = self.directions @ (direction / np.linalg.norm(direction))
        near = np.argpartition(-cosine, _SUN_NEIGHBOURS)[:_SUN_NEIGHBOURS]
        weights = np.exp(_SUN_SHARPNESS * (cosine[near] - cosine[near].max()))
        weights = (weights / weights.sum()).astype(np.float32)
        towards = self._places @ openness.astype(np.float32)
        towards[self._inside] = 1
        closed, parted = (weights @ seen[near] for seen in self._visible)
        return closed + towards * (parted - closed)


def visibility(vertices: np.ndarray, triangles: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Whether light from each direction reaches each vertex unhindered by the mesh.

    Args:
        vertices: (V, 3) m.
        triangles: (F, 3).
        directions: (D, 3) unit, towards the light.

    Returns:
        (D, V) float32 0..1.
    """
    normals = vertex_normals(vertices, triangles)
    centre = (vertices.min(0) + vertices.max(0)) / 2
    points, lifted = vertices - centre, vertices - centre + _LIFT_M * normals
    scale = 0.48 * _PIXELS / np.linalg.norm(points, axis=1).max()
    out = np.empty((len(directions), len(vertices)), np.float32)
    for d, towards in enumerate(directions):
        across = np.cross(towards, np.eye(3)[np.abs(towards).argmin()])
        across /= np.linalg.norm(across)
        axes = np.stack([scale * across, scale * np.cross(towards, across), -towards])  # rows: x px, y px, depth
        middle = np.array([_PIXELS / 2, _PIXELS / 2, _DISTANCE_M])
        drawn = (points @ axes.T + middle).astype(np.float32)
        ids, weights = rasterize(drawn, triangles, _PIXELS, _PIXELS, cull=False)
        asked = lifted @ axes.T + middle
        corner = np.floor(asked[:, :2]).astype(int).clip(0, _PIXELS - 2)
        share = asked[:, :2] - corner
        lit = np.zeros(len(vertices))
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            column, row = corner[:, 0] + dx, corner[:, 1] + dy
            hit = ids[row, column]
            depth = (drawn[triangles[hit], 2] * weights[row, column]).sum(1)
            free = (hit < 0) | (depth > asked[:, 2] - _BIAS_M)
            lit += free * np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
        out[d] = lit
    return out


def fibonacci_sphere(count: int) -> np.ndarray:
    """(count, 3) unit vectors, evenly spread."""
    k = np.arange(count) + 0.5
    z, turn = 1 - 2 * k / count, np.pi * (1 + np.sqrt(5)) * k
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], -1)


def _openings(landmarks: np.ndarray) -> np.ndarray:
    """(..., 68, 3) → (..., 3) m: gap between the lips, minus that between the lids of the right and of the left eye."""

    def gap(upper: tuple[int, ...], lower: tuple[int, ...]) -> np.ndarray:
        return np.linalg.norm(landmarks[..., upper, :] - landmarks[..., lower, :], axis=-1).mean(-1)

    return np.stack(
        [gap((61, 62, 63, 50, 51, 52), (67, 66, 65, 58, 57, 56)), -gap((37, 38), (41, 40)), -gap((43, 44), (47, 46))],
        -1,
    )
