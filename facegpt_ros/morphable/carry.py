"""θ carried from one face model to another of different topology, by fitting; both are metric, so nothing is scaled.

Identity: the target's neutral mesh is laid over the source's, by landmarks, then by nearest surface points (iterative
closest points with a prior that relaxes; Amberg et al., 2007, in spirit). That also says which point of the source each
vertex of the target is. Expression: the target shall move by what those points of the source move, and so closed lips
that open are never torn between the two. Albedo: the colours of those points.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.face_area import face, known_landmarks, nose_tip, skin
from facegpt_ros.morphable.linear import ACTIVATION_LIMITS, LinearModel
from facegpt_ros.morphable.pose import rotation_from_vector
from facegpt_ros.morphable.rigid import similarity
from facegpt_ros.morphable.surface import Nearest, Surface, boundary
from facegpt_ros.render.rasterize import vertex_normals

_POINTS = 3000  # vertices of the target that are fitted
_STEPS = 20
_INDEPENDENT = 300  # neighbouring vertices err alike: as many errors count as independent
_NOISE = 0.5e-3  # m, what a point may miss by; prior and points are weighed by it
_STIFF_START = 100.0
_ALONG = 0.1  # weight of sliding along the surface against leaving it
_REACH = (0.02, 0.006)  # m, farthest partner in the first and in the last step
_FACING = 0.4  # cosine between the normals of partners
_SIGMA_BOUND = 4.0
_ACTIVATION_SPREAD = 0.3  # as in the fit to scans
_COLOUR_NOISE = 0.03


@dataclass(frozen=True)
class Carried:
    """θ of the target, and how well it fits.

    Attributes:
        identity, expression, albedo: (I,), (E,), (A,) float32.
        rotation: (3, 3), translation: (3,) m: p_source = rotation · p_target + translation, of the model frames.
        neutral_mm, expressive_mm: (N,) distances of the target's face from the source's surface, without and with the
            expression.
        covered: the part of the target's face that has a partner on the source, 0..1; the rest is not in the distances.
    """

    identity: np.ndarray
    expression: np.ndarray
    albedo: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    neutral_mm: np.ndarray = field(repr=False)
    expressive_mm: np.ndarray = field(repr=False)
    covered: float = 1.0


class Carrier:
    """Carries any θ from one model to another.

    Raises:
        ModelError: a model has no face that can be seen, or the fit finds no partners.
    """

    def __init__(self, source: LinearModel, target: LinearModel) -> None:
        self.source, self.target = source, target
        chosen = np.flatnonzero(face(target))
        of_skin = skin(source)[source.triangles].all(1)
        if len(chosen) < 20 or not of_skin.any():
            raise ModelError(
                f"{target.name} shows {len(chosen)} vertices of a face and {source.name} {int(of_skin.sum())} "
                "triangles: too few to carry a face over; is y up and z out of the face in both files?"
            )
        if len(chosen) > _POINTS:
            chosen = np.sort(np.random.default_rng(0).choice(chosen, _POINTS, replace=False))
        self._chosen, self._triangles = chosen, source.triangles[of_skin]
        self._rim = boundary(self._triangles, source.n_vertices)
        bases, v = target.bases, target.n_vertices
        identity = bases["identity"].reshape(-1, v, 3)[:, chosen]
        self._identity = np.ascontiguousarray(identity.transpose(1, 2, 0))  # (N, 3, I) float32
        self._expression = bases["expression"].reshape(-1, v, 3)[:, chosen].reshape(-1, 3 * len(chosen))
        self._albedo = bases["albedo"].reshape(-1, v, 3)[:, chosen].reshape(-1, 3 * len(chosen))
        self._weight = min(1.0, _INDEPENDENT / len(chosen))

    def carry(self, identity: np.ndarray, expression: np.ndarray, albedo: np.ndarray) -> Carried:
        """α (I,), δ (E,) and γ (A,) of the source → those of the target. Raises ModelError as the models do."""
        source, target = self.source, self.target
        neutral = source.vertices(identity, np.zeros_like(expression)).astype(np.float64)
        surface = Surface(neutral, self._triangles)
        alpha, rotation, translation, partners, good = self._fit_identity(surface)
        rest = np.zeros(len(target.expression_names))
        moved = source.vertices(identity, expression).astype(np.float64)
        there = Surface(moved, self._triangles)
        shift = (there.positions(partners) - surface.positions(partners)) @ rotation  # in the target's frame
        delta = self._fit_expression(alpha, shift, good)
        gamma = self._fit_albedo(source.colours(albedo), partners, good)

        def errors(on: Surface, coefficients: np.ndarray) -> np.ndarray:
            points = target.vertices(alpha, coefficients)[self._chosen][good] @ rotation.T + translation
            return on.nearest(points).distance * 1e3

        return Carried(
            identity=alpha.astype(np.float32),
            expression=delta.astype(np.float32),
            albedo=gamma.astype(np.float32),
            rotation=rotation,
            translation=translation,
            neutral_mm=errors(surface, rest),
            expressive_mm=errors(there, delta),
            covered=float(good.mean()),
        )

    def _fit_identity(self, surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray, Nearest, np.ndarray]:
        """α (I,), rotation, translation, partners on the source (N) and which of them count (N,) bool."""
        target, rest = self.target, np.zeros(len(self.target.expression_names))
        alpha = np.zeros(len(target.identity_names))
        rotation, translation = self._start(surface.vertices)
        outward = vertex_normals(surface.vertices.astype(np.float32), self._triangles)
        for step in range(_STEPS + 1):
            mesh = target.vertices(alpha, rest).astype(np.float64)
            own = mesh[self._chosen]
            facing = vertex_normals(mesh.astype(np.float32), target.triangles)[self._chosen] @ rotation.T
            points = own @ rotation.T + translation
            partners = surface.nearest(points)
            corners = self._triangles[partners.triangle]
            normals = np.einsum("nci,nc->ni", outward[corners], partners.barycentric)
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
            relaxed = step / _STEPS
            reach = _REACH[0] ** (1 - relaxed) * _REACH[1] ** relaxed
            at_rim = (self._rim[corners] * partners.barycentric).sum(1) > 0.5
            good = (partners.distance < reach) & ((normals * facing).sum(1) > _FACING) & ~at_rim
            if good.sum() < 20:
                raise ModelError(
                    f"{target.name} and {self.source.name} hardly touch: {int(good.sum())} of {len(good)} vertices "
                    "have a partner; give both models landmarks"
                )
            if step == _STEPS:
                break
            gap = (surface.positions(partners) - points) @ rotation
            prior = _STIFF_START ** (1 - min(1.0, 2 * relaxed))
            alpha, turn, shift = self._step(alpha, own[good], (normals @ rotation)[good], gap[good], good, prior)
            rotation, translation = rotation @ turn, rotation @ shift + translation
        return alpha, rotation, translation, partners, good

    def _step(
        self, alpha: np.ndarray, own: np.ndarray, normals: np.ndarray, gap: np.ndarray, good: np.ndarray, prior: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One Gauss-Newton step: new α (I,), and the turn (3, 3) and shift (3,) m of the target before it is placed.

        Args:
            own, normals, gap: (N', 3) in the target's frame: its vertices, the partners' normals, the way to them.
            good: (N,) bool, which of the chosen vertices these are; prior: weight of α's prior.
        """
        count, centre = len(alpha), own.mean(0)
        shapes = self._identity[good]  # (N', 3, I)
        gram, right = np.zeros((count + 6, count + 6)), np.zeros(count + 6)

        def add(direction: np.ndarray, along: np.ndarray, weight: float) -> None:
            nonlocal gram, right
            rows = np.hstack([along, np.cross(own - centre, direction), direction]).astype(np.float32)
            gram += weight * rows.T @ rows
            right += weight * ((gap * direction).sum(1) @ rows)

        add(normals, (normals[:, None].astype(np.float32) @ shapes)[:, 0], 1.0)
        for axis in range(3):
            add(np.tile(np.eye(3)[axis], (len(own), 1)), shapes[:, axis], _ALONG)
        scale = self._weight / _NOISE**2
        gram, right = gram * scale, right * scale
        gram[np.diag_indices(count)] += prior
        right[:count] -= prior * alpha
        gram[np.diag_indices(count + 6)] += 1e-9 * np.trace(gram) / len(gram)
        found = np.linalg.solve(gram, right)
        turn = rotation_from_vector(found[count : count + 3])
        shift = found[count + 3 :] + centre - turn @ centre  # the turn is about the middle of the face
        return (alpha + found[:count]).clip(-_SIGMA_BOUND, _SIGMA_BOUND), turn, shift

    def _start(self, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rotation and translation by the landmarks that both models know, or by the nose tips."""
        numbers, corners, weights = known_landmarks(self.source)
        target_numbers, target_corners, target_weights = known_landmarks(self.target)
        mean = self.target.bases["mean"].astype(np.float64)
        shared = [n for n in numbers if n in target_numbers and n > 16]  # the jaw line is a matter of taste
        if len(shared) < 4:
            return np.eye(3), nose_tip(self.source, source) - nose_tip(self.target, mean)
        there = [target_numbers.index(n) for n in shared]
        here = [numbers.index(n) for n in shared]
        rotation, translation, _ = similarity(
            np.einsum("nci,nc->ni", mean[target_corners[there]], target_weights[there]),
            np.einsum("nci,nc->ni", source[corners[here]], weights[here]),
            with_scale=False,
        )
        return rotation, translation

    def _fit_expression(self, alpha: np.ndarray, shift: np.ndarray, good: np.ndarray) -> np.ndarray:
        """δ (E,) that moves the target's vertices by shift (N, 3); twice, for models that bend."""
        target, count = self.target, len(self.target.expression_names)
        delta = np.zeros(count)
        if not count or not np.abs(shift[good]).max() > 0:
            return delta
        activations = target.limits["expression"] == ACTIVATION_LIMITS
        low, high = (0.0, 1.0) if activations else (-_SIGMA_BOUND, _SIGMA_BOUND)
        stiffness = 1 / _ACTIVATION_SPREAD**2 if activations else 1.0
        basis = self._expression[:, np.repeat(good, 3)].astype(np.float64)
        scale = self._weight / _NOISE**2
        gram = basis @ basis.T * scale + stiffness * np.eye(count)
        rest = target.vertices(alpha, np.zeros(count))[self._chosen]
        for _ in range(3):
            bent = (target.vertices(alpha, delta)[self._chosen] - rest)[good].ravel() - delta @ basis
            delta = _bounded(gram, basis @ (shift[good].ravel() - bent) * scale, low, high, delta)
        return delta

    def _fit_albedo(self, colours: np.ndarray, partners: Nearest, good: np.ndarray) -> np.ndarray:
        """γ (A,) nearest to the source's colours (V, 3); zeros where one of the models has no albedo."""
        count = len(self.target.albedo_names)
        if not count or not self.source.albedo_names:
            return np.zeros(count)
        seen = np.einsum("nci,nc->ni", colours[self._triangles[partners.triangle]], partners.barycentric)
        wanted = (seen - self.target.bases["albedo_mean"][self._chosen])[good].ravel()
        basis = self._albedo[:, np.repeat(good, 3)].astype(np.float64)
        scale = self._weight / _COLOUR_NOISE**2
        gram = basis @ basis.T * scale + np.eye(count)
        return _bounded(gram, basis @ wanted * scale, -_SIGMA_BOUND, _SIGMA_BOUND, np.zeros(count))


def _bounded(gram: np.ndarray, right: np.ndarray, low: float, high: float, start: np.ndarray) -> np.ndarray:
    """The minimum of x·gram·x/2 - right·x with low ≤ x ≤ high, by coordinate descent: gram is small and positive."""
    x = start.copy()
    for _ in range(300):
        before = x.copy()
        for i in range(len(x)):
            x[i] = min(high, max(low, x[i] + (right[i] - gram[i] @ x) / gram[i, i]))
        if np.abs(x - before).max() < 1e-6:
            break
    return x
