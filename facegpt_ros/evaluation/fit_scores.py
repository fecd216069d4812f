"""What analysis by synthesis makes of photographs: how near its picture comes to the photo, and where landmarks lie."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from facegpt_ros.evaluation.photos import labels, photos
from facegpt_ros.evaluation.scores import nearest, nme68
from facegpt_ros.evaluation.skin import skin_mask
from facegpt_ros.face import Face
from facegpt_ros.morphable.fit_image import ImageFitter
from facegpt_ros.morphable.landmarks import FACE_OVAL_MEDIAPIPE
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.fit_sheet import draw_skin


@dataclass
class FitScores:
    """Figures of one set; lists hold one entry per fitted photo."""

    images: int = 0
    psnr: list[float] = field(default_factory=list)
    covered: list[float] = field(default_factory=list)
    nme68: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    rms: list[tuple[float, float, float]] = field(default_factory=list)

    def as_json(self) -> dict:
        """The keys of `facegpt evaluate --method fit --json`."""
        if not self.psnr:
            return {"images": self.images, "fitted": 0}
        identity, expression, albedo = np.mean(self.rms, 0)
        return {
            "images": self.images,
            "fitted": len(self.psnr),
            "psnr_skin_db": float(np.mean(self.psnr)),
            "psnr_skin_db_p10": float(np.quantile(self.psnr, 0.1)),
            "skin_covered": float(np.mean(self.covered)),
            "nme68": float(np.mean(self.nme68)),
            "nme68_median": float(np.median(self.nme68)),
            "seconds_median": float(np.median(self.seconds)),
            "coefficient_rms": {"identity": identity, "expression": expression, "albedo": albedo},
        }


def score_fits(
    fitter: ImageFitter,
    folder: Path,
    split: str,
    fov_deg: float,
    *,
    pipeline: FacePipeline | None = None,
    show: Callable[[str, np.ndarray, Face, float, float], None] = lambda *_: None,
) -> FitScores:
    """Fits every photo of a split.

    Args:
        fitter: of the model.
        folder, split: as photos.photos.
        fov_deg: field of view over the longer image side.
        pipeline: what estimates the faces to begin with; None begins with the labels' 68 landmarks.
        show: told name, image, face, PSNR in dB and landmark error of each photo.

    Raises:
        ConfigError: the folder lacks a file.
    """
    scores = FitScores()
    ovals = labels(folder, split)[0][:, list(FACE_OVAL_MEDIAPIPE)]
    for (name, image, truth), oval in zip(photos(folder, split), ovals, strict=True):
        scores.images += 1
        camera = Camera.from_fov(image.shape[1], image.shape[0], fov_deg)
        began = time.monotonic()
        if pipeline is None:
            face = fitter.fit(image, camera, landmarks=truth)
        else:
            pipeline.reset()
            start = nearest(pipeline.process(image, camera, 0.0), truth)
            if start is None:
                continue
            face = fitter.fit(image, camera, start=start)
        scores.seconds.append(time.monotonic() - began)
        mask = skin_mask(image, oval, truth)
        picture, drawn = draw_skin(image.shape, face, fitter.surface)
        both = mask & drawn
        mse = float(((picture[both].clip(0, 255) - image[both]) ** 2).mean()) if both.any() else 255.0**2
        scores.psnr.append(10 * np.log10(255**2 / max(mse, 1e-6)))
        scores.covered.append(float(both.sum() / max(mask.sum(), 1)))
        scores.nme68.append(nme68(face.landmarks, truth))
        scores.rms.append(tuple(float(np.sqrt((c**2).mean())) for c in (face.identity, face.expression, face.albedo)))  # type: ignore[arg-type]
        show(name, image, face, scores.psnr[-1], scores.nme68[-1])
    return scores
