"""`facegpt morphable albedo`: learn a model's albedo from photographs."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "learn skin from labelled photos: by vertex and as a texture (needs the train extra)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="model file to start from (default: the shipped one)")
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="folder with images/, split.csv and mediapipe468.npz; its train split is learnt from; may be given again",
    )
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--coefficients", type=int, default=200, help="skin axes to keep, tones included")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.model import SHIPPED
    from facegpt_ros.training.albedo.command import build_albedo

    build_albedo(args.model or SHIPPED, args.photos, args.out, count=args.coefficients, seed=args.seed)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0
