"""`facegpt morphable show` and `info`: look at any face model, and print what it holds."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from facegpt_ros.errors import ConfigError, ModelError

HELP = "draw the mean, random faces, or what each axis does, to a picture or the screen"
INFO_HELP = "print name, version, licence, counts and names as JSON"
OPEN = "open"  # the word for the model that ships with the package
_COLUMNS = {"mean": 5, "random": 6, "identity": 8, "expression": 8, "albedo": 8, "axes": 8, "tones": 5}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument(
        "--what",
        choices=tuple(_COLUMNS),
        default="random",
        help="identity, albedo, axes (the named ones): each at -2.5 and +2.5 σ; expression: each at 1, or at ±2.5 σ; "
        "tones: the mean face in Monk's ten skin tones",
    )
    parser.add_argument("--count", type=int, default=24, help="how many faces or axes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, help="picture to write (default: faces.png, with --screen none)")
    parser.add_argument("--screen", action="store_true", help="open the picture in a window")


def add_info_arguments(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)


def run(args: argparse.Namespace) -> int:
    import cv2

    from facegpt_ros.morphable.loaders import load_model
    from facegpt_ros.morphable.model import MorphableModel
    from facegpt_ros.viz.contact_sheet import contact_sheet
    from facegpt_ros.viz.gallery import axes, mean_face, named_axes, random_faces, skin_tones

    if args.count < 1:
        raise ConfigError(f"--count is {args.count}; give at least 1")
    viewer = _viewer() if args.screen else []
    model = load_model(model_of(args.model), landmarks=args.landmarks)
    if args.what == "mean":
        pictures = mean_face(model)
    elif args.what == "random":
        pictures = random_faces(model, args.count, args.seed)
    elif args.what == "tones":
        pictures = skin_tones(model)
    elif args.what == "axes":
        if not isinstance(model, MorphableModel):
            raise ModelError(f"{model.name} has no named axes; show --what identity")
        pictures = named_axes(model, args.count)
    else:
        pictures = axes(model, args.what, args.count)
    out = args.out
    if out is None:
        # The viewer reads it after this command has ended, so a temporary one stays.
        out = Path(tempfile.mkdtemp(prefix="facegpt-")) / "faces.png" if args.screen else Path("faces.png")
    try:
        written = cv2.imwrite(str(out), contact_sheet(pictures, _COLUMNS[args.what]))
    except cv2.error:  # an ending that OpenCV does not know
        written = False
    if not written:
        raise ModelError(f"{out} cannot be written; give -o a folder that exists and an image suffix such as .png")
    print(out)
    if viewer:
        subprocess.Popen([*viewer, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 0


def run_info(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.loaders import load_model

    model = load_model(model_of(args.model), landmarks=args.landmarks)
    facts = {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "licence": model.licence,
        "vertices": model.n_vertices,
        "triangles": len(model.triangles),
        "identity": model.identity_names,
        "expression": model.expression_names,
        "albedo": model.albedo_names,
        "limits": model.limits,
        "landmarks": {scheme: len(model.embedding(scheme)[0]) for scheme in model.schemes},
        "regions": list(getattr(model, "regions", {})),
    }
    print(json.dumps(facts, indent=2))
    return 0


def model_of(name: str | Path | None) -> Path | None:
    """The path of a --model: None, and the word 'open', mean the model that ships with the package."""
    return None if name is None or str(name) == OPEN else Path(name)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        type=Path,
        help="BFM, FLAME, ICT-FaceKit or Surrey model: a file or folder (default: the open one that is shipped)",
    )
    parser.add_argument("--landmarks", type=Path, help="which of its vertices are iBUG's landmarks: .json, .txt, .npy")


def _viewer() -> list[str]:
    """The command that opens a picture here; OpenCV's headless build, which robots have, opens no windows.

    Raises:
        ConfigError: there is no screen, or nothing that opens pictures.
    """
    if sys.platform == "darwin":
        return ["open"]
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise ConfigError(
            "--screen: neither DISPLAY nor WAYLAND_DISPLAY is set; write a file with -o faces.png instead"
        )
    found = next((tool for tool in ("xdg-open", "gio", "eog", "feh", "display") if shutil.which(tool)), None)
    if found is None:
        raise ConfigError("--screen: no xdg-open here; install xdg-utils, or write a file with -o faces.png")
    return [found, "open"] if found == "gio" else [found]
