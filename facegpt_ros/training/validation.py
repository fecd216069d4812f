"""What a regressor is worth: landmarks on photos it never saw, pose on renders, and a sheet of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.face import CropEstimate
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.landmarks import IBUG68_LINES, OUTER_EYES
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import euler_from_matrix, seen_yaw
from facegpt_ros.training.backgrounds import Backgrounds
from facegpt_ros.training.occluders import pixels
from facegpt_ros.training.photos import Photos
from facegpt_ros.training.sampling import project
from facegpt_ros.training.shape_distance import shape_distance
from facegpt_ros.training.synthetic import RenderBatch, Synthesizer

Infer = Callable[[np.ndarray], np.ndarray]
"""crops (N, S, S, 3) uint8 BGR → raw θ (N, D)."""

_SEED = 987654321


class Validation:
    """Fixed sets, made once: every val photo under the standard framing, and renders of one seed.

    Args:
        model: the morphable model.
        photos: one split for each set's name.
        size: S, px.
        renders: how many.

    Attributes:
        renders: those with exact labels, some without a face.
    """

    def __init__(self, model: MorphableModel, photos: dict[str, Photos], size: int, renders: int = 384) -> None:
        self.model = model
        self.layout = ThetaLayout.of(model)
        self._photos = {name: [split.plain(i, size) for i in range(len(split))] for name, split in photos.items()}
        self._shape = shape_distance(model)
        synthesizer = Synthesizer(model, Backgrounds(_SEED, count=60), _SEED)
        rng = np.random.default_rng(_SEED)
        parts = [synthesizer.batch(rng, 64, size) for _ in range(max(1, renders // 64))]
        self.renders = RenderBatch(*(np.concatenate(field) for field in zip(*parts, strict=True)))

    @property
    def crops(self) -> np.ndarray:
        """All crops, photos first: (N, S, S, 3) uint8 BGR."""
        photos = [sample.crop[None] for samples in self._photos.values() for sample in samples]
        return np.concatenate([*photos, self.renders.crops])

    def labelled(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Each set of photos, and the renders that show a face: crops (N, S, S, 3), half_extent (N,) and landmarks
        (N, 68, 2) crop units.
        """
        for samples in self._photos.values():
            fields = ([s.crop for s in samples], [s.half_extent for s in samples], [s.landmarks for s in samples])
            crops, half_extent, landmarks = (np.stack(field) for field in fields)
            yield crops, half_extent.astype(np.float32), landmarks.astype(np.float32)
        present = self.renders.theta[:, self.layout.presence] > 0.5
        yield tuple(getattr(self.renders, name)[present] for name in ("crops", "half_extent", "landmarks"))  # type: ignore[misc]

    def measure(self, infer: Infer) -> dict[str, float]:
        """nme68_<set>: share of the outer-eye distance. On renders also the pose's mean absolute error in degrees,
        identity (mean landmark distance in mm, expression as labelled), shape (share of the mean face's error),
        expression (mean difference, and correlation, which a face that never moves cannot have) and presence accuracy.
        """
        out = {}
        for name, samples in self._photos.items():
            estimate = self.layout.decode(_in_parts(infer, np.stack([s.crop for s in samples])))
            truth = np.stack([s.landmarks for s in samples])
            predicted = landmarks_of(self.model, estimate, np.array([s.half_extent for s in samples]))
            out[f"nme68_{name}"] = float(nme(predicted, truth).mean())
        estimate = self.layout.decode(_in_parts(infer, self.renders.crops))
        present = self.renders.theta[:, self.layout.presence] > 0.5
        labels = self.layout.decode(self.renders.theta)
        predicted = landmarks_of(self.model, estimate, self.renders.half_extent)
        truth = self.renders.landmarks
        # In profile the eyes' distance in the picture vanishes: the box's size is the measure there.
        extent = np.ptp(truth, axis=1).max(1)
        error = np.linalg.norm(predicted - truth, axis=-1).mean(1) / extent
        out["nme68_renders_box"] = float(error[present].mean())
        turn = euler_from_matrix(estimate.rotation) - euler_from_matrix(labels.rotation)
        turn = np.abs((turn + 180) % 360 - 180)[present].mean(0)
        out |= {f"pose_deg_{axis}": float(v) for axis, v in zip(("yaw", "pitch", "roll"), turn, strict=True)}
        shape = self.model.landmarks(estimate.identity, labels.expression) - self.model.landmarks(
            labels.identity, labels.expression
        )
        out["identity_mm"] = float(1000 * np.linalg.norm(shape, axis=-1).mean(1)[present].mean())
        # Of every identity that the model can say, by NoW's measure; 1 is the mean face for everybody.
        gaps, prior = ((labels.identity - at)[present] @ self._shape for at in (estimate.identity, 0))
        out["shape_of_mean_face"] = float(np.abs(gaps).mean() / np.abs(prior).mean())
        out["expression_l1"] = float(np.abs(estimate.expression - labels.expression)[present].mean())
        out["expression_corr"] = _correlation(estimate.expression[present], labels.expression[present])
        out["presence_accuracy"] = float(((estimate.presence > 0.5) == present).mean())
        return out

    def sheet(self, infer: Infer, path: Path, side: int = 192) -> None:
        """Writes a PNG: 24 photos of each set and 24 renders with the predicted landmarks (green; red: the label)."""
        rows = []
        for samples in self._photos.values():
            chosen = [samples[i] for i in np.linspace(0, len(samples) - 1, 24).astype(int)]
            rows.append(
                (
                    np.stack([s.crop for s in chosen]),
                    np.stack([s.landmarks for s in chosen]),
                    np.array([s.half_extent for s in chosen]),
                )
            )
        renders = self.renders
        rows.append((renders.crops[:24], renders.landmarks[:24], renders.half_extent[:24]))
        tiles = []
        for crops, truth, half_extent in rows:
            predicted = landmarks_of(self.model, self.layout.decode(_in_parts(infer, crops)), half_extent)
            tiles += [_tile(c, t, p, side) for c, t, p in zip(crops, truth, predicted, strict=True)]
        columns = 12
        lines = [np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
        cv2.imwrite(str(path), np.concatenate(lines))


def landmarks_of(model: MorphableModel, estimate: CropEstimate, half_extent: np.ndarray) -> np.ndarray:
    """(N, 68, 2) crop units."""
    translation = estimate.translation(half_extent)
    points = model.landmarks(estimate.identity, estimate.expression, yaw=seen_yaw(estimate.rotation, translation))
    return project(points, estimate.rotation, translation, half_extent)


def nme(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, 68, 2) twice → (N,): mean distance over the outer-eye distance of the truth."""
    right, left = OUTER_EYES
    unit = np.linalg.norm(truth[:, right] - truth[:, left], axis=1)
    return np.linalg.norm(predicted - truth, axis=-1).mean(1) / unit


def _correlation(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Pearson's, mean over columns in which the truth varies; 0 where the prediction does not: (N, E) twice."""
    predicted, truth = predicted - predicted.mean(0), truth - truth.mean(0)
    spread = np.linalg.norm(predicted, axis=0) * np.linalg.norm(truth, axis=0)
    varies = np.linalg.norm(truth, axis=0) > 1e-6
    return float(((predicted * truth).sum(0) / np.maximum(spread, 1e-9))[varies].mean())


def _in_parts(infer: Infer, crops: np.ndarray, part: int = 64) -> np.ndarray:
    return np.concatenate([infer(crops[i : i + part]) for i in range(0, len(crops), part)])


def _tile(crop: np.ndarray, truth: np.ndarray, predicted: np.ndarray, side: int) -> np.ndarray:
    tile = cv2.resize(crop, (side, side), interpolation=cv2.INTER_CUBIC)
    for x, y in pixels(truth, side):
        cv2.circle(tile, (round(float(x)), round(float(y))), 1, (0, 0, 255), -1)
    at = np.round(pixels(np.clip(predicted, -3, 3), side) * 16).astype(np.int32)
    for first, last, closed in IBUG68_LINES:
        cv2.polylines(tile, [at[first : last + 1]], closed, (0, 255, 0), 1, cv2.LINE_AA, 4)
    return tile
