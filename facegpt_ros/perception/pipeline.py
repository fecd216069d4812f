"""An image in, faces out: follow or detect, crop, estimate, relight, lift, name, smooth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.config import Config, PerceptionConfig
from facegpt_ros.errors import CameraError
from facegpt_ros.face import CropEstimate, Face
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.detect import Detector, check_image, load_detector
from facegpt_ros.perception.relight import Relighting
from facegpt_ros.perception.smoothing import FaceState
from facegpt_ros.perception.sureness import confidence, landmark_sigma
from facegpt_ros.perception.track import SAME_FACE_IOU, Box, Sighting, Track, Tracker, overlap
from facegpt_ros.render.camera import Camera

if TYPE_CHECKING:
    from facegpt_ros.model.estimator import Estimator
    from facegpt_ros.model.preparation import Preparation
    from facegpt_ros.model.served_estimator import ServerWatch
    from facegpt_ros.morphable.model import MorphableModel

# A face with more of its landmarks outside the image than this is out of sight.
_MIN_INSIDE = 0.5
# Smaller than this nothing can be said of a face, px of the longer side of the landmarks' box.
_MIN_FACE_PX = 8.0
# After a detection; a head in profile may need the second to come to the middle of its crop.
_LOOKS_AGAIN = 2


class FacePipeline:
    """Faces of a stream of images.

    A face that was seen in the last frame is followed: its crop is framed by its last landmarks, with no detection. The
    detector runs when no face is followed, in the frames in which a published face is missing, and every
    `detect_every` frames while fewer than `max_faces` are followed. A detected face is estimated three times, each time
    from a crop framed by the estimate before.

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
        self._tracker = Tracker()
        self._frames_since_detection = 0

    @property
    def model_id(self) -> str:
        """The estimator's name and version."""
        return self._estimator.model_id

    @property
    def provider(self) -> str:
        """What runs the estimator, e.g. "CPUExecutionProvider"; empty where it does not say."""
        return getattr(self._estimator, "provider", "")

    def process(self, image_bgr: np.ndarray, camera: Camera, stamp_s: float) -> list[Face]:
        """Faces of the next image, in the order of their ids.

        Args:
            image_bgr: (H, W, 3) uint8.
            camera: of this image.
            stamp_s: when it was taken, s; used for smoothing only, may stand still or go back.

        Raises:
            ImageError: the image is not (H, W, 3) uint8 or smaller than 16 px.
            CameraError: the camera is of another image size.
        """
        check_image(image_bgr)
        if image_bgr.shape[:2] != (camera.height, camera.width):
            height, width = image_bgr.shape[:2]
            sizes = f"image is {width}x{height} px, its camera {camera.width}x{camera.height}"
            raise CameraError(f"{sizes}; give the camera_info of this image")
        self._take_over()
        followed = self._tracker.followed[: self.config.max_faces]
        crops = [CropCamera.from_points(camera, track.points) for track in followed]
        tracks: list[Track | None] = list(followed)
        detected = self._detect(image_bgr, camera, followed) if self._detection_due(followed) else []
        crops += detected
        tracks += [None] * len(detected)
        if not crops:
            self._tracker.update([], self.config.hysteresis_frames, self.config.max_faces)
            return []
        pixels, estimate = self._estimate(image_bgr, crops)
        if detected:
            crops, pixels, estimate = self._look_again(image_bgr, camera, crops, pixels, estimate, len(followed))
        if self.config.relight:
            half_extent = np.array([crop.half_extent for crop in crops])
            estimate = self._relighting.refine(pixels, half_extent, estimate)
        states = [_state(crop, estimate, i) for i, crop in enumerate(crops)]
        sightings = []
        for i, points in enumerate(self._points(states)):
            presence = float(estimate.presence[i])
            box = _box_in_sight(points, camera)
            if box is not None and presence >= self.config.min_tracking_confidence:
                sightings.append(Sighting(i, presence, box, points, tracks[i]))
        seen = self._tracker.update(sightings, self.config.hysteresis_frames, self.config.max_faces)
        shown = [(t, s, states[s.index]) for t, s in seen if t.shown]
        return self._faces(shown, [self._sureness(crops, estimate, s) for _, s, _ in shown], camera, stamp_s)

    def reset(self) -> None:
        """Forgets every face, as before a cut or another source; ids go on counting."""
        self._tracker.clear()
        self._frames_since_detection = 0

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

    def _detection_due(self, followed: list[Track]) -> bool:
        self._frames_since_detection += 1
        every = self.config.detect_every
        if not followed:
            due = True
        elif every == 0 or len(followed) >= self.config.max_faces:
            due = False
        else:
            due = self._frames_since_detection >= every or bool(self._tracker.missing)
        if due:
            self._frames_since_detection = 0
        return due

    def _detect(self, image: np.ndarray, camera: Camera, followed: list[Track]) -> list[CropCamera]:
        """Crops of detected faces that are not followed, the best that there is room for."""
        found = self._detector.detect(image, self.config.min_detection_confidence)
        new = [d for d in found if all(overlap(d.box, track.box) < SAME_FACE_IOU for track in followed)]
        room = self.config.max_faces - len(followed)
        return [CropCamera.from_detection(camera, detection) for detection in new[:room]]

    def _estimate(self, image: np.ndarray, crops: list[CropCamera]) -> tuple[np.ndarray, CropEstimate]:
        size = self._estimator.crop_size
        pixels = np.stack([crop.extract(image, size) for crop in crops])
        return pixels, self._estimator.infer(pixels)

    def _look_again(
        self,
        image: np.ndarray,
        camera: Camera,
        crops: list[CropCamera],
        pixels: np.ndarray,
        estimate: CropEstimate,
        first: int,
    ) -> tuple[list[CropCamera], np.ndarray, CropEstimate]:
        """Estimates crops[first:] again, each time framed by what was seen the time before."""
        for _ in range(_LOOKS_AGAIN):
            states = [_state(crop, estimate, i) for i, crop in enumerate(crops) if i >= first]
            framed = [
                CropCamera.from_points(camera, points) if _box_in_sight(points, camera) else crop
                for crop, points in zip(crops[first:], self._points(states), strict=True)
            ]
            anew, again = self._estimate(image, framed)
            crops, estimate = crops[:first] + framed, estimate[:first] + again
            pixels = np.concatenate([pixels[:first], anew])
        return crops, pixels, estimate

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

    def _sureness(self, crops: list[CropCamera], estimate: CropEstimate, sighting: Sighting) -> dict[str, Any]:
        """What a Face says of how sure it is."""
        if estimate.spread is None:
            return {"confidence": confidence(sighting.presence)}
        spread = estimate.spread[sighting.index]
        return {
            "confidence": confidence(sighting.presence, spread.landmarks),
            "landmark_spread": landmark_sigma(crops[sighting.index], sighting.points, spread.landmarks),
            "spread": spread,
        }

    def _faces(
        self,
        seen: list[tuple[Track, Sighting, FaceState]],
        sureness: list[dict[str, Any]],
        camera: Camera,
        stamp_s: float,
    ) -> list[Face]:
        config = self.config
        if config.smoothing:
            how = (stamp_s, config.smoothing_min_cutoff_hz, config.smoothing_beta)
            seen = [(track, sighting, track.smoother.smooth(state, *how)) for track, sighting, state in seen]
            all_points = self._points([state for _, _, state in seen])
        else:
            all_points = np.array([sighting.points for _, sighting, _ in seen])
        faces = []
        for (track, _, state), sure, points in zip(seen, sureness, all_points, strict=True):
            landmarks = camera.project(points)
            faces.append(
                Face(
                    face_id=track.face_id,
                    roi=_roi(landmarks, camera),
                    camera=camera,
                    landmarks=landmarks,
                    **vars(state),
                    **sure,
                )
            )
        return faces


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


def _state(crop: CropCamera, estimate: CropEstimate, index: int) -> FaceState:
    rotation, translation = crop.lift(estimate, index)
    return FaceState(
        rotation,
        translation,
        estimate.identity[index],
        estimate.expression[index],
        estimate.albedo[index],
        estimate.illumination[index],
    )


def _box_in_sight(points: np.ndarray, camera: Camera) -> Box | None:
    """The box of landmarks (68, 3); None where they are broken, behind the camera, tiny or mostly outside the image."""
    if not np.isfinite(points).all() or points[:, 2].min() <= 0:
        return None
    landmarks = camera.project(points)
    inside = np.all((landmarks >= -0.5) & (landmarks <= (camera.width - 0.5, camera.height - 0.5)), axis=1)
    (x0, y0), (x1, y1) = landmarks.min(0), landmarks.max(0)
    if inside.mean() < _MIN_INSIDE or max(x1 - x0, y1 - y0) < _MIN_FACE_PX:
        return None
    return float(x0), float(y0), float(x1), float(y1)


def _roi(landmarks: np.ndarray, camera: Camera) -> tuple[float, float, float, float]:
    """(x, y, width, height) px of the landmarks' box, clipped to the pixel centres of the image."""
    limit = (camera.width - 1, camera.height - 1)
    low, high = np.clip(landmarks.min(0), 0, limit), np.clip(landmarks.max(0), 0, limit)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
