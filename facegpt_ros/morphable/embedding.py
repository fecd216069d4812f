"""Where landmarks lie on a model's surface, learnt from labelled photographs: `facegpt morphable landmarks`.

Two steps in turn: fit every photo with the landmarks where they are now; then move each landmark over the surface to
where, over all photos, it projects onto its label. The second is a Gauss-Newton step in the plane of the landmark's
triangle, so a photo that sees the surface edge-on says little about it. Photos count mirrored too: the result is as
symmetric as the mesh. Identity and expression keep their priors, and labels of a strongly moved place count little, so
that smiles and poses do not creep into the places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.morphable.contour import JAW
from facegpt_ros.morphable.fit_landmarks import LandmarkFit, LandmarkFitter
from facegpt_ros.morphable.landmarks import IBUG68_FROM_MEDIAPIPE, IBUG68_MIRROR, MEDIAPIPE_MIRROR
from facegpt_ros.morphable.lips import on_own_lip
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.outline import LEARNT_YAWS, outline
from facegpt_ros.morphable.pose import seen_yaw
from facegpt_ros.morphable.skin_surface import SkinSurface
from facegpt_ros.render.camera import Camera

_POINTS = 468  # that MediaPipe's labels hold; the irises after them stay
_BIN_WIDTH = 10.0  # degrees of yaw over which a photo's say in a contour bin fades
_ENOUGH_PHOTOS = 25.0  # a contour bin with less than this learns from its neighbour
_CALM_M = 0.004  # a place that the expression moved this far has half a say
_CAUCHY = 2.5  # noise σ
_STIFFNESS = 0.03  # of a landmark to its place, as a share of what all photos say about it
_LARGEST_STEP_M = 0.003
_SPARSE = 3  # the first rounds take every third photo
_STEPS, _STEPS_AGAIN = 12, 3  # of a photo's fit, without and with that of the round before
_ENOUGH_GAIN = 0.01  # of the training error, below which the rounds end

_JAW_POINTS = np.array(IBUG68_FROM_MEDIAPIPE)[JAW]
_FAR = len(LEARNT_YAWS) // 2  # the bin of yaw 0


@dataclass
class _Places:
    """Landmarks on the surface: triangle (L,), barycentric (L, 3), and each one's twin (L,).

    The 468 points first, then the 17 of the jaw for each learnt yaw.
    """

    triangle: np.ndarray
    barycentric: np.ndarray
    twin: np.ndarray

    def jaw(self) -> tuple[np.ndarray, np.ndarray]:
        """(B, 17) triangles and (B, 17, 3) weights by learnt yaw."""
        shape = (len(LEARNT_YAWS), len(JAW))
        return self.triangle[_POINTS:].reshape(shape), self.barycentric[_POINTS:].reshape(*shape, 3)


def refine(
    model: MorphableModel,
    landmarks: np.ndarray,
    cameras: Sequence[Camera],
    *,
    rounds: int = 6,
    say: Callable[[str], None] = lambda line: None,
) -> MorphableModel:
    """The model with landmarks where the labels put them, and a contour that slides with yaw.

    Args:
        model: with a first embedding of MediaPipe's 478 points, some millimetres off at most.
        landmarks: (N, 468, 2) px, of N photos; cameras: one each.
        rounds: at most.
        say: is told of each round.
    """
    skin = SkinSurface(model)
    triangle, weights = on_own_lip(model, skin, *model.surface_points("mediapipe478"))
    bins = np.tile(_JAW_POINTS, len(LEARNT_YAWS))
    rows = np.concatenate([np.arange(_POINTS), bins])
    mirrored_bins = np.arange(len(bins)).reshape(len(LEARNT_YAWS), -1)[::-1][:, list(IBUG68_MIRROR[: len(JAW)])].ravel()
    twin = np.concatenate([MEDIAPIPE_MIRROR[:_POINTS], _POINTS + mirrored_bins])
    places = _Places(triangle[rows].copy(), weights[rows].astype(np.float64), twin)
    best, number = _placed(model, skin, places), 0
    # Most of the way is gone with a few photos.
    for chosen, most in ((slice(None, None, _SPARSE), min(2, rounds)), (slice(None), max(rounds - 2, 0))):
        some, theirs, before, fit = landmarks[chosen], cameras[chosen], np.inf, None
        for _ in range(most):
            fitter = LandmarkFitter(best, "mediapipe478")
            fit = fitter.fit(some, theirs, start=fit, iterations=_STEPS_AGAIN if fit else _STEPS)
            error = float(fit.error.mean())
            say(f"round {number}: {len(fit)} photos, training error {100 * error:.3f} % of the outer-eye distance")
            if error > before * (1 - _ENOUGH_GAIN):
                break
            before, number = error, number + 1
            _move(places, skin, *_steps(best, skin, places, fit, some, theirs))
            best = _placed(model, skin, places)
    return best


def _placed(model: MorphableModel, skin: SkinSurface, places: _Places) -> MorphableModel:
    """The model with its landmarks at these places."""
    triangle, weights = (part.copy() for part in model.surface_points("mediapipe478"))
    triangle[:_POINTS], weights[:_POINTS] = places.triangle[:_POINTS], places.barycentric[:_POINTS]
    jaw_triangle, jaw_weights = places.jaw()
    triangle[_JAW_POINTS], weights[_JAW_POINTS] = jaw_triangle[_FAR], jaw_weights[_FAR]
    ibug = list(IBUG68_FROM_MEDIAPIPE)
    embeddings = {"mediapipe478": (triangle, weights), "ibug68": (triangle[ibug], weights[ibug])}
    return model.with_landmarks(embeddings, outline(skin, jaw_triangle, jaw_weights))


def _steps(
    model: MorphableModel,
    skin: SkinSurface,
    places: _Places,
    fit: LandmarkFit,
    landmarks: np.ndarray,
    cameras: Sequence[Camera],
) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of each place's shift in the model frame: (L, 3, 3) and (L, 3), over all photos, 1/m² and 1/m.

    A shift d on the mean face moves the place by F d on a photo's face, F the deformation of its triangle.
    """
    corners = model.triangles[places.triangle]  # (L, 3)
    tangents = skin.tangents(places.triangle)  # (L, 3, 2)
    rest = skin.vertices[corners]
    edges = np.stack([rest[:, 1] - rest[:, 0], rest[:, 2] - rest[:, 0]], -1)  # (L, 3, 2)
    by_edge = np.linalg.pinv(edges) @ tangents  # (L, 2, 2)
    observed = np.concatenate([landmarks, np.tile(landmarks[:, _JAW_POINTS], (1, len(LEARNT_YAWS), 1))], 1)
    trust = _trust(seen_yaw(fit.rotation, fit.translation))  # (N, L)
    gram, slope = np.zeros((len(corners), 2, 2)), np.zeros((len(corners), 2))
    names = np.unique(corners)
    rank = np.zeros(model.n_vertices, int)
    rank[names] = np.arange(len(names))
    bases = {k: model.bases[k].reshape(len(model.bases[k]), -1, 3)[:, names] for k in ("identity", "expression")}
    for i, camera in enumerate(cameras):
        offset = np.tensordot(fit.expression[i].astype(np.float32), bases["expression"], 1)
        points = skin.vertices[names] + np.tensordot(fit.identity[i].astype(np.float32), bases["identity"], 1) + offset
        corner = (points @ fit.rotation[i].T + fit.translation[i])[rank[corners]]  # (L, 3, 3)
        at = np.einsum("lci,lc->li", corner, places.barycentric)
        moved = np.linalg.norm(np.einsum("lci,lc->li", offset[rank[corners]], places.barycentric), axis=1)
        sides = np.stack([corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]], -1)
        x, y, z = at.T
        by_point = np.stack([np.stack([1 / z, 0 * z, -x / z**2], -1), np.stack([0 * z, 1 / z, -y / z**2], -1)], 1)
        jacobian = by_point @ sides @ by_edge  # (L, 2, 2): of the ray by the shift
        residual = camera.undistort(observed[i]) - at[:, :2] / z[:, None]
        normal = np.cross(sides[..., 0], sides[..., 1])
        facing = -(normal * at).sum(1) / np.maximum(np.linalg.norm(normal, axis=1) * np.linalg.norm(at, axis=1), 1e-12)
        sigma = 0.015 * 0.09 / z  # of a landmark: 1.5 % of an outer-eye distance
        weight = trust[i] * facing.clip(0, 1) / (1 + (moved / _CALM_M) ** 2) / sigma**2
        weight /= 1 + (residual**2).sum(1) / (_CAUCHY * sigma) ** 2
        gram += np.einsum("lai,laj,l->lij", jacobian, jacobian, weight)
        slope += np.einsum("lai,la,l->li", jacobian, residual, weight)
    return tangents @ gram @ tangents.transpose(0, 2, 1), (tangents @ slope[..., None])[..., 0]


def _trust(yaw: np.ndarray) -> np.ndarray:
    """(N,) degrees → (N, L): the say of each photo; in a contour bin, only of photos of about its yaw."""
    near = (1 - np.abs(yaw[:, None] - np.array(LEARNT_YAWS)) / _BIN_WIDTH).clip(0)  # (N, B)
    # The last bins learn from all that is beyond them, too: photos of turned heads are rare.
    near[:, 0][yaw < LEARNT_YAWS[0]] = near[:, -1][yaw > LEARNT_YAWS[-1]] = 1
    return np.concatenate([np.ones((len(yaw), _POINTS)), np.repeat(near, len(JAW), axis=1)], 1)


def _move(places: _Places, skin: SkinSurface, gram: np.ndarray, slope: np.ndarray) -> None:
    """Moves every landmark and its twin by the step that both agree on."""
    flip = np.array([-1.0, 1.0, 1.0])
    for k in np.flatnonzero(places.twin >= np.arange(len(places.twin))).tolist():
        other = int(places.twin[k])
        both = gram[k] + flip[:, None] * gram[other] * flip
        pull = slope[k] + flip * slope[other]
        plane = skin.tangents(places.triangle[k : k + 1])[0]
        if other == k:  # on the midline, which it must not leave
            _, up, forward = np.cross(plane[:, 0], plane[:, 1])
            plane = np.array([[0.0], [forward], [-up]]) / max(float(np.hypot(up, forward)), 1e-12)
        inner = plane.T @ both @ plane
        inner += _STIFFNESS * np.trace(inner) * np.eye(len(inner)) + 1e-9 * np.eye(len(inner))
        shift = plane @ np.linalg.solve(inner, plane.T @ pull)
        shift *= min(1.0, _LARGEST_STEP_M / max(float(np.linalg.norm(shift)), 1e-12))
        if other == k:
            shift[0] = -skin.position(places.triangle[k], places.barycentric[k])[0]
        _put(places, skin, k, skin.moved(places.triangle[k], places.barycentric[k], shift))


def _put(places: _Places, skin: SkinSurface, k: int, place: tuple[int, np.ndarray]) -> None:
    """A landmark's new place, and its mirror image for its twin."""
    places.triangle[k], places.barycentric[k] = place
    other = places.twin[k]
    if other == k:
        return
    mirrored = skin.mirrored(*place)
    if mirrored is None:  # the mesh is not symmetric there
        target = skin.position(*place) * (-1, 1, 1)
        mirrored = skin.nearest(target, skin.around(int(places.triangle[other])))
    places.triangle[other], places.barycentric[other] = mirrored
