"""Images in, faces out: follow or detect, crop, estimate, relight, lift, name, smooth. Several cameras in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.config import Config, PerceptionConfig
from facegpt_ros.face import CropEstimate, Face, Spread
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera, lift_all
from facegpt_ros.perception.detect import Detector, load_detector
from facegpt_ros.perception.relight import Relighting
from facegpt_ros.perception.smoothing import FaceState
from facegpt_ros.perception.stream import FaceStream, Look, Seen, View, boxes_in_sight
from facegpt_ros.perception.sureness import confidence, landmark_sigmas
from facegpt_ros.perception.track import Sighting
from facegpt_ros.render.camera import Camera

if TYPE_CHECKING:
    from facegpt_ros.model.estimator import Estimator
    from facegpt_ros.model.preparation import Preparation
    from facegpt_ros.model.served_estimator import ServerWatch
    from facegpt_ros.morphable.model import MorphableModel

# After a detection; a head in profile may need the second to come to the middle of its crop.
_LOOKS_AGAIN = 2


@dataclass(frozen=True, eq=False)
class _Found:
    """What N looks found, lifted into the images' optical frames; landmarks (N, 68, 3) m."""

    looks: Sequence[Look] = ()
    states: Sequence[FaceState] = ()
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 68, 3)))
    presence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    spread: Spread | None = None

    def sightings(self, view: View) -> list[Sighting]:
        """Those of one view that lie in its image."""
        own = [i for i, look in enumerate(self.looks) if look.view is view]
        if not own:
            return []
        boxes = boxes_in_sight(self.points[own], view.camera)
        return [
            Sighting(i, float(self.presence[i]), box, self.points[i], self.looks[i].track)
            for i, box in zip(own, boxes, strict=True)
            if box is not None
        ]

    def sureness(self, sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
        """What Faces of one view say of how sure they are."""
        if self.spread is None or not sightings:
            return [{"confidence": confidence(one.presence)} for one in sightings]
        index = [one.index for one in sightings]
        sigma = self.spread.landmarks[index]
        pixels = landmark_sigmas([self.looks[i].crop for i in index], self.points[index], sigma)
        return [
            {"confidence": confidence(one.presence, s), "landmark_spread": px, "spread": self.spread[one.index]}
            for one, s, px in zip(sightings, sigma, pixels, strict=True)
        ]


class FacePipeline:
    """Faces of one stream of images, or of several: what they share, and a FaceStream for each camera.

    A face that was seen in the last frame is followed: its crop is framed by its last landmarks, with no detection. The
    detector runs when no face is followed, in the frames in which a published face is missing, and every
    `detect_every` frames while fewer than `max_faces` are followed. A detected face is estimated three times, each time
    from a crop framed by the estimate before. Crops of all cameras are estimated in one batch.

    Args:
        config: perception parameters; the attribute may be set anew between frames. `detector` is not read here.
        detector, estimator, model: what finds, estimates and poses faces; the estimator is closed by close().
        preparation: of another estimator, which takes over with the first frame after it is ready.
    """

    def __init__(
        self,
        config: PerceptionConfig,
        detector: Detector,
        estimator: Estimator,
        model: MorphableModel,
        preparation: Preparation | ServerWatch | None = None,
    ) -> None:
        self.config = config
        self.model = model
        self.preparation = preparation
        self._detector = detector
        self._estimator = estimator
        self._relighting = Relighting(model)
        self._streams: dict[str, FaceStream] = {}

    @property
    def model_id(self) -> str:
        """The estimator's name and version."""
        return self._estimator.model_id

    @property
    def estimator(self) -> Estimator:
        """The one that serves now."""
        return self._estimator

    @property
    def provider(self) -> str:
        """What runs the estimator, e.g. "CPUExecutionProvider"; empty where it does not say."""
        return getattr(self._estimator, "provider", "")

    @property
    def provider_note(self) -> str:
        """Why no better backend runs it; empty where the best does."""
        return getattr(self._estimator, "provider_note", "")

    @property
    def problem(self) -> str:
        """What failed in running it, and what computes instead; empty where nothing is wrong."""
        return getattr(self._estimator, "problem", "")

    def process(self, image_bgr: np.ndarray, camera: Camera, stamp_s: float) -> list[Face]:
        """Faces of the next image of the only camera, in the order of their ids; arguments and errors as of a View."""
        (faces,) = self.process_all([View(image_bgr, camera, stamp_s)])
        if isinstance(faces, Exception):
            raise faces
        return faces

    def process_all(self, views: Sequence[View]) -> list[list[Face] | Exception]:
        """Faces of the next image of each of some cameras, in the order of their ids.

        Args:
            views: at most one of each source.

        Returns:
            for each view its faces, or why there are none: what goes wrong with one image leaves the others alone.

        Raises:
            what the estimator raises.
        """
        self._take_over()
        config, out = self.config, list[Any]([None] * len(views))
        looks: list[Look] = []
        for i, view in enumerate(views):
            try:
                stream = self._streams.setdefault(view.source, FaceStream(view.source))
                looks += stream.look(view, self._detector, config)
            except Exception as error:
                out[i] = error
        found = self._find(looks) if looks else _Found()
        seen: list[list[Seen]] = [[] for _ in views]
        for i, view in enumerate(views):
            if out[i] is None:
                try:
                    seen[i] = self._streams[view.source].take(view, found.sightings(view), found.states, config)
                except Exception as error:
                    out[i] = error
        everybody = [one for some in seen for one in some]
        if config.smoothing:
            points = self._points([one.state for one in everybody])
        else:
            points = np.array([one.sighting.points for one in everybody])
        for i, view in enumerate(views):
            if out[i] is None:
                own, points = points[: len(seen[i])], points[len(seen[i]) :]
                out[i] = _faces(view, seen[i], own, found.sureness([one.sighting for one in seen[i]]))
        return out

    def reset(self) -> None:
        """Forgets every face, as before a cut or another source; ids go on counting."""
        for stream in self._streams.values():
            stream.clear()

    def close(self) -> None:
        """Frees the estimator; the pipeline is of no use afterwards."""
        self.reset()
        if self.preparation is not None:
            self.preparation.close()
        self._estimator.close()

    def _take_over(self) -> None:
        if self.preparation is not None and (estimator := self.preparation.take()) is not None:
            self._estimator.close()
            self._estimator = estimator

    def _find(self, looks: list[Look]) -> _Found:
        """Estimates every look, those after a detection again, each time framed by what was seen the time before."""
        looks = sorted(looks, key=lambda look: look.track is None)
        first = sum(look.track is not None for look in looks)
        pixels, estimate = self._estimate(looks)
        for _ in range(_LOOKS_AGAIN if first < len(looks) else 0):
            states = _lifted(looks[first:], estimate[first:])
            framed = [_nearer(look, points) for look, points in zip(looks[first:], self._points(states), strict=True)]
            anew, again = self._estimate(framed)
            looks, estimate = looks[:first] + framed, estimate[:first] + again
            pixels = np.concatenate([pixels[:first], anew])
        if self.config.relight:
            half_extent = np.array([look.crop.half_extent for look in looks])
            estimate = self._relighting.refine(pixels, half_extent, estimate)
        states = _lifted(looks, estimate)
        return _Found(looks, states, self._points(states), estimate.presence, estimate.spread)

    def _estimate(self, looks: list[Look]) -> tuple[np.ndarray, CropEstimate]:
        size = self._estimator.crop_size
        pixels = np.stack([look.crop.extract(look.view.image, size) for look in looks])
        return pixels, self._estimator.infer(pixels)

    def _points(self, states: list[FaceState]) -> np.ndarray:
        """Landmarks of each state in the optical frame, (N, 68, 3), m; NaN where an estimate is not finite."""
        points = np.full((len(states), 68, 3), np.nan)
        good = [i for i, s in enumerate(states) if all(np.isfinite(value).all() for value in vars(s).values())]
        if good:
            identity = np.stack([states[i].identity for i in good])
            expression = np.stack([states[i].expression for i in good])
            rotation = np.stack([states[i].rotation for i in good])
            translation = np.stack([states[i].translation for i in good])
            points[good] = posed_landmarks(self.model, identity, expression, rotation, translation)
        return points


def build_pipeline(config: Config, *, wait: bool = True) -> FacePipeline:
    """Loads model, estimator and detector, checks their sha256 and runs each once, so that the first frame is not slow.

    Downloads nothing.

    Args:
        config: what to load.
        wait: for an estimator that takes minutes to make ready, or a server; else the CNN serves until it is there.

    Raises:
        WeightsError, ModelError: a file is missing or altered; the message names the cure.
        ServerError: with wait, the server cannot run the estimator.
    """
    from facegpt_ros import engines
    from facegpt_ros.model.estimator import load_estimator
    from facegpt_ros.morphable.model import MorphableModel

    model = MorphableModel.load(engines.fetch("morphable_model", download=False))
    detector = load_detector(config.perception.detector)
    estimator: Estimator
    preparation: Preparation | ServerWatch | None = None
    if config.estimator.server and not wait:
        from facegpt_ros.model.served_estimator import open_served

        estimator, preparation = open_served(config.estimator, model)
    elif config.estimator.name == "facegpt" and not wait:
        from facegpt_ros.model.preparation import open_or_prepare

        estimator, preparation = open_or_prepare(config.estimator, model)
    else:
        estimator = load_estimator(config.estimator, model)
    detector.detect(np.zeros((128, 128, 3), np.uint8))
    estimator.infer(np.zeros((1, estimator.crop_size, estimator.crop_size, 3), np.uint8))
    identity, expression = np.zeros((1, len(model.identity_names))), np.zeros((1, len(model.expression_names)))
    model.landmarks(identity, expression, yaw=np.zeros(1))
    return FacePipeline(config.perception, detector, estimator, model, preparation)


def _lifted(looks: Sequence[Look], estimate: CropEstimate) -> list[FaceState]:
    """The estimates' poses in the images' optical frames, and their coefficients."""
    rotation, translation = lift_all([look.crop for look in looks], estimate)
    parts = (rotation, translation, estimate.identity, estimate.expression, estimate.albedo, estimate.illumination)
    return [FaceState(*rows) for rows in zip(*parts, strict=True)]


def _nearer(look: Look, points: np.ndarray) -> Look:
    """The crop framed by the landmarks (68, 3) that it showed; itself where they are out of sight."""
    camera = look.view.camera
    if boxes_in_sight(points[None], camera) == [None]:
        return look
    return Look(look.view, CropCamera.from_points(camera, points))


def _faces(view: View, seen: Sequence[Seen], points: np.ndarray, sureness: Sequence[dict[str, Any]]) -> list[Face]:
    """Of one view; points (N, 68, 3) m of its faces."""
    if not seen:
        return []
    camera = view.camera
    return [
        Face(
            face_id=one.track.face_id,
            roi=_roi(landmarks, camera),
            camera=camera,
            landmarks=landmarks,
            **vars(one.state),
            **sure,
        )
        for one, landmarks, sure in zip(seen, camera.project(points), sureness, strict=True)
    ]


def _roi(landmarks: np.ndarray, camera: Camera) -> tuple[float, float, float, float]:
    """(x, y, width, height) px of the landmarks' box, clipped to the pixel centres of the image."""
    limit = (camera.width - 1, camera.height - 1)
    low, high = np.clip(landmarks.min(0), 0, limit), np.clip(landmarks.max(0), 0, limit)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
