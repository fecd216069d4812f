"""Which face is which: stable ids, and patience before a face appears or goes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facegpt_ros.perception.smoothing import FaceSmoother

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 px

#: Two boxes that share this much (intersection over union) are of one face.
SAME_FACE_IOU = 0.3


@dataclass(eq=False)
class Track:
    """A face over time.

    Attributes:
        face_id: "f0001", "f0002", ... behind the tracker's prefix: never given twice, starts with a letter (a ROS name
            may not start with a digit).
        box: of its landmarks when last seen.
        points: (68, 3), its landmarks in the optical frame when last seen, unsmoothed: where the next crop looks.
        seen: frames in a row.
        missed: frames in a row since it was seen.
        shown: it was seen often enough in a row to be published.
    """

    face_id: str
    box: Box
    points: np.ndarray
    seen: int = 0
    missed: int = 0
    shown: bool = False
    smoother: FaceSmoother = field(default_factory=FaceSmoother)


@dataclass(frozen=True, eq=False)
class Sighting:
    """A face found in this frame.

    Attributes:
        index: the finder's own number for it.
        presence: probability 0..1 that it is a face.
        box, points: as in Track.
        track: the track whose crop showed it; None after a detection.
    """

    index: int
    presence: float
    box: Box
    points: np.ndarray
    track: Track | None = None


class Tracker:
    """Tracks in the order of their ids.

    Args:
        prefix: what ids begin with, before "f0001".
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.tracks: list[Track] = []
        self._count = 0

    @property
    def followed(self) -> list[Track]:
        """Those seen in the last frame, whose crop can be followed."""
        return [track for track in self.tracks if track.missed == 0]

    @property
    def missing(self) -> list[Track]:
        """Those published before and not seen in the last frame, whose ids still wait for them."""
        return [track for track in self.tracks if track.missed > 0]

    def update(self, sightings: list[Sighting], hysteresis_frames: int, max_faces: int) -> list[tuple[Track, Sighting]]:
        """Takes one frame's sightings.

        Of sightings that overlap, the published one or else the surer one stays. A face is shown after so many frames
        in a row as hysteresis_frames says; once shown it keeps its id until it was missed as often.

        Returns:
            the tracks seen in this frame, each with its sighting, in the order of ids.
        """
        kept: list[Sighting] = []
        for sighting in sorted(sightings, key=_rank, reverse=True):
            if len(kept) < max_faces and all(overlap(sighting.box, other.box) < SAME_FACE_IOU for other in kept):
                kept.append(sighting)
        waiting = self.missing
        seen: dict[str, Sighting] = {}
        for sighting in kept:
            track = sighting.track or _nearest(sighting, waiting)
            if track is None:
                self._count += 1
                track = Track(f"{self._prefix}f{self._count:04d}", sighting.box, sighting.points)
                self.tracks.append(track)
            elif track in waiting:
                waiting.remove(track)
            seen[track.face_id] = sighting
        for track in self.tracks:
            if track.face_id in seen:
                track.box, track.points = seen[track.face_id].box, seen[track.face_id].points
                track.seen, track.missed = track.seen + 1, 0
                track.shown = track.shown or track.seen >= hysteresis_frames
            else:
                track.seen, track.missed = 0, track.missed + 1
        self.tracks = [t for t in self.tracks if t.missed == 0 or (t.shown and t.missed < hysteresis_frames)]
        return [(track, seen[track.face_id]) for track in self.tracks if track.face_id in seen]

    def clear(self) -> None:
        """Forgets every face; ids go on counting."""
        self.tracks = []


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _rank(sighting: Sighting) -> tuple[bool, float]:
    return sighting.track is not None and sighting.track.shown, sighting.presence


def _nearest(sighting: Sighting, waiting: list[Track]) -> Track | None:
    best = max(waiting, key=lambda track: overlap(sighting.box, track.box), default=None)
    return best if best is not None and overlap(sighting.box, best.box) >= SAME_FACE_IOU else None
