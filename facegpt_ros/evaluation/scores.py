"""What the whole pipeline, detection included, makes of one set of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facegpt_ros.evaluation.coverage import CoverageScores
from facegpt_ros.evaluation.expression_scores import ActionVisibility, ExpressionScores
from facegpt_ros.evaluation.photos import outlines, photos
from facegpt_ros.evaluation.picture_scores import PictureScores
from facegpt_ros.evaluation.renders import held_out_people, renders
from facegpt_ros.evaluation.shape import best_fit, shape_error
from facegpt_ros.evaluation.skin import skin_mask
from facegpt_ros.face import Face
from facegpt_ros.morphable.landmarks import OUTER_EYES
from facegpt_ros.morphable.photometric import SkinSurface
from facegpt_ros.morphable.pose import euler_from_matrix
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.fit_sheet import draw_skin

#: Renders of the val and the test split differ in their people and in their seed, and so in everything.
RENDER_SEEDS = {"val": 7001, "test": 9001}
Shot = Callable[[str, np.ndarray, Face | None, float | None], None]


#: Poses and shapes of faces turned by no more than this are told apart, degrees.
HALF_TURN, FULL_TURN = 40.0, 60.0


@dataclass
class Scores:
    """Figures of one set; lists hold one entry per detected face."""

    images: int = 0
    nme68: list[float] = field(default_factory=list)
    pose: list[np.ndarray] = field(default_factory=list)
    shape: list[np.ndarray] = field(default_factory=list)
    shape_mean_face: list[np.ndarray] = field(default_factory=list)
    shape_limit: list[np.ndarray] = field(default_factory=list)
    yaw: list[float] = field(default_factory=list)  # true
    expressions: ExpressionScores | None = None
    pictures: PictureScores = field(default_factory=PictureScores)
    coverage: CoverageScores = field(default_factory=CoverageScores)

    def as_json(self) -> dict:
        """The keys of `facegpt evaluate --json`."""
        out: dict = {
            "images": self.images,
            "detection": len(self.nme68) / max(self.images, 1),
            "nme68": float(np.mean(self.nme68)) if self.nme68 else None,
            "nme68_median": float(np.median(self.nme68)) if self.nme68 else None,
        }
        out |= self._turned("", 180.0)
        if self.yaw:
            out["within_40"] = float((np.abs(self.yaw) <= HALF_TURN).mean())
            out |= self._turned("_40", HALF_TURN) | self._turned("_60", FULL_TURN)
        out |= self.expressions.as_json() if self.expressions else {}
        out |= self.pictures.as_json()
        out["coverage_68"] = self.coverage.share()
        return out

    def _turned(self, suffix: str, limit_deg: float) -> dict:
        """pose_deg and shape_mm of the faces whose yaw is no more than this to either side."""
        out: dict = {}

        def some(column: list[np.ndarray]) -> list[np.ndarray]:
            turns = self.yaw or [0.0] * len(column)
            return [value for value, turn in zip(column, turns, strict=True) if abs(turn) <= limit_deg]

        if poses := some(self.pose):
            mean = np.abs(poses).mean(0)
            out[f"pose_deg{suffix}"] = dict(zip(("yaw", "pitch", "roll"), map(float, mean), strict=True))
        if shapes := some(self.shape):
            gaps = np.concatenate(shapes)
            mean_face = float(np.median(np.concatenate(some(self.shape_mean_face))))
            out[f"shape_mm{suffix}"] = {
                "median": float(np.median(gaps)),
                "mean": float(gaps.mean()),
                "std": float(gaps.std()),
                "mean_face_median": mean_face,
                "below_mean_face": 1 - float(np.median(gaps)) / max(mean_face, 1e-9),
                "limit_median": float(np.median(np.concatenate(some(self.shape_limit)))),
            }
        return out


def nme68(landmarks: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of 68 points (68, 2), as a share of the true distance of the outer eye corners."""
    unit = np.linalg.norm(truth[OUTER_EYES[1]] - truth[OUTER_EYES[0]])
    return float(np.linalg.norm(landmarks - truth, axis=1).mean() / unit)


def nearest(faces: Iterable[Face], truth: np.ndarray) -> Face | None:
    """The face whose landmarks' centre is nearest to the truth's, None when none lies within half the true extent."""
    centre, extent = truth.mean(0), np.ptp(truth, axis=0).max()
    found = [(float(np.linalg.norm(f.landmarks.mean(0) - centre)), i, f) for i, f in enumerate(faces)]
    best = min(found, default=None)
    return best[2] if best and best[0] < 0.5 * extent else None


def score_photos(pipeline: FacePipeline, folder: Path, split: str, fov_deg: float, show: Shot) -> Scores:
    """Each photo alone, as the first frame of a stream from an uncalibrated camera."""
    scores, surface = Scores(), SkinSurface(pipeline.model)
    for (name, image, truth), oval in zip(photos(folder, split), outlines(folder, split), strict=True):
        camera = Camera.from_fov(image.shape[1], image.shape[0], fov_deg)
        pipeline.reset()
        face = nearest(pipeline.process(image, camera, 0.0), truth)
        scores.images += 1
        error = nme68(face.landmarks, truth) if face else None
        if face is not None and error is not None:
            scores.nme68.append(error)
            scores.coverage.add(face, truth)
            scores.pictures.add(image, skin_mask(image, oval, truth), *draw_skin(image.shape, face, surface))
        show(name, image, face, error)
    return scores


def score_renders(pipeline: FacePipeline, count: int, split: str, show: Shot) -> Scores:
    """Rendered camera images with known intrinsics: landmarks, pose, expression and, by NoW's protocol, shape."""
    model = pipeline.model
    expressions = ExpressionScores(model.expression_names)
    scores = Scores(expressions=expressions)
    visible = ActionVisibility(model)
    corners, weights = model.embedding()
    rest = np.zeros(len(model.identity_names)), np.zeros(len(model.expression_names))

    def landmarks(vertices: np.ndarray) -> np.ndarray:
        return np.einsum("nci,nc->ni", vertices[corners], weights)

    def gap(vertices: np.ndarray, neutral: np.ndarray) -> np.ndarray:
        return shape_error(model, vertices, neutral, (landmarks(vertices), landmarks(neutral)))

    limits: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    for i, render in enumerate(renders(model, held_out_people(model, split), count, RENDER_SEEDS[split])):
        pipeline.reset()
        face = nearest(pipeline.process(render.image, render.camera, 0.0), render.landmarks)
        scores.images += 1
        error = nme68(face.landmarks, render.landmarks) if face else None
        show(f"{i:04d}", render.image, face, error)
        if face is None or error is None:
            continue
        scores.nme68.append(error)
        turn = euler_from_matrix(face.rotation) - euler_from_matrix(render.rotation)
        scores.pose.append((turn + 180) % 360 - 180)
        scores.yaw.append(float(euler_from_matrix(render.rotation)[0]))
        scores.coverage.add(face, render.landmarks)
        shown = visible(render.neutral, render.rotation, render.translation)
        expressions.add(render.expression, face.expression, shown)
        scores.shape.append(gap(model.vertices(face.identity, rest[1]), render.neutral))
        person = render.neutral.tobytes()
        if person not in limits:  # the same for every picture of a person
            limits[person] = (
                gap(model.vertices(*rest), render.neutral),
                gap(model.vertices(best_fit(model, render.neutral), rest[1]), render.neutral),
            )
        scores.shape_mean_face.append(limits[person][0])
        scores.shape_limit.append(limits[person][1])
    return scores
