"""Faces in an image: BlazeFace (arXiv 1907.05047), short and full range, by LiteRT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from facegpt_ros import engines
from facegpt_ros.errors import ConfigError, ImageError, WeightsError

MIN_IMAGE_SIDE_PX = 16
_NMS_IOU = 0.3
_LOGIT_CLIP = 80.0  # exp stays finite in float32


@dataclass(frozen=True)
class Detection:
    """One face found.

    Attributes:
        box: (x0, y0, x1, y1) px in the source image; may reach over its border.
        score: 0..1.
        keypoints: (6, 2) px: right eye, left eye, nose tip, mouth centre, right ear, left ear (of the subject: the
            right eye is the left one in the image).
    """

    box: tuple[float, float, float, float]
    score: float
    keypoints: np.ndarray


class Detector(Protocol):
    """What finds faces in a whole image."""

    def detect(self, image_bgr: np.ndarray, min_score: float = 0.5) -> list[Detection]: ...


@dataclass(frozen=True)
class _Variant:
    weights: str
    size: int
    # (grid side, anchors per cell) of each group of layers with equal stride, as in MediaPipe's SsdAnchorsCalculator.
    grids: tuple[tuple[int, int], ...]


_VARIANTS = {
    "short_range": _Variant("blazeface_short_range", 128, ((16, 2), (8, 6))),  # strides 8, 16, 16, 16: 896 anchors
    "full_range": _Variant("blazeface_full_range", 192, ((48, 1),)),  # stride 4: 2304 anchors
}


class BlazeFace:
    """One BlazeFace network.

    Args:
        variant: "short_range" (faces within about 2 m, 128 × 128) or "full_range" (within about 5 m, 192 × 192).
        weights: the .tflite; None: the manifest's, which must be in the cache.

    Raises:
        ConfigError: unknown variant.
        WeightsError: the weights are missing, altered or not a BlazeFace of this variant.
    """

    def __init__(self, variant: str, weights: Path | None = None) -> None:
        from ai_edge_litert.interpreter import Interpreter

        if variant not in _VARIANTS:
            raise ConfigError(f"detector is '{variant}'; use one of {', '.join(_VARIANTS)}")
        spec = _VARIANTS[variant]
        self.size = spec.size
        self._anchors = _anchor_centres(spec.grids)  # (A, 2), of the input's side
        path = weights or engines.fetch(spec.weights, download=False)
        try:
            # One thread: at 1-5 ms a call more threads only take cores from the estimator.
            self._network = Interpreter(model_path=str(path), num_threads=1)
            self._network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError(f"{path}: not a model that LiteRT loads ({error})") from error
        outputs = {tuple(d["shape"]): d["index"] for d in self._network.get_output_details()}
        anchors = len(self._anchors)
        try:
            self._input = self._network.get_input_details()[0]["index"]
            self._boxes, self._scores = outputs[(1, anchors, 16)], outputs[(1, anchors, 1)]
        except KeyError as error:
            raise WeightsError(f"{path}: outputs {sorted(outputs)} are not those of BlazeFace {variant}") from error

    def detect(self, image_bgr: np.ndarray, min_score: float = 0.5, fill: float = 1.0) -> list[Detection]:
        """Faces in an (H, W, 3) uint8 BGR image, best first.

        Args:
            min_score: 0..1.
            fill: share of the network's input that the image's longer side takes; the rest is black.

        Raises:
            ImageError: the image is not (H, W, 3) uint8 or smaller than 16 px.
        """
        check_image(image_bgr)
        square, scale, left, top = _letterbox(image_bgr, self.size, fill)
        rgb = cv2.cvtColor(square, cv2.COLOR_BGR2RGB).astype(np.float32)
        self._network.set_tensor(self._input, (rgb * (2 / 255) - 1)[None])
        self._network.invoke()
        logits = self._network.get_tensor(self._scores)[0, :, 0]  # (A,)
        scores = 1 / (1 + np.exp(-np.clip(logits, -_LOGIT_CLIP, _LOGIT_CLIP)))
        keep = np.flatnonzero(scores >= min_score)
        if not len(keep):
            return []
        raw = self._network.get_tensor(self._boxes)[0, keep].astype(np.float64)  # (K, 16): centre, size, 6 keypoints
        points = raw.reshape(len(keep), 8, 2)
        points[:, [0, 2, 3, 4, 5, 6, 7]] += self._anchors[keep, None] * self.size
        boxes, weights = _weighted_suppression(points, scores[keep])
        # Letterboxed → source pixels. BlazeFace counts from the first pixel's corner, images here from its centre.
        boxes[:, [0, 2, 3, 4, 5, 6, 7]] = (boxes[:, [0, 2, 3, 4, 5, 6, 7]] - (left, top)) / scale - 0.5
        boxes[:, 1] /= scale
        found = []
        for (centre, extent, *keypoints), score in zip(boxes, weights, strict=True):
            x0, y0 = centre - extent / 2
            x1, y1 = centre + extent / 2
            found.append(Detection((x0, y0, x1, y1), float(score), np.array(keypoints)))
        return found


class AutoDetector:
    """Short range; where it finds none, full range; then short range with room around a face that fills the image."""

    def __init__(self) -> None:
        self._near = BlazeFace("short_range")
        self._far = BlazeFace("full_range")

    def detect(self, image_bgr: np.ndarray, min_score: float = 0.5) -> list[Detection]:
        return (
            self._near.detect(image_bgr, min_score)
            or self._far.detect(image_bgr, min_score)
            or self._near.detect(image_bgr, min_score, fill=0.5)
        )


def load_detector(name: str) -> Detector:
    """ "auto", "short_range" or "full_range" (config: perception.detector)."""
    return AutoDetector() if name == "auto" else BlazeFace(name)


def check_image(image: np.ndarray) -> None:
    """Raises ImageError unless image is (H, W, 3) uint8 of at least 16 × 16 px."""
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"image is {what}; give (H, W, 3) uint8 BGR (cv2.cvtColor turns grey into BGR)")
    if min(image.shape[:2]) < MIN_IMAGE_SIDE_PX:
        height, width = image.shape[:2]
        raise ImageError(
            f"image is {width}x{height} px; the smallest usable is {MIN_IMAGE_SIDE_PX}x{MIN_IMAGE_SIDE_PX}"
        )


def _anchor_centres(grids: tuple[tuple[int, int], ...]) -> np.ndarray:
    centres = []
    for side, per_cell in grids:
        axis = (np.arange(side) + 0.5) / side
        y, x = np.meshgrid(axis, axis, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(centres)


def _letterbox(image: np.ndarray, size: int, fill: float) -> tuple[np.ndarray, float, int, int]:
    """The image shrunk or grown into a black square; with the scale and the left and top margins, px of the square."""
    height, width = image.shape[:2]
    scale = size * fill / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size - w) // 2, (size - h) // 2
    square = np.zeros((size, size, 3), np.uint8)
    square[top : top + h, left : left + w] = small
    return square, scale, left, top


def _weighted_suppression(points: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """BlazeFace's blending: every group of overlapping boxes becomes its score-weighted mean, which jitters less.

    Args:
        points: (K, 8, 2): centre, size, keypoints.
        scores: (K,).

    Returns:
        points (M, 8, 2) and scores (M,), best first.
    """
    low, high = points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2
    area = np.prod(points[:, 1], axis=1)
    order = np.argsort(-scores)
    blended, best = [], []
    while len(order):
        first = order[0]
        overlap = np.prod(np.maximum(0, np.minimum(high[first], high[order]) - np.maximum(low[first], low[order])), 1)
        group = overlap / np.maximum(area[first] + area[order] - overlap, 1e-9) > _NMS_IOU
        group[0] = True
        members = order[group]
        blended.append(np.average(points[members], axis=0, weights=scores[members]))
        best.append(scores[first])
        order = order[~group]
    return np.array(blended), np.array(best)
