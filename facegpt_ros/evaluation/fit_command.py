"""`facegpt evaluate --set scans` and `--method fit`: what the morphable model itself can follow."""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.fit_scores import score_fits
from facegpt_ros.evaluation.report import tell
from facegpt_ros.evaluation.scan_scores import score_scans, table
from facegpt_ros.evaluation.sheet import save_sheet, write_label
from facegpt_ros.face import Face
from facegpt_ros.fit_cli import PORTRAIT_FOV_DEG
from facegpt_ros.morphable.fit_image import ImageFitter
from facegpt_ros.morphable.loaders import load_model
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.viz.fit_sheet import photo_sheet


def run_scans(args: argparse.Namespace) -> int:
    def show(name: str) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)

    model = load_model(args.model) if args.model else MorphableModel.load()
    result = {"set": args.set, **score_scans(model, args.data, val=args.set.endswith("val"), show=show)}
    print(file=sys.stderr)
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def run_fits(args: argparse.Namespace) -> int:
    from facegpt_ros.evaluation.estimate_command import PHOTO_SETS, open_pipeline

    if args.set not in PHOTO_SETS:
        raise ConfigError(
            f"--method {args.method} is for photos, --set is {args.set}; give one of {', '.join(PHOTO_SETS)}"
        )
    tiles: list[np.ndarray] = []
    pipeline = open_pipeline(args) if args.method == "fit" else None
    fitter = ImageFitter(pipeline.model if pipeline else MorphableModel.load(args.model))

    def show(name: str, image: np.ndarray, face: Face, psnr: float, error: float) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)
        if args.sheet:
            tile = photo_sheet(image, face, fitter.surface, 160)
            write_label(tile, f"{psnr:.1f} dB {100 * error:.1f} %")
            tiles.append(tile)

    try:
        folder, split = args.set.split("-")
        scores = score_fits(fitter, args.data / folder, split, PORTRAIT_FOV_DEG, pipeline=pipeline, show=show)
    finally:
        if pipeline:
            pipeline.close()
    result = {
        "set": args.set,
        "method": args.method,
        "model": pipeline.model_id if pipeline else None,
        "morphable_model": fitter.model.model_id,
        **scores.as_json(),
    }
    tell(result, args.json)
    if args.sheet and tiles:
        save_sheet(args.sheet, tiles, args.tiles, 2)
    return 0
