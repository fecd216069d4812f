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
from facegpt_ros.morphable.linear import ACTIVATION_LIMITS, LinearModel
from facegpt_ros.morphable.pose import rotation_from_vector
from facegpt_ros.morphable.rigid import similarity
from facegpt_ros.morphable.scan import Scan
from facegpt_ros.morphable.scan_problem import ScanProblem

#: Parts that a scanner cannot see, or sees as something else, and so must not attract scan points.
_HIDDEN = ("mouth_inner", "tongue", "teeth", "gums")
_MIDDLE = [36, 45, 33, 48, 54]  # iBUG landmarks whose mean is the middle of the face
_ACTIVATION_SPREAD = 0.3  # σ of an activation's prior, as for 2D landmarks
_MIN_POINTS = 100
_RIGID_STEPS = 12
_MARGIN = 0.012  # m, by which partners may be farther apart in the beginning
_STIFF_START = 100.0  # times the prior's weight in the beginning


@dataclass(frozen=True)
class FitOptions:
    """How a scan is fitted.

    Attributes:
        prior_mm: what the prior is weighed against: the error of a point, were a hundred of them independent. Smaller
            follows the scan more closely. By default validation faces are fitted as typical members of the prior: their
            coefficients' root mean square is 1 at most.
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
        model: with landmarks of the scheme "ibug68".

    Raises:
        ModelError: it has none.
    """

    def __init__(self, model: LinearModel) -> None:
        self.model = model
        bases = model.bases
        self.mean = np.asarray(bases["mean"], np.float64)
        self.n_identity, self.n_expression = len(bases["identity"]), len(bases["expression"])
        stacked = np.concatenate([bases["identity"], bases["expression"]])  # (K, 3V)
        self.basis = np.ascontiguousarray(stacked.T, np.float32).reshape(len(self.mean), 3, -1)  # (V, 3, K)
        self.triangles = model.triangles[visible(model)]
        corners, weights = model.embedding("ibug68")
        self._marks = np.einsum("nci,nc->ni", self.mean[corners], weights)
        self._mark_basis = np.einsum("ncik,nc->nik", self.basis[corners], weights)
        self._activations = model.limits["expression"] == ACTIVATION_LIMITS
        spread = _ACTIVATION_SPREAD if self._activations else 1.0
        self._stiffness = np.concatenate([np.ones(self.n_identity), np.full(self.n_expression, spread**-2)])

    def landmarks(self, theta: np.ndarray) -> np.ndarray:
        """iBUG landmarks (68, 3) m, model frame, of identity and expression coefficients (K,)."""
        return self._marks + self._mark_basis @ theta

    def vertices(self, theta: np.ndarray) -> np.ndarray:
        """(V, 3) m, model frame, of identity and expression coefficients (K,)."""
        return self.mean + (self.basis @ theta.astype(np.float32)).astype(np.float64)

    def scale_of(self, landmarks: Mapping[int, np.ndarray]) -> float:
        """Scan units per metre, by the size of the mean face: iBUG index → (3,); raises ScanError as align."""
        indices = sorted(landmarks)
        return align(self._marks[indices], np.array([landmarks[i] for i in indices]).reshape(-1, 3), None)[2]

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
            landmarks: iBUG index → (3,) in the scan's frame; three or more that lie on no line, or with a start fewer.
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
            rotation, translation, scale = align(self.landmarks(theta)[indices], marks, scale)
        else:
            rotation, translation, scale = start.rotation, start.translation, start.scale
            theta[: self.n_identity], theta[self.n_identity :] = start.identity, start.expression
        middle = self.landmarks(theta)[_MIDDLE].mean(0)
        centre, reach = scale * (rotation @ middle + translation), scale * options.reach_mm * 1e-3
        cloud, outward = scan.sample(options.points, centre, reach, options.seed)
        if len(cloud) < _MIN_POINTS:
            raise ScanError(
                f"{len(cloud)} scan points lie within {options.reach_mm:g} mm of the face that the landmarks show; "
                "check the landmarks and the unit"
            )
        chosen = np.zeros(len(theta), bool)
        chosen[: self.n_identity], chosen[self.n_identity :] = free[1], options.expression
        fixed = np.where(chosen, 0, theta)
        # The fit moves the scan to the model: in the model's frame the bases stay as they are.
        problem = ScanProblem(
            self.vertices(fixed),
            np.ascontiguousarray(self.basis[:, :, chosen]),
            self.triangles,
            (cloud / scale - translation) @ rotation,
            None if outward is None else outward @ rotation,
            (marks / scale - translation) @ rotation,
            self.landmarks(fixed)[indices],
            self._mark_basis[indices][:, :, chosen],
            self._stiffness[chosen],
            (np.arange(len(theta)) >= self.n_identity)[chosen] & self._activations,
            free[0],
        )
        values = theta[chosen]
        steps = options.iterations if chosen.any() else min(options.iterations, _RIGID_STEPS)
        for step in range(steps):
            progress = step / max(steps - 1, 1)
            motion, values = problem.step(
                values,
                margin=_MARGIN * max(0.0, 1 - 2 * progress),
                prior=1e-8 * options.prior_mm**2 * _STIFF_START ** max(0.0, 1 - 1.5 * progress),
                landmark_weight=10 ** (-2 * progress) / options.landmark_mm**2,
            )
            turn, shift = rotation_from_vector(motion[:3]), motion[3:]
            problem.cloud, problem.marks = problem.cloud @ turn.T + shift, problem.marks @ turn.T + shift
            problem.outward = None if problem.outward is None else problem.outward @ turn.T
            # cloud' = turn · Rᵀ (s - t) + shift, so R' = R turnᵀ and t' = t - R' shift.
            rotation = rotation @ turn.T
            translation = translation - rotation @ shift
        theta[chosen] = values
        problem.surface.move(problem.vertices(values))
        gaps = problem.surface.nearest(problem.cloud).distance
        return ScanFit(
            theta[: self.n_identity],
            theta[self.n_identity :],
            rotation,
            translation,
            scale,
            scale * (self.vertices(theta) @ rotation.T + translation),
            scale * (problem.cloud @ rotation.T + translation),
            scale * gaps,
        )


def fit_scan(
    model: LinearModel,
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


def visible(model: LinearModel) -> np.ndarray:
    """Triangles (F,) bool that a scanner may see: not the inside of the mouth."""
    regions: Mapping[str, np.ndarray] = getattr(model, "regions", {})
    hidden = np.zeros(model.n_vertices, bool)
    for name in _HIDDEN:
        if name in regions:
            hidden |= regions[name] > 0.5
    return np.asarray(~hidden[model.triangles].any(1))
