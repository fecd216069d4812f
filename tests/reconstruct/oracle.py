"""A pipeline whose faces are known, and a run of `facegpt reconstruct` with it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.errors import ImageError
from facegpt_ros.face import Face
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.reconstruct.find import find_sources
from facegpt_ros.reconstruct.image import ImageWorker, Job, Outcome
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.reconstruct.run import Summary, reconstruct
from facegpt_ros.reconstruct.source import Source
from facegpt_ros.render.camera import Camera
from facegpt_ros.render.shading import ambient

MODEL = MorphableModel.load()
FOV = 60.0


class Oracle:
    """A pipeline that sees as many faces as the grey level of the image's first pixel says."""

    model, model_id = MODEL, "oracle@0"

    def __init__(self) -> None:
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def process(self, image: np.ndarray, camera: Camera, stamp_s: float) -> list[Face]:
        if image.shape[0] < 16:
            raise ImageError("image is too small")
        return [face_of(camera, index) for index in range(int(image[0, 0, 0]))]


def face_of(camera: Camera, index: int = 0) -> Face:
    """Further right, further away and more turned with its index."""
    rng = np.random.default_rng(index)
    identity = rng.normal(0, 1, len(MODEL.identity_names)).astype(np.float32)
    expression = np.zeros(len(MODEL.expression_names), np.float32)
    expression[MODEL.expression_names.index("jawOpen")] = 0.6
    rotation = matrix_from_euler(10 + 5 * index, -5, 3)
    translation = np.array([0.1 * index - 0.05, 0.01, 0.5 + 0.1 * index])
    landmarks = camera.project(posed_landmarks(MODEL, identity, expression, rotation, translation))
    box = (*landmarks.min(0), *np.ptp(landmarks, axis=0))
    return Face(
        face_id=f"f{index}",
        confidence=0.9,
        roi=tuple(map(float, box)),
        rotation=rotation,
        translation=translation,
        identity=identity,
        expression=expression,
        albedo=np.zeros(len(MODEL.albedo_names), np.float32),
        illumination=ambient(),
        camera=camera,
        landmarks=landmarks,
    )


def photo(faces: int = 1, width: int = 160, height: int = 120) -> np.ndarray:
    return np.full((height, width, 3), faces, np.uint8)


def written(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


class Performer:
    """Does images in place with an Oracle, and counts them."""

    def __init__(self) -> None:
        self.oracle = Oracle()
        self.did: list[str] = []

    def __call__(self, job: Job, sources: Sequence[Source]) -> Generator[Outcome, None, None]:
        worker = ImageWorker(job, self.oracle)
        for source in sources:
            self.did.append(source.name)
            yield worker.do(source)


def run_in(folder: Path, *inputs: Path, performer: Performer | None = None, topic: str = "", **options) -> Summary:
    make_folder(folder)
    job = Job(folder, **{"fov_deg": FOV, **options})
    return reconstruct(find_sources(inputs, folder, topic or None), job, performer or Performer())


def reconstruct_in(folder: Path, *images: Path, **options) -> int:
    return 1 if run_in(folder, *images, **options).failed else 0


def names_in(folder: Path) -> list[str]:
    """Every file below a folder but the hidden ones, relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))
