"""A real scan in front of the camera: meshmonk's DemoFace, carried to the model's topology so that it can be rendered.

The scan has no colours, no whole eyes and spikes. What is rendered is therefore the model's best fit to it with every
vertex of the face moved on to the scan's own surface: eyes, ears and the rear of the head are the model's, the rest
lies within 0.2 mm (median) of the scan. The error is measured to the scan itself, not to what was rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facegpt_ros.evaluation.now import NowScorer, Shot, TrueFace
from facegpt_ros.evaluation.renders import renders
from facegpt_ros.evaluation.scans import LightStage, ScanCase, meshmonk
from facegpt_ros.morphable.fit import Fitter
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.surface import Surface

NAME = "DemoFace_10K"
_NOT_SCANNED = ("eyes", "mouth_inner", "teeth", "gums", "tongue")
_NEAR_M, _FAR_M = 0.002, 0.004  # from the fit: moved fully, not at all


@dataclass(frozen=True)
class CarriedFace:
    """A scan on the model's topology.

    Attributes:
        neutral: (V, 3) m, model frame, to be rendered.
        fitted: (V, 3) m, model frame, the model's best fit: its own limit.
        truth: the scan, in metres.
    """

    neutral: np.ndarray
    fitted: np.ndarray
    truth: TrueFace


def carried(model: MorphableModel, case: ScanCase) -> CarriedFace:
    """Carries a scan in metres, with triangles, to the model's topology.

    Raises:
        ScanError: the fit finds no face at the landmarks.
    """
    fitter = Fitter(model)
    fit = fitter.fit(case.scan, case.landmarks, scale=1.0)
    theta = np.concatenate([fit.identity, fit.expression])
    fitted = fitter.vertices(theta)
    in_model = (case.scan.vertices - fit.translation) @ fit.rotation
    surface = Surface(in_model, case.scan.triangles)
    hits = surface.nearest(fitted)
    weight = np.clip((_FAR_M - hits.distance) / (_FAR_M - _NEAR_M), 0, 1) * model.regions["face"]
    for name in _NOT_SCANNED:
        weight = weight * (1 - model.regions[name])
    neutral = fitted + weight[:, None] * (surface.positions(hits) - fitted)
    seven = NowScorer(model).seven(neutral) @ fit.rotation.T + fit.translation
    return CarriedFace(neutral, fitted, TrueFace(case.scan.vertices[case.region], seven, 1e3))


def demo_face(model: MorphableModel, data: Path) -> CarriedFace:
    """DemoFace of ../shared/data.

    Raises:
        ConfigError: data lacks ict/ or scans/.
    """
    (case,) = meshmonk(data, LightStage(data), {NAME})
    return carried(model, case)


def demo_shots(model: MorphableModel, face: CarriedFace, count: int, seed: int, yaw_deg: float) -> Iterator[Shot]:
    """Pictures of a carried scan, as renders.renders takes them."""
    people = face.neutral[None].astype(np.float32)
    for i, picture in enumerate(renders(model, people, count, seed, yaw_deg=yaw_deg)):
        yield Shot(
            f"{NAME} {i:03d}",
            "scan",
            picture.image,
            picture.camera,
            face.truth,
            NAME,
            lambda: face.fitted,
            picture.landmarks,
        )
