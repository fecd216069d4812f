"""What is kept of one camera from image to image: who is followed, since when nobody new was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.config import PerceptionConfig
from facegpt_ros.errors import CameraError
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.detect import Detector, check_image
from facegpt_ros.perception.smoothing import FaceState
from facegpt_ros.perception.track import SAME_FACE_IOU, Box, Sighting, Track, Tracker, overlap
from facegpt_ros.render.camera import Camera

# A face with more of its landmarks outside the image than this is out of sight.
_MIN_INSIDE = 0.5
# Smaller than this nothing can be said of a face, px of the longer side of the landmarks' box.
_MIN_FACE_PX = 8.0


@dataclass(frozen=True, eq=False)
class View:
    """One image.

    Args:
        image: (H, W, 3) uint8 BGR.
        camera: of this image.
        stamp_s: when it was taken, s; used for smoothing only, may stand still or go back.
        source: name of the camera; images of one camera have one name. Its faces' ids begin with it.

    Raises:
        ImageError: the image is not (H, W, 3) uint8 or smaller than 16 px.
        CameraError: the camera is of another image size.
    """

    image: np.ndarray
    camera: Camera
    stamp_s: float
    source: str = ""

    def __post_init__(self) -> None:
        check_image(self.image)
        height, width = self.image.shape[:2]
        if (height, width) != (self.camera.height, self.camera.width):
            sizes = f"image is {width}x{height} px, its camera {self.camera.width}x{self.camera.height}"
            raise CameraError(f"{sizes}; give the camera_info of this image")


@dataclass(frozen=True, eq=False)
class Look:
    """A crop to be estimated; track: whose it is, None after a detection."""

    view: View
    crop: CropCamera
    track: Track | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """A face to be published: its track, sighting, and smoothed state."""

    track: Track
    sighting: Sighting
    state: FaceState


class FaceStream:
    """The faces of one camera.

    Args:
        source: name of the camera.
    """

    def __init__(self, source: str = "") -> None:
        self.tracker = Tracker(f"{source}_" if source else "")
        self._frames_since_detection = 0

    def look(self, view: View, detector: Detector, config: PerceptionConfig) -> list[Look]:
        """Where to look in the next image: at those who are followed, and at those whom the detector finds."""
        followed = self.tracker.followed[: config.max_faces]
        looks = []
        if followed:
            crops = CropCamera.from_faces(view.camera, np.stack([track.points for track in followed]))
            looks = [Look(view, crop, track) for crop, track in zip(crops, followed, strict=True)]
        if self._detection_due(followed, config):
            found = detector.detect(view.image, config.min_detection_confidence)
            new = [d for d in found if all(overlap(d.box, track.box) < SAME_FACE_IOU for track in followed)]
            room = config.max_faces - len(followed)
            looks += [Look(view, CropCamera.from_detection(view.camera, detection)) for detection in new[:room]]
        return looks

    def take(
        self, view: View, sightings: list[Sighting], states: Sequence[FaceState], config: PerceptionConfig
    ) -> list[Seen]:
        """What came of the looks: the faces to be published, in the order of their ids.

        Args:
            sightings: faces found; their index is that of their state.
        """
        sure = [one for one in sightings if one.presence >= config.min_tracking_confidence]
        seen = self.tracker.update(sure, config.hysteresis_frames, config.max_faces)
        shown = [Seen(track, sighting, states[sighting.index]) for track, sighting in seen if track.shown]
        if not config.smoothing:
            return shown
        how = (view.stamp_s, config.smoothing_min_cutoff_hz, config.smoothing_beta)
        return [Seen(one.track, one.sighting, one.track.smoother.smooth(one.state, *how)) for one in shown]

    def clear(self) -> None:
        """Forgets every face; ids go on counting."""
        self.tracker.clear()
        self._frames_since_detection = 0

    def _detection_due(self, followed: list[Track], config: PerceptionConfig) -> bool:
        self._frames_since_detection += 1
        every = config.detect_every
        if not followed:
            due = True
        elif every == 0 or len(followed) >= config.max_faces:
            due = False
        else:
            due = self._frames_since_detection >= every or bool(self.tracker.missing)
        if due:
            self._frames_since_detection = 0
        return due


def boxes_in_sight(points: np.ndarray, camera: Camera) -> list[Box | None]:
    """The box (px) of the landmarks of each of N faces (N, 68, 3) in the optical frame; None where they are broken,
    behind the camera, tiny or mostly outside the image."""
    boxes: list[Box | None] = [None] * len(points)
    ahead = np.flatnonzero(np.isfinite(points).all((1, 2)) & (np.nan_to_num(points[..., 2]).min(1) > 0))
    if not len(ahead):
        return boxes
    landmarks = camera.project(points[ahead])  # (M, 68, 2)
    inside = np.all((landmarks >= -0.5) & (landmarks <= (camera.width - 0.5, camera.height - 0.5)), axis=2).mean(1)
    low, high = landmarks.min(1), landmarks.max(1)
    kept = (inside >= _MIN_INSIDE) & ((high - low).max(1) >= _MIN_FACE_PX)
    for i, box, good in zip(ahead.tolist(), np.concatenate([low, high], 1).tolist(), kept, strict=True):
        boxes[i] = tuple(box) if good else None
    return boxes
