"""A morphable model fitted to a 3D scan: pose, identity and, where asked for, expression.

Landmarks give rotation and translation, and the scale where the scan's unit is not known; then Gauss-Newton on the
distances of scan points to the planes of their nearest surface points (Chen and Medioni, 1991), under the model's
Gaussian prior (Blanz and Vetter, 1999), whose weight relaxes. The scale is settled once: an ICP that re-estimates it
inflates the head and calls it a fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.errors import ScanError
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.rigid import rotation_from_vector, similarity
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.morphable.surface import Nearest, Surface, boundary
from facegpt_ros.render.rasterize import vertex_normals

#: Parts that a scanner cannot see, or sees as something else, and so must not attract scan points.
_HIDDEN = ("mouth_inner", "tongue", "teeth", "gums")


@dataclass(frozen=True)
class FitOptions:
    """How a scan is fitted.

    Attributes:
        prior_mm: what the prior is weighed against: the error of a point, were a hundred of them independent. Smaller
            follows the scan more closely. The default is the one that predicts left out patches of validation faces best.
        expression: fit δ as well; else the scan is taken to be neutral.
        iterations: Gauss-Newton steps.
        points: of the scan, drawn evenly from its surface.
        reach_mm: scan points farther than this from the middle of the face are left out.
        landmark_mm: how far a landmark may lie from the model's; they guide, the surface decides.
        seed: of the drawing.
    """

    prior_mm: float = 0.5
    expression: bool = False
    iterations: int = 24
    points: int = 3000
    reach_mm: float = 100.0
    landmark_mm: float = 5.0
    seed: int = 0


@dataclass(frozen=True)
class ScanFit:
    """A model in the frame of a scan: p_scan = scale · (rotation · p_model + translation).

    Attributes:
        identity: α (I,); expression: δ (E,).
        rotation: (3, 3); translation: (3,) m; scale: 1 for a scan in metres.
        vertices: (V, 3) of the fitted mesh in the scan's frame and unit.
        points: (N, 3), the scan points that were used, in the scan's frame; errors: (N,) their distances to the mesh.
    """

    identity: np.ndarray
    expression: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    scale: float
    vertices: np.ndarray
    points: np.ndarray = field(repr=False)
    errors: np.ndarray = field(repr=False)


class Fitter:
    """Fits one model to scans; what depends on the model only is prepared once.

    Args:
        model: any linear model with bases and triangles.
    """

    def __init__(self, model: MorphableModel) -> None:
        self.model = model
        bases = model.bases
        self.mean = np.asarray(bases["mean"], np.float64)
        self.n_identity, self.n_expression = len(bases["identity"]), len(bases["expression"])
        stacked = np.concatenate([bases["identity"], bases["expression"]])  # (K, 3V)
        self.basis = np.ascontiguousarray(stacked.T, np.float32).reshape(len(self.mean), 3, -1)  # (V, 3, K)
        self.triangles = model.triangles[visible(model)]
        self._border = boundary(self.triangles, len(self.mean))

    def landmarks(self, theta: np.ndarray, indices: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """iBUG landmarks (n, 3) of coefficients (K,), and how each coefficient moves them, (n, 3, K)."""
        corners, weights = self.model.embedding("ibug68")
        jacobian = np.einsum("ncik,nc->nik", self.basis[corners[indices]], weights[indices])
        rest = np.einsum("nci,nc->ni", self.mean[corners[indices]], weights[indices])
        return rest + jacobian @ theta, jacobian

    def vertices(self, theta: np.ndarray) -> np.ndarray:
        """(V, 3) m, model frame, of identity and expression coefficients (K,)."""
        return self.mean + (self.basis @ theta.astype(np.float32)).astype(np.float64)

    def fit(
        self,
        scan: Scan,
        landmarks: Mapping[int, np.ndarray],
        options: FitOptions | None = None,
        *,
        scale: float | None = None,
        start: ScanFit | None = None,
        free: tuple[bool, bool] = (True, True),
    ) -> ScanFit:
        """Fits to a scan.

        Args:
            scan: in its own frame and unit. Triangles tell inside from outside: where their normals disagree with the
                model's, points are left out.
            landmarks: iBUG index → (3,) in the scan's frame; three or more that lie on no line.
            options: how.
            scale: scan units per metre; None takes it once from the landmarks.
            start: begin with this pose and these coefficients instead of the landmarks and the mean face.
            free: whether pose and identity may change.

        Raises:
            ScanError: too few landmarks, or hardly any points near the face.
        """
        options = options or FitOptions()
        indices = sorted(landmarks)
        marks = np.array([landmarks[i] for i in indices], np.float64).reshape(-1, 3)
        theta = np.zeros(self.n_identity + self.n_expression)
        if start is None:
            rotation, translation, scale = align(self.landmarks(theta, indices)[0], marks, scale)
        else:
            rotation, translation, scale = start.rotation, start.translation, start.scale
            theta[: self.n_identity], theta[self.n_identity :] = start.identity, start.expression
        centre = scale * (rotation @ self._middle(theta) + translation)
        cloud, outward = scan.sample(options.points, centre, scale * options.reach_mm * 1e-3, options.seed)
        if len(cloud) < 100:
            raise ScanError(
                f"{len(cloud)} scan points lie within {options.reach_mm:g} mm of the face that the landmarks show; "
                "check the landmarks and the unit"
            )
        # From here on in the model's frame: the fit moves the scan to the model.
        cloud, marks = (cloud / scale - translation) @ rotation, (marks / scale - translation) @ rotation
        outward = None if outward is None else outward @ rotation
        search = Surface(self.vertices(theta), self.triangles)
        for step in range(options.iterations):
            progress = step / max(options.iterations - 1, 1)
            search.move(self.vertices(theta))
            motion, theta = self._step(search, cloud, outward, indices, marks, theta, options, progress, free)
            turn, shift = rotation_from_vector(motion[:3]), motion[3:]
            cloud, marks = cloud @ turn.T + shift, marks @ turn.T + shift
            outward = None if outward is None else outward @ turn.T
            # cloud' = turn · Rᵀ (s - t) + shift, so R' = R turnᵀ and t' = t - R' shift.
            rotation = rotation @ turn.T
            translation = translation - rotation @ shift
        vertices = self.vertices(theta)
        search.move(vertices)
        return ScanFit(
            theta[: self.n_identity],
            theta[self.n_identity :],
            rotation,
            translation,
            scale,
            scale * (vertices @ rotation.T + translation),
            scale * (cloud @ rotation.T + translation),
            scale * search.nearest(cloud).distance,
        )

    def _middle(self, theta: np.ndarray) -> np.ndarray:
        """Between the eyes, the nose and the mouth."""
        return self.landmarks(theta, [36, 45, 33, 48, 54])[0].mean(0)

    def _step(self, search, cloud, outward, indices, marks, theta, options, progress, free):
        """One Gauss-Newton step: a small motion (6,) of the cloud, and new coefficients (K,)."""
        from facegpt_ros.morphable import surface_kernels

        hits: Nearest = search.nearest(cloud)
        corners = self.triangles[hits.triangle]
        by_vertex = vertex_normals(search.vertices.astype(np.float32), self.triangles).astype(np.float64)
        normals = np.einsum("nci,nc->ni", by_vertex[corners], hits.barycentric)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        foot = search.positions(hits)
        # Where the nearest point lies on the edge of the surface, the true partner is missing.
        on_edge = (self._border[corners] | (hits.barycentric < 1e-6)).all(1)
        weights = _tukey(hits.distance, _cutoff(hits.distance[~on_edge], progress)) * ~on_edge
        if outward is not None:
            weights *= (outward * normals).sum(1) > 0.5
        weights /= max(weights.sum(), 1e-9)
        shapes = np.empty((len(cloud), len(theta)), np.float32)
        surface_kernels.project_basis(corners, hits.barycentric, normals, self.basis, shapes)
        rigid = np.concatenate([np.cross(cloud, normals), normals], 1)
        # n · (q + ω × q + τ - S(θ)), with S(θ) = foot + shapes (θ' - θ).
        jacobian = np.concatenate([rigid, -shapes], 1)
        residual = ((cloud - foot) * normals).sum(1) + shapes @ theta
        weighted = jacobian * weights[:, None]
        gram, right = weighted.T @ jacobian, -weighted.T @ residual
        if indices:
            place, moves = self.landmarks(theta, indices)
            # Each as good as a share of the surface, fading while the surface takes over.
            share = 10 ** (-2 * progress) * (1.0 / options.landmark_mm) ** 2 / len(indices)
            turn = np.stack([np.cross(np.eye(3), mark).T for mark in marks])  # ω × q as a matrix
            rows = np.concatenate([turn, np.broadcast_to(np.eye(3), turn.shape), -moves], 2)
            rows = rows.reshape(-1, rows.shape[2])
            gap = (marks - place + moves @ theta).ravel()
            gram, right = gram + share * rows.T @ rows, right - share * rows.T @ gap
        prior = 1e-6 * options.prior_mm**2 / 100 * 100 ** max(0.0, 1 - 1.5 * progress)
        return _solve(gram, right, prior, theta, self.n_identity, (*free, options.expression))


def fit_scan(
    model: MorphableModel,
    scan: Scan,
    landmarks: Mapping[int, np.ndarray],
    options: FitOptions | None = None,
    *,
    scale: float | None = None,
) -> ScanFit:
    """Fitter.fit for a single scan."""
    return Fitter(model).fit(scan, landmarks, options, scale=scale)


def align(source: np.ndarray, target: np.ndarray, scale: float | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation, translation and scale with target ≈ scale · (rotation · source + translation); scale found when None.

    Raises:
        ScanError: fewer than three landmarks, all on one line, or not finite.
    """
    if len(source) < 3 or not np.isfinite(target).all():
        raise ScanError(f"{len(source)} landmarks were given, or one is not finite; give three or more")
    spread = np.linalg.svd(target - target.mean(0), compute_uv=False)
    if spread[1] < 0.05 * spread[0]:
        raise ScanError(
            "the landmarks lie on one line, which leaves the pose open; add one off it, such as the nose tip"
        )
    if scale is None:
        rotation, moved, scale = similarity(source, target)
    else:
        rotation, moved, _ = similarity(source, target / scale, with_scale=False)
        return rotation, moved, scale
    return rotation, moved / scale, scale


def visible(model: MorphableModel) -> np.ndarray:
    """Triangles (F,) bool that a scanner may see: not the inside of the mouth."""
    hidden = np.zeros(len(model.bases["mean"]), bool)
    for name in _HIDDEN:
        if name in model.regions:
            hidden |= model.regions[name] > 0.5
    return ~hidden[model.triangles].any(1)


def _cutoff(distances: np.ndarray, progress: float) -> float:
    """Distance, m, beyond which a point counts as no part of the face."""
    typical = 1.4826 * float(np.median(distances)) if len(distances) else 0.0
    return max(4.5 * typical, 0.004) + 0.012 * max(0.0, 1 - 2 * progress)


def _tukey(distances: np.ndarray, cutoff: float) -> np.ndarray:
    """Weights 1..0 of a robust estimator (Beaton and Tukey, 1974)."""
    return np.maximum(0.0, 1 - (distances / cutoff) ** 2) ** 2


def _solve(gram, right, prior, theta, n_identity, free):
    """The step: unknowns are motion (6), identity, expression in 0..1; each group only if it is free."""
    size = len(right)
    active = np.zeros(size, bool)
    active[:6], active[6 : 6 + n_identity], active[6 + n_identity :] = free
    value = np.concatenate([np.zeros(6), theta])
    damping = np.full(size, prior)
    damping[:6] = 1e-12
    system = gram + np.diag(damping)
    box = np.zeros(size, bool)
    box[6 + n_identity :] = active[6 + n_identity :]
    value[box] = value[box].clip(0, 1)
    loose = active.copy()
    for _ in range(12):  # bounds by an active set: hold what would leave 0..1, solve for the rest
        held = ~loose
        solution = np.linalg.solve(
            system[np.ix_(loose, loose)], right[loose] - system[np.ix_(loose, held)] @ value[held]
        )
        value[loose] = solution
        out = box & loose & ((value < 0) | (value > 1))
        if not out.any():
            break
        value[out] = value[out].clip(0, 1)
        loose &= ~out
    return value[:6], value[6:]
