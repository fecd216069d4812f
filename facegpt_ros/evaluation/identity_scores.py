"""Whether an estimator knows a face again: the same one in another picture must be nearer than everybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.evaluation.photos import photos
from facegpt_ros.evaluation.renders import Studio, held_out_people
from facegpt_ros.evaluation.scores import RENDER_SEEDS, nearest
from facegpt_ros.face import Face
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera
from facegpt_ros.training.augment import colour, jpeg, noise, shade

#: Of the views and renders of the test split.
SEED = 5501
_SIDE = 320  # px of a view
_YAW_DEG = 40.0
Show = Callable[[str, np.ndarray, Face | None, float | None], None]


@dataclass
class IdentityScores:
    """Identities of the same people in two pictures each.

    Attributes:
        first, second: α (I,) of each person whose face was found in both.
        people: how many there were.
    """

    first: list[np.ndarray] = field(default_factory=list)
    second: list[np.ndarray] = field(default_factory=list)
    people: int = 0

    def add(self, first: Face | None, second: Face | None) -> None:
        """One person; None where the face was not found, which is a miss of top-1."""
        self.people += 1
        if first is not None and second is not None:
            self.first.append(first.identity)
            self.second.append(second.identity)

    def __add__(self, other: IdentityScores) -> IdentityScores:
        """Everybody of both, as one crowd."""
        return IdentityScores(self.first + other.first, self.second + other.second, self.people + other.people)

    def as_json(self) -> dict:
        """top1 by the cosine of α and by its Euclidean distance; chance is 1 / people."""
        found = len(self.first)
        out = {"people": self.people, "found": found / max(self.people, 1), "chance": 1 / max(self.people, 1)}
        if found < 2:
            return {**out, "top1_cosine": None, "top1_distance": None}
        first, second = np.array(self.first, np.float64), np.array(self.second, np.float64)
        share = found / self.people
        return {
            **out,
            "top1_cosine": share * top1(cosine_distances(first, second)),
            "top1_distance": share * top1(np.linalg.norm(first[:, None] - second[None], axis=2)),
        }


def cosine_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, I), (M, I) → (N, M), 1 - cos; 1 to a vector without length."""
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (first, second))
    return np.asarray(1 - a @ b.T)


def top1(distances: np.ndarray) -> float:
    """Share of rows and columns of (N, N) whose least entry is the diagonal's; who ties with another is not told."""
    others = distances + np.where(np.eye(len(distances), dtype=bool), np.inf, 0)
    own = np.diag(distances)
    return float(((own < others.min(1)).mean() + (own < others.min(0)).mean()) / 2)


def identity_of_photos(
    pipeline: FacePipeline, folder: Path, split: str, fov_deg: float, show: Show, *, count: int | None = None
) -> IdentityScores:
    """Two views of each photo of a split, with other light, colours, framing, noise and compression; none is mirrored.

    Both show one expression and one pose: this asks less than two photographs of a person would.
    """
    scores = IdentityScores()
    chosen = list(photos(folder, split))
    if count is not None and count < len(chosen):
        chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, count).round().astype(int)]
    for number, (name, image, landmarks) in enumerate(chosen):
        faces = []
        for which in range(2):
            seen, marks = view(image, landmarks, np.random.default_rng([SEED, number, which]))
            camera = Camera.from_fov(_SIDE, _SIDE, fov_deg)
            pipeline.reset()
            face = nearest(pipeline.process(seen, camera, 0.0), marks)
            show(f"{name} {which}", seen, face, None)
            faces.append(face)
        scores.add(*faces)
    return scores


def view(image_bgr: np.ndarray, landmarks: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One augmented view (320, 320, 3) uint8 BGR of a photo, and its landmarks (68, 2) px there."""
    low, high = landmarks.min(0), landmarks.max(0)
    zoom = _SIDE * rng.uniform(0.42, 0.62) / float((high - low).max())
    turn = np.radians(rng.uniform(-12, 12))
    axes = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = _SIDE * (0.5 + rng.uniform(-0.08, 0.08, 2)) - axes @ ((low + high) / 2)
    window = np.hstack([axes, shift[:, None]])
    flags = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    seen = cv2.warpAffine(image_bgr, window, (_SIDE, _SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    seen = jpeg(noise(colour(shade(seen, rng), rng), rng), rng)
    return seen, landmarks @ axes.T + shift


def identity_of_renders(pipeline: FacePipeline, split: str, show: Show, *, count: int | None = None) -> IdentityScores:
    """Two renders of each held-out person: the same skin, other light, expression and camera, yaw to ±40°."""
    scores, model = IdentityScores(), pipeline.model
    people = held_out_people(model, split)[:count]
    studio = Studio(model, RENDER_SEEDS[split] + SEED)
    for number, neutral in enumerate(people):
        albedo = studio.random_albedo(np.random.default_rng([SEED, number]))
        faces = []
        for which in range(2):
            rng = np.random.default_rng([RENDER_SEEDS[split], SEED, number, which])
            render = studio.shoot(neutral, rng, yaw_deg=_YAW_DEG, albedo=albedo)
            pipeline.reset()
            face = nearest(pipeline.process(render.image, render.camera, 0.0), render.landmarks)
            show(f"person {number} {which}", render.image, face, None)
            faces.append(face)
        scores.add(*faces)
    return scores
