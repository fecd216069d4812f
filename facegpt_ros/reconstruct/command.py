"""`facegpt reconstruct`: photos, folders and bags to overlays, textured meshes and coefficients."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from facegpt_ros import engines
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.reconstruct.basel import load_basel
from facegpt_ros.reconstruct.find import find_sources
from facegpt_ros.reconstruct.image import ASSUMED_FOV_DEG, Job
from facegpt_ros.reconstruct.names import make_folder
from facegpt_ros.reconstruct.run import Perform, in_place, reconstruct

#: Files of the manifest that decide how results look.
_MADE_WITH = ("morphable_model", "regressor", "blazeface_short_range", "blazeface_full_range")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="photos, in any format OpenCV reads; folders, searched with all below them; ROS 2 bags: a folder with "
        "metadata.yaml, a .mcap or a .db3",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder to write to; what is done there is not done again, so a run that was stopped goes on",
    )
    parser.add_argument("--topic", metavar="NAME", help="of a bag, where it has images on several")
    parser.add_argument(
        "--fov",
        type=float,
        metavar="DEG",
        help="field of view of the camera over the longer image side, degrees (default: by a bag's camera_info, else "
        f"{ASSUMED_FOV_DEG:g}); too small a value puts faces too far away",
    )
    parser.add_argument(
        "--max-faces",
        type=int,
        default=Config().perception.max_faces,
        metavar="N",
        help="at most so many faces of an image (default: %(default)s)",
    )
    parser.add_argument("--neutral", action="store_true", help="the mesh without the photo's expression")
    parser.add_argument(
        "--mat",
        type=Path,
        metavar="BFM",
        help="a .mat of each face too, as Deep3DFaceRecon saves it; BFM is your BFM_model_front.mat, or "
        "01_MorphableModel.mat with Deep3DFaceRecon's files beside it",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="so many processes at once, with Ray (default: this one alone)"
    )
    parser.add_argument(
        "--ray",
        action="store_true",
        help="with Ray, on the cluster of RAY_ADDRESS or all cores of this machine; its machines must see inputs and "
        "output under the same paths",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary here")


def run(args: argparse.Namespace) -> int:
    """Status 1 when an image failed; the others are done all the same."""
    # Before the weights are loaded: what is wrong with the command shall be said at once.
    manifest = engines.read_manifest()
    made_with = {name: manifest[name].sha256 for name in _MADE_WITH if name in manifest}
    if args.mat:
        made_with["basel"] = load_basel(args.mat).sha256
    job = Job(
        folder=args.output,
        fov_deg=args.fov,
        max_faces=args.max_faces,
        neutral=args.neutral,
        basel=args.mat,
        made_with=tuple(made_with.items()),
    )
    job.config()
    if args.json and not args.json.absolute().parent.is_dir():
        raise ConfigError(f"--json is {args.json}: its folder does not exist; make it, or choose another one")
    perform = _performer(args)
    make_folder(args.output)
    return 1 if reconstruct(find_sources(args.inputs, args.output, args.topic), job, perform, args.json).failed else 0


def _performer(args: argparse.Namespace) -> Perform:
    """Raises ConfigError: the number of workers is out of range, or Ray is asked for and not there."""
    if args.workers is not None and not 1 <= args.workers <= 4096:
        raise ConfigError(f"--workers is {args.workers}; it must lie within 1 and 4096")
    if not args.ray and args.workers in (None, 1):
        return in_place
    from facegpt_ros.reconstruct.ray_pool import check_ray, on_ray

    check_ray()
    return partial(on_ray, workers=args.workers)
