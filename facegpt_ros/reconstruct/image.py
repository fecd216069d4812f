"""One image, from its source to its files: what every worker does."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.config import Config
from facegpt_ros.errors import FaceGPTError, ImageError
from facegpt_ros.face import Face
from facegpt_ros.perception.pipeline import FacePipeline
from facegpt_ros.reconstruct.basel import BaselConverter
from facegpt_ros.reconstruct.names import face_names
from facegpt_ros.reconstruct.record import Records
from facegpt_ros.reconstruct.source import Source
from facegpt_ros.reconstruction import Stopwatch, face_files, png, write_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.overlay import draw_overlay

LOG = logging.getLogger(__name__)
ASSUMED_FOV_DEG = Config().camera.assumed_fov_deg


@dataclass(frozen=True)
class Job:
    """What is asked for, of every image alike. Plain data, which travels between processes.

    Attributes:
        folder: the output folder.
        fov_deg: field of view over the longer image side, degrees; None: a bag's camera_info, else what is assumed.
        max_faces: of an image.
        neutral: meshes without expression.
        basel: the user's Basel Face Model, for .mat files; None for none.
        made_with: which weights and models, name → sha256.
    """

    folder: Path
    fov_deg: float | None = None
    max_faces: int = Config().perception.max_faces
    neutral: bool = False
    basel: Path | None = None
    made_with: tuple[tuple[str, str], ...] = ()

    def config(self, threads: int = 0) -> Config:
        """Of a pipeline that sees every image as the first of its stream. Raises ConfigError: a value out of range."""
        return Config.from_flat(
            {
                "perception.hysteresis_frames": 1,
                "perception.smoothing": False,
                "perception.max_faces": self.max_faces,
                "estimator.threads": threads,
                "camera.assumed_fov_deg": ASSUMED_FOV_DEG if self.fov_deg is None else self.fov_deg,
            }
        )

    def records(self) -> Records:
        return Records(
            self.folder,
            {
                "fov_deg": self.fov_deg,
                "max_faces": self.max_faces,
                "neutral": self.neutral,
                "mat": self.basel is not None,
                "made_with": dict(self.made_with),
            },
        )


@dataclass(frozen=True)
class Outcome:
    """What became of one image: done (files: what was written), resumed (done before), or failed (reason)."""

    name: str
    label: str
    faces: int = 0
    files: str = ""
    resumed: bool = False
    reason: str = ""


class ImageWorker:
    """Does one image after the other.

    Args:
        job: what is asked for.
        pipeline: without hysteresis and smoothing, as job.config() says.
        converter: for .mat files; None for none.
    """

    def __init__(self, job: Job, pipeline: FacePipeline, converter: BaselConverter | None = None) -> None:
        self._job, self._pipeline, self._converter = job, pipeline, converter
        self._records = job.records()

    def do(self, source: Source) -> Outcome:
        """Does an image unless it is done; never raises for what is wrong with one image."""
        faces = self._records.faces_of(source)
        if faces is not None:
            return Outcome(source.name, source.label, faces, resumed=True)
        try:
            faces, files = self._do(source)
            return Outcome(source.name, source.label, faces, files)
        except FaceGPTError as error:
            reason = str(error)
        except OSError as error:
            where = f"{error.filename or self._job.folder} cannot be written ({error.strerror})"
            reason = f"{where}; make room, or choose another folder with -o"
        except Exception as error:  # one image of a hundred thousand must not end the others
            LOG.debug("%s", source.label, exc_info=True)
            reason = f"{type(error).__name__}: {error}; leave it out, and report it with the image"
        if not reason.startswith(source.label):
            reason = f"{source.label}: {reason}"
        return Outcome(source.name, source.label, reason=reason)

    def _do(self, source: Source) -> tuple[int, str]:
        """Number of faces, and what was written in words."""
        self._records.forget(source.name)
        watch = Stopwatch()
        reading = source.read()
        image = reading.image
        watch.lap("read")
        camera = reading.camera if self._job.fov_deg is None else None
        if camera is None:
            fov_deg = ASSUMED_FOV_DEG if self._job.fov_deg is None else self._job.fov_deg
            camera = Camera.from_fov(image.shape[1], image.shape[0], fov_deg)
        self._pipeline.reset()
        faces = self._pipeline.process(image, camera, 0.0)
        watch.lap("faces")
        if not faces:
            raise ImageError("no face found; give a photo with an upright face of at least about 30 px")
        faces.sort(key=lambda face: -face.roi[2] * face.roi[3])  # the most prominent first
        # Whoever does the image and whatever it did before, its faces are called like their files.
        faces = [replace(face, face_id=f"f{index}") for index, face in enumerate(faces)]
        place = self._job.folder / source.name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place.with_name(f"{place.name}.png"), png(draw_overlay(image, faces, self._pipeline.model)))
        watch.lap("overlay")
        names = face_names(place.name, len(faces))
        about = {**source.about, "faces": len(faces), "model_id": self._pipeline.model_id}
        files = [f"{place.name}.png"]
        for index, (face, name) in enumerate(zip(faces, names, strict=True)):
            files += self._write_face(face, reading.image, place.parent, name, {**about, "index": index}, watch.fork())
        below = Path(source.name).parent
        self._records.write(source.name, reading.identity, len(faces), [(below / file).as_posix() for file in files])
        endings = ".obj + .json" if self._converter is None else ".obj + .json + .mat"
        return len(faces), ", ".join([f"{source.name}.png", *(f"{below / name}{endings}" for name in names)])

    def _write_face(
        self, face: Face, image: Any, folder: Path, name: str, about: dict[str, Any], watch: Stopwatch
    ) -> list[str]:
        """Names of what was written of a face."""
        more = []
        if self._converter is not None:
            converted = self._converter.convert(face)
            more = [f"{name}.mat"]
            write_whole(folder / more[0], converted.mat)
            about = {**about, "deep3d": {"file": more[0], **converted.about}}
            watch.lap("mat")
        write_face(image, face, self._pipeline.model, folder, name, about=about, watch=watch, neutral=self._job.neutral)
        return [*face_files(name), *more]
