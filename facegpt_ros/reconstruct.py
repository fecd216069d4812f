"""`facegpt reconstruct`: photos to overlays, textured meshes and coefficients."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError, FaceGPTError, ImageError
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline
from facegpt_ros.photo_file import read_photo
from facegpt_ros.reconstruction import Stopwatch, face_files, png, write_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.overlay import draw_overlay, warm_up

_DEFAULT = Config()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="photos, in any format OpenCV reads")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--fov",
        type=float,
        default=_DEFAULT.camera.assumed_fov_deg,
        metavar="DEG",
        help="field of view of the camera over the longer image side, degrees (default: %(default)g); "
        "too small a value puts faces too far away",
    )
    parser.add_argument(
        "--max-faces",
        type=int,
        default=_DEFAULT.perception.max_faces,
        metavar="N",
        help="at most so many faces of an image (default: %(default)s)",
    )
    parser.add_argument("--neutral", action="store_true", help="the mesh without the photo's expression")


def run(args: argparse.Namespace) -> int:
    """Status 1 when an image failed; the others are done all the same."""
    # Before the weights are loaded: what is wrong with the command shall be said at once.
    config = Config.from_flat(
        {
            "perception.hysteresis_frames": 1,
            "perception.smoothing": False,
            "perception.max_faces": args.max_faces,
            "camera.assumed_fov_deg": args.fov,
        }
    )
    make_folder(args.output)
    pipeline = build_pipeline(config)
    try:
        warm_up(pipeline.model)
        return reconstruct(args.images, args.output, pipeline, fov_deg=args.fov, neutral=args.neutral)
    finally:
        pipeline.close()


def make_folder(folder: Path) -> None:
    """Makes the output folder and tries to write to it.

    Raises:
        ConfigError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".facegpt.{os.getpid()}.part"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be written to ({error.strerror}); choose another folder with -o"
        ) from error


def reconstruct(
    images: Sequence[Path], folder: Path, pipeline: FacePipeline, *, fov_deg: float, neutral: bool = False
) -> int:
    """Reconstructs every image; says what it wrote on stdout, and what failed and why on stderr.

    Args:
        images: files to read.
        folder: to write to; it must exist.
        pipeline: without hysteresis and smoothing.
        fov_deg: field of view over the longer image side, degrees.
        neutral: meshes without expression.

    Returns:
        0, or 1 when an image failed.
    """
    names = OutputNames(folder, images)
    start, failed, faces = time.monotonic(), 0, 0
    # tqdm draws nothing where stderr is no terminal; a single image needs no bar.
    with tqdm(images, unit="image", disable=None if len(images) > 1 else True, leave=False) as progress:
        for path in progress:
            try:
                count, line = _reconstruct_one(path, names, pipeline, fov_deg, neutral)
                faces += count
                tqdm.write(line, file=sys.stdout)
            except FaceGPTError as error:
                failed += 1
                tqdm.write(str(error), file=sys.stderr)
            except OSError as error:
                failed += 1
                where = f"{error.filename or folder} cannot be written ({error.strerror})"
                tqdm.write(f"{path}: {where}; make room, or choose another folder with -o", file=sys.stderr)
    took = f"{time.monotonic() - start:.1f} s"
    report = f"{_count(faces, 'face')} from {_count(len(images) - failed, 'image')} in {folder} ({took})"
    print(f"{report}; {_count(failed, 'image')} failed, see above" if failed else report)
    return 1 if failed else 0


class OutputNames:
    """Names under which nothing of this run, and none of its input, is overwritten."""

    def __init__(self, folder: Path, images: Sequence[Path]) -> None:
        self.folder = folder
        here = folder.resolve()
        self._taken = {path.name.casefold() for path in images if path.resolve().parent == here}

    def take(self, stem: str, faces: int) -> tuple[str, list[str]]:
        """The name of an image's overlay and those of its faces, without endings: stem, else stem-2, ..."""
        number = 1
        while True:
            name = stem if number == 1 else f"{stem}-{number}"
            of_faces = [name] if faces == 1 else [f"{name}_{index}" for index in range(faces)]
            files = {file.casefold() for face in of_faces for file in face_files(face)} | {f"{name}.png".casefold()}
            if not files & self._taken:
                self._taken |= files
                return name, of_faces
            number += 1


def _reconstruct_one(
    path: Path, names: OutputNames, pipeline: FacePipeline, fov_deg: float, neutral: bool
) -> tuple[int, str]:
    """Writes all of one image; the number of faces, and a line that says what was written."""
    watch = Stopwatch()
    image = read_photo(path)
    watch.lap("read")
    pipeline.reset()
    try:
        faces = pipeline.process(image, Camera.from_fov(image.shape[1], image.shape[0], fov_deg), 0.0)
    except FaceGPTError as error:
        raise ImageError(f"{path}: {error}") from error
    watch.lap("faces")
    if not faces:
        raise ImageError(f"{path}: no face found; give a photo with an upright face of at least about 30 px")
    faces.sort(key=lambda face: -face.roi[2] * face.roi[3])  # the most prominent first
    stem, of_faces = names.take(path.stem, len(faces))
    write_whole(names.folder / f"{stem}.png", png(draw_overlay(image, faces, pipeline.model)))
    watch.lap("overlay")
    for index, (face, name) in enumerate(zip(faces, of_faces, strict=True)):
        about = {"image": path.name, "index": index, "faces": len(faces), "model_id": pipeline.model_id}
        write_face(image, face, pipeline.model, names.folder, name, about=about, watch=watch.fork(), neutral=neutral)
    written = f"{stem}.png, " + ", ".join(f"{name}.obj + .json" for name in of_faces)
    renamed = "" if stem == path.stem else f" ({path.stem} is taken)"
    return len(faces), f"{path}: {_count(len(faces), 'face')}: {written}{renamed}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
