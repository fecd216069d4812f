"""What face/markers shows, as plain arrays; nodes/messages.py turns it into visualization_msgs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.posed import posed_landmarks

#: Lines of the 68 landmarks (iBUG order): jaw, brows, nose, eyes, lips; the last three runs are closed.
_RUNS = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))
_CLOSED_RUNS = ((36, 42), (42, 48), (48, 60), (60, 68))
#: Seconds after which rviz drops a marker that nobody renewed.
LIFETIME_S = 0.5


@dataclass(frozen=True)
class Marker:
    """One thing to draw, in the optical frame of the source image.

    Attributes:
        kind: "lines" (pairs of ends), "triangles" (three corners each) or "text".
        points: (P, 3) float64 m.
        colour: RGBA 0..1 of all points.
        colours: (P, 3) float RGB 0..1 of each point, or None.
        order: (N,) int, which of the points is at each end or corner; None: as they come.
        size: line width or letter height, m.
    """

    namespace: str
    kind: str
    points: np.ndarray
    colour: tuple[float, float, float, float]
    size: float = 0.0
    colours: np.ndarray | None = None
    order: np.ndarray | None = None
    text: str = ""


def face_markers(face: Face, model: MorphableModel, *, mesh: bool = False) -> list[Marker]:
    """The landmark lines and the name of one face, and with mesh its surface in its own colours."""

    def placed(points: np.ndarray) -> np.ndarray:
        return points.astype(np.float64) @ face.rotation.T + face.translation

    corners = posed_landmarks(model, face.identity, face.expression, face.rotation, face.translation)  # (68, 3)
    above = face.translation + 0.12 * face.rotation[:, 1]
    marks = [
        Marker("landmarks", "lines", corners, _colour_of(face.face_id), 0.0015, order=_landmark_pairs()),
        Marker("name", "text", above[None], _colour_of(face.face_id), 0.03, text=face.face_id),
    ]
    if mesh:
        vertices = placed(model.vertices(face.identity, face.expression))  # (V, 3)
        colours, order = model.colours(face.albedo), model.triangles.reshape(-1)
        marks.append(Marker("mesh", "triangles", vertices, (1.0, 1.0, 1.0, 1.0), 0.0, colours, order))
    return marks


@lru_cache(maxsize=1)
def _landmark_pairs() -> np.ndarray:
    pairs = [(i, i + 1) for start, end in (*_RUNS, *_CLOSED_RUNS) for i in range(start, end - 1)]
    pairs += [(end - 1, start) for start, end in _CLOSED_RUNS]
    return np.array(pairs).reshape(-1)


def _colour_of(face_id: str) -> tuple[float, float, float, float]:
    palette = ((0.2, 0.9, 0.4), (0.3, 0.7, 1.0), (1.0, 0.7, 0.2), (0.9, 0.4, 0.9), (1.0, 0.4, 0.4), (0.4, 1.0, 1.0))
    return (*palette[sum(face_id.encode()) % len(palette)], 1.0)
