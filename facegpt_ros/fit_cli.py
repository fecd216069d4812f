"""`facegpt fit`: the morphable model fitted to photos and 3D scans."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from facegpt_ros.atomic_file import write_whole
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError, FaceGPTError, ImageError, ScanError
from facegpt_ros.morphable.fit import FitOptions, Fitter, ScanFit
from facegpt_ros.morphable.fit_image import ImageFitter
from facegpt_ros.morphable.landmark_file import FORMAT_HELP, read_landmarks
from facegpt_ros.morphable.linear import LinearModel
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.mesh_file import obj_text
from facegpt_ros.morphable.mesh_reader import MESH_SUFFIXES
from facegpt_ros.morphable.pose import quaternion_from_matrix
from facegpt_ros.morphable.scan import UNITS, Scan, read_scan, unit_of
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline
from facegpt_ros.perception.scan_landmarks import find_landmarks
from facegpt_ros.photo_file import read_photo
from facegpt_ros.reconstruct.names import OutputNames, face_names, make_folder
from facegpt_ros.reconstruction import Stopwatch, json_lines, png, rounded, write_face
from facegpt_ros.render.camera import Camera
from facegpt_ros.viz.fit_sheet import photo_sheet, scan_sheet

SCAN_FORMAT = "facegpt-scan-fit/1"
#: Portraits are taken from some way off; a wide angle would make noses of it.
PORTRAIT_FOV_DEG = 25.0
_FAR_OFF_MM = 5.0  # a median distance at which a fit is none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=f"photos, or 3D scans ({', '.join(MESH_SUFFIXES)})"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--model", type=Path, help="face model for scans, in any format that loads (default: the shipped one)"
    )
    parser.add_argument(
        "--landmarks", type=Path, metavar="FILE", help=f"of a scan, else they are looked for: {FORMAT_HELP}"
    )
    parser.add_argument(
        "--unit",
        choices=("auto", *UNITS, "any"),
        default="auto",
        help="of scans; auto tells mm, cm and m by the size of the face, any takes the size from the landmarks",
    )
    parser.add_argument("--expression", action="store_true", help="scans: the face is not at rest, fit its expression")
    parser.add_argument(
        "--prior-mm",
        type=float,
        default=FitOptions().prior_mm,
        metavar="MM",
        help="scans: a smaller number follows the scan more closely, a larger one stays nearer to likely faces "
        "(default: %(default)g)",
    )
    parser.add_argument(
        "--fov",
        type=float,
        default=PORTRAIT_FOV_DEG,
        metavar="DEG",
        help="photos: field of view over the longer image side, degrees (default: %(default)g)",
    )
    parser.add_argument(
        "--max-faces", type=int, default=1, metavar="N", help="photos: at most so many faces (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Status 1 when a file failed; the others are done all the same."""
    scans = [path for path in args.files if path.suffix.lower() in MESH_SUFFIXES]
    if args.landmarks and (len(scans) != 1 or len(args.files) != 1):
        raise ConfigError(f"--landmarks belong to one scan, {len(args.files)} files were given; fit that scan alone")
    if not 0.01 <= args.prior_mm <= 100:
        raise ConfigError(f"--prior-mm is {args.prior_mm:g}; it must lie within 0.01 and 100")
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
        return fit_files(args, pipeline)
    finally:
        pipeline.close()


def fit_files(args: argparse.Namespace, pipeline: FacePipeline) -> int:
    """Fits every file; says what it wrote on stdout, and what failed and why on stderr. 0, or 1 when one failed."""
    names = OutputNames(args.output, args.files)
    scans, photos = _ScanFits(args, pipeline), _PhotoFits(args, pipeline)
    start, failed = time.monotonic(), 0
    # tqdm draws nothing where stderr is no terminal; a single file needs no bar.
    with tqdm(args.files, unit="file", disable=None if len(args.files) > 1 else True, leave=False) as progress:
        for path in progress:
            fit: Callable[[Path, OutputNames], str] = scans.fit if path.suffix.lower() in MESH_SUFFIXES else photos.fit
            try:
                tqdm.write(fit(path, names), file=sys.stdout)
            except FaceGPTError as error:
                failed += 1
                said = str(error)
                tqdm.write(said if said.startswith(str(path)) else f"{path}: {said}", file=sys.stderr)
            except OSError as error:
                failed += 1
                where = f"{error.filename or args.output} cannot be written ({error.strerror})"
                tqdm.write(f"{path}: {where}; make room, or choose another folder with -o", file=sys.stderr)
    done = len(args.files) - failed
    report = f"{done} of {len(args.files)} fitted, in {args.output} ({time.monotonic() - start:.1f} s)"
    print(f"{report}; {failed} failed, see above" if failed else report)
    return 1 if failed else 0


class _PhotoFits:
    def __init__(self, args: argparse.Namespace, pipeline: FacePipeline) -> None:
        self.args, self.pipeline = args, pipeline
        self._fitter: ImageFitter | None = None

    def fit(self, path: Path, names: OutputNames) -> str:
        watch = Stopwatch()
        image = read_photo(path)
        watch.lap("read")
        self.pipeline.reset()
        try:
            faces = self.pipeline.process(image, Camera.from_fov(image.shape[1], image.shape[0], self.args.fov), 0.0)
        except FaceGPTError as error:
            raise ImageError(f"{path}: {error}") from error
        if not faces:
            raise ImageError(f"{path}: no face found; give a photo with an upright face of at least about 30 px")
        faces.sort(key=lambda face: -face.roi[2] * face.roi[3])  # the most prominent first
        watch.lap("estimate")
        if self._fitter is None:
            self._fitter = ImageFitter(self.pipeline.model)
        fitted = [self._fitter.fit(image, face.camera, start=face) for face in faces]
        watch.lap("fit")
        stem = names.take(path.stem)
        of_faces = face_names(stem, len(faces))
        sheets = [photo_sheet(image, face, self._fitter.surface) for face in fitted]
        write_whole(names.folder / f"{stem}.png", png(sheets[0]))
        for index, (face, name) in enumerate(zip(fitted, of_faces, strict=True)):
            if index:
                write_whole(names.folder / f"{name}.png", png(sheets[index]))
            about = {"image": path.name, "index": index, "faces": len(faces), "method": "analysis by synthesis"}
            write_face(image, face, self.pipeline.model, names.folder, name, about=about, watch=watch.fork())
        return f"{path}: {stem}.png, " + ", ".join(f"{name}.obj + .json" for name in of_faces)


class _ScanFits:
    def __init__(self, args: argparse.Namespace, pipeline: FacePipeline) -> None:
        self.args, self.pipeline = args, pipeline
        self.model: LinearModel = load_model(args.model) if args.model else pipeline.model
        self._fitter: Fitter | None = None

    def fit(self, path: Path, names: OutputNames) -> str:
        args, watch = self.args, Stopwatch()
        scan = read_scan(path)
        watch.lap("read")
        marks = read_landmarks(args.landmarks) if args.landmarks else find_landmarks(scan, self.pipeline)
        watch.lap("landmarks")
        if self._fitter is None:
            self._fitter = Fitter(self.model)
        options = replace(FitOptions(), prior_mm=args.prior_mm, expression=args.expression)
        scale = None if args.unit == "any" else UNITS.get(args.unit) or UNITS[self._unit(marks)]
        fit = self._fitter.fit(scan, marks, options, scale=scale)
        watch.lap("fit")
        error_mm = 1e3 * fit.errors / fit.scale
        if float(sorted(error_mm)[len(error_mm) // 2]) > _FAR_OFF_MM:
            raise ScanError(
                f"the best fit is {error_mm.mean():.1f} mm off on average: the landmarks or --unit are wrong, or it "
                "shows no face; give --landmarks"
            )
        stem = names.take(path.stem)
        uv = getattr(self.model, "uv_corners", np.zeros((*self.model.triangles.shape, 2), np.float32))
        frame = f"the frame and unit of {path.name}"
        text = obj_text(fit.vertices, self.model.triangles, uv, None, stem, frame=frame)
        write_whole(names.folder / f"{stem}.obj", text.encode("utf-8", "surrogateescape"))
        sheet = scan_sheet(scan, fit, self.model, self._fitter.triangles)
        write_whole(names.folder / f"{stem}.png", png(sheet))
        document = _scan_document(path, scan, fit, self.model, marks, args, watch)
        write_whole(names.folder / f"{stem}.json", json_lines(document))
        left = f"; left out {scan.left_out}" if scan.left_out else ""
        error = document["error_mm"]
        return f"{path}: {stem}.obj + .json, {stem}.png, {error['median']:.2f} mm median, unit {document['unit']}{left}"

    def _unit(self, marks: dict) -> str:
        assert self._fitter is not None
        return unit_of(self._fitter.scale_of(marks))


def _scan_document(
    path: Path,
    scan: Scan,
    fit: ScanFit,
    model: LinearModel,
    marks: dict,
    args: argparse.Namespace,
    watch: Stopwatch,
) -> dict:
    error_mm = 1e3 * fit.errors / fit.scale
    unit = next((name for name, size in UNITS.items() if size == fit.scale), f"1/{fit.scale:.6g} m")
    return {
        "format": SCAN_FORMAT,
        "scan": path.name,
        "vertices": len(scan.vertices),
        "triangles": len(scan.triangles),
        "left_out": scan.left_out,
        "morphable_model": {"name": model.name, "version": model.version, "sha256": model.sha256},
        "theta": {"identity": rounded(fit.identity, 4), "expression": rounded(fit.expression, 4)},
        "names": {"identity": model.identity_names, "expression": model.expression_names},
        "expression_fitted": bool(args.expression),
        "prior_mm": args.prior_mm,
        "pose": {
            "quaternion_xyzw": rounded(quaternion_from_matrix(fit.rotation), 6),
            "translation_m": rounded(fit.translation, 6),
            "scale": fit.scale,
        },
        "unit": unit,
        "frames": {"pose": "p_scan = scale (R(quaternion_xyzw) p_model + translation_m)", "mesh": "the scan's"},
        "landmarks": {
            "from": "file" if args.landmarks else "estimated from renders",
            "points": {str(i): rounded(point, 6) for i, point in marks.items()},
        },
        "error_mm": {
            "points": len(error_mm),
            "median": round(float(np.median(error_mm)), 4),
            "mean": round(float(error_mm.mean()), 4),
            "p95": round(float(np.quantile(error_mm, 0.95)), 4),
        },
        "timing_ms": {stage: round(spent, 1) for stage, spent in watch.laps.items()},
    }
