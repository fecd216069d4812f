"""A morphable model fitted to a photo by analysis by synthesis: the face whose picture is nearest to the photo.

Landmarks give the pose and a first shape; then the colours of the skin decide together with them, from coarse to fine,
under the priors (Blanz and Vetter, 2003). numpy and numba only: a photo takes about a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ImageError
from facegpt_ros.face import Face
from facegpt_ros.morphable.fit_landmarks import LandmarkFit, LandmarkFitter
from facegpt_ros.morphable.landmark_problem import LandmarkProblem, State
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.photometric import (
    LIGHT_REST,
    LIGHT_STIFFNESS,
    Appearance,
    PhotometricProblem,
    Seen,
    SkinSurface,
)
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.morphable.skin import skin_trust
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.render.camera import Camera

_MIN_PIXELS = 60
_DAMPING = 1e-3  # of each step, relative (Marquardt, 1963)


@dataclass(frozen=True)
class ImageFitOptions:
    """How a photo is fitted.

    Attributes:
        sizes: of the crop, px, coarse to fine; steps: Gauss-Newton steps at each.
        noise: standard deviation of a colour, 0..1, that the model cannot explain.
        pixels: how many independent pixels a photo is worth against the priors and the landmarks.
        colour_pixels: the same for γ and φ alone, once the shape stands.
        compared: pixels at most in a step, evenly spread over the skin.
        landmark_noise: standard deviation of given landmarks, as a share of the outer-eye distance.
        estimate_noise: the same of those of the estimate that the fit begins with.
    """

    sizes: tuple[int, ...] = (56, 96, 144)
    steps: tuple[int, ...] = (5, 5, 6)
    noise: float = 0.03
    pixels: float = 600.0
    colour_pixels: float = 5000.0
    compared: int = 4000
    landmark_noise: float = 0.01
    estimate_noise: float = 0.04


class ImageFitter:
    """Fits one model to photos; what depends on the model only is prepared once.

    Args:
        model: the morphable model.
        options: how.

    Example:
        >>> fitter = ImageFitter(model)
        >>> face = fitter.fit(image_bgr, camera, start=faces[0])  # of FacePipeline.process
    """

    def __init__(self, model: MorphableModel, options: ImageFitOptions | None = None) -> None:
        self.model = model
        self.options = options or ImageFitOptions()
        self.surface = SkinSurface(model)
        self._given = LandmarkFitter(model, noise=self.options.landmark_noise)
        self._estimated = LandmarkFitter(model, noise=self.options.estimate_noise)

    def fit(
        self,
        image_bgr: np.ndarray,
        camera: Camera,
        *,
        landmarks: np.ndarray | None = None,
        start: Face | None = None,
    ) -> Face:
        """The face that explains the photo.

        Args:
            image_bgr: (H, W, 3) uint8.
            camera: of the photo.
            landmarks: (68, 2) px, or None.
            start: an estimate of the face; needed without landmarks, and its landmarks then count as rough ones.

        Raises:
            ImageError: neither landmarks nor an estimate, or no skin to see where they are.
        """
        if landmarks is None and start is None:
            raise ImageError("a fit begins with 68 landmarks or with an estimate of the face; give one of them")
        marks = np.asarray(start.landmarks if landmarks is None else landmarks, np.float64)  # type: ignore[union-attr]
        fitter = self._estimated if landmarks is None else self._given
        rough = fitter.fit(marks, camera, start=None if landmarks is not None else _as_fit(start))
        crop = CropCamera.from_landmarks(camera, rough.landmarks[0])
        state = State(
            np.concatenate([rough.identity, rough.expression], 1),
            crop.rotation.T @ rough.rotation,
            rough.translation @ crop.rotation,
        )
        look = Appearance(
            np.zeros(len(self.model.albedo_names)) if start is None else np.asarray(start.albedo, np.float64),
            LIGHT_REST,
        )
        whole = np.full(image_bgr.shape, 255, np.uint8)
        anchor = self._landmark_problem(fitter, marks, camera, crop)
        for size, steps in zip(self.options.sizes, self.options.steps, strict=True):
            picture = crop.extract(image_bgr, size)
            inside = crop.extract(whole, size)[..., 0] > 250
            problem = self._problem(picture, inside, state, crop)
            for step in range(steps):
                seen = problem.see(state, self.options.compared)
                if len(seen.rows) < _MIN_PIXELS:
                    raise ImageError(
                        f"{len(seen.rows)} px of skin can be seen of the face; give a larger or unhidden one"
                    )
                if size == self.options.sizes[0] and step == 0:
                    look = problem.relit(state, seen, look, weight=self.options.pixels, rounds=4)
                state, look = self._step(problem, anchor, state, look, seen)
        # The shape stands: colours are worth more now that they can no longer bend it.
        look = problem.relit(state, problem.see(state), look, weight=self.options.colour_pixels, rounds=6, robust=False)
        return self._face(state, look, crop, camera, start)

    def _landmark_problem(
        self, fitter: LandmarkFitter, marks: np.ndarray, camera: Camera, crop: CropCamera
    ) -> LandmarkProblem:
        """The landmarks as the turned camera sees them."""
        rays = np.concatenate([camera.undistort(marks), np.ones((len(marks), 1))], 1) @ crop.rotation
        return fitter.problem(rays[None, :, :2] / rays[None, :, 2:], np.ones((1, len(rays)), bool))[0]

    def _problem(
        self, picture_bgr: np.ndarray, inside: np.ndarray, state: State, crop: CropCamera
    ) -> PhotometricProblem:
        """Of a crop (S, S, 3) uint8, inside (S, S) bool of the photo; where the face is says `state`."""
        picture = np.ascontiguousarray(picture_bgr[..., ::-1], np.float32) / 255
        options, focal, trust = self.options, 1 / crop.half_extent, inside.astype(np.float32)
        problem = PhotometricProblem(self.surface, picture, trust, focal, noise=options.noise, weight=options.pixels)
        seen = problem.see(state)
        mask = np.zeros(inside.shape, bool)
        mask[seen.rows, seen.columns] = True
        problem.trust = skin_trust(picture_bgr, mask)
        return problem

    def _step(
        self, problem: PhotometricProblem, anchor: LandmarkProblem, state: State, look: Appearance, seen: Seen
    ) -> tuple[State, Appearance]:
        """One Gauss-Newton step, halved until it gains."""
        _, near_gram, near_slope = (part[0] for part in anchor.linearise(state))
        k, a = state.coefficients.shape[1], len(look.albedo)
        gram, slope = problem.linearise(state, seen, look)
        gram[: k + 6, : k + 6] += near_gram
        slope[: k + 6] += near_slope
        stiffness = np.concatenate([np.zeros(k + 6), np.ones(a), np.full(27, LIGHT_STIFFNESS)])
        away = np.concatenate([np.zeros(k + 6), look.albedo, look.illumination - LIGHT_REST])
        gram[np.diag_indices(len(gram))] += stiffness
        slope += stiffness * away
        held = np.zeros(len(slope), bool)
        held[:k] = anchor.bounded & (
            ((state.coefficients[0] <= 0) & (slope[:k] > 0)) | ((state.coefficients[0] >= 1) & (slope[:k] < 0))
        )
        gram[held] = 0
        gram[:, held] = 0
        slope[held] = 0
        gram[held, held] = 1
        gram[np.diag_indices(len(gram))] *= 1 + _DAMPING
        change = np.linalg.solve(gram, -slope)
        before = self._total(problem, anchor, state, look)
        for share in (1.0, 0.5, 0.25, 0.1):
            trial = anchor.moved(state, share * change[None, : k + 6])
            trial_look = Appearance(
                look.albedo + share * change[k + 6 : k + 6 + a], look.illumination + share * change[k + 6 + a :]
            )
            if self._total(problem, anchor, trial, trial_look) < before:
                return trial, trial_look
        return state, look

    def _total(self, problem: PhotometricProblem, anchor: LandmarkProblem, state: State, look: Appearance) -> float:
        shown = problem.see(state, self.options.compared)
        if len(shown.rows) < _MIN_PIXELS:
            return np.inf
        prior = (look.albedo**2).sum() + LIGHT_STIFFNESS * ((look.illumination - LIGHT_REST) ** 2).sum()
        return float(problem.cost(state, shown, look) + anchor.cost(state)[0] + prior)

    def _face(self, state: State, look: Appearance, crop: CropCamera, camera: Camera, start: Face | None) -> Face:
        count = len(self.model.identity_names)
        identity, expression = np.split(state.coefficients[0].astype(np.float32), [count])
        rotation = crop.rotation @ state.rotation[0]
        translation = crop.rotation @ state.translation[0]
        marks = camera.project(posed_landmarks(self.model, identity, expression, rotation, translation))
        low, high = marks.min(0), marks.max(0)
        return Face(
            face_id="" if start is None else start.face_id,
            confidence=1.0 if start is None else start.confidence,
            roi=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
            rotation=rotation,
            translation=translation,
            identity=identity,
            expression=expression,
            albedo=look.albedo.astype(np.float32),
            illumination=look.illumination.astype(np.float32),
            camera=camera,
            landmarks=marks,
        )


def _as_fit(face: Face | None) -> LandmarkFit | None:
    if face is None:
        return None
    return LandmarkFit(
        np.asarray(face.identity, np.float64)[None],
        np.asarray(face.expression, np.float64)[None],
        np.asarray(face.rotation, np.float64)[None],
        np.asarray(face.translation, np.float64)[None],
        np.asarray(face.landmarks, np.float64)[None],
        np.zeros(1),
    )
