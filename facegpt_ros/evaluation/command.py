"""`facegpt evaluate`: the README's accuracy figures."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.scores import score_photos, score_renders
from facegpt_ros.face import Face
from facegpt_ros.perception.pipeline import build_pipeline
from facegpt_ros.viz.contact_sheet import contact_sheet
from facegpt_ros.viz.overlay import draw_overlay

SETS = tuple(f"{what}-{split}" for what in ("congress", "sfhq") for split in ("val", "test"))
_TILE = 224
_COLUMNS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        choices=(*SETS, "renders", "renders-val", "scans", "scans-val"),
        required=True,
        help="photos of a split; renders of people the model never saw (renders: the test seed); or scans, which the "
        "morphable model itself is fitted to (scans-val: light-stage people for choosing the fit's options)",
    )
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder that holds congress/ and sfhq/"
    )
    parser.add_argument(
        "--method",
        choices=("estimate", "fit", "fit-labels"),
        default="estimate",
        help="photos: what the network estimates; that as the start of a fit by analysis by synthesis; or such a fit "
        "to the photo and its labelled landmarks, which needs no network",
    )
    parser.add_argument("--count", type=int, default=300, help="how many renders")
    parser.add_argument("--weights", default="", help="other regressor .onnx than the shipped one")
    parser.add_argument("--model", type=Path, help="scans and fit-labels: other morphable model than the shipped one")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of overlays here")
    parser.add_argument("--tiles", type=int, default=48, help="pictures on the contact sheet, evenly spread")


def run(args: argparse.Namespace) -> int:
    if args.set.startswith("scans"):
        return _run_scans(args)
    if args.method != "estimate":
        return _run_fits(args)
    config = Config.from_flat(
        {"perception.hysteresis_frames": 1, "perception.smoothing": False, "perception.max_faces": 4}
    )
    config = replace(config, estimator=replace(config.estimator, weights=args.weights))
    pipeline = build_pipeline(config)
    tiles: list[np.ndarray] = []

    def show(name: str, image: np.ndarray, face: Face | None, error: float | None) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)
        if args.sheet:
            tiles.append(_tile(pipeline.model, image, face, error))

    try:
        if args.set.startswith("renders"):
            scores = score_renders(pipeline, args.count, "val" if args.set.endswith("val") else "test", show)
        else:
            folder, split = args.set.split("-")
            scores = score_photos(pipeline, args.data / folder, split, config.camera.assumed_fov_deg, show)
    finally:
        pipeline.close()
    print(file=sys.stderr)
    result = {
        "set": args.set,
        "model": pipeline.model_id,
        "morphable_model": pipeline.model.model_id,
        **scores.as_json(),
    }
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    if args.sheet:
        chosen = np.linspace(0, len(tiles) - 1, min(args.tiles, len(tiles))).round().astype(int)
        cv2.imwrite(str(args.sheet), contact_sheet([tiles[i] for i in chosen], _COLUMNS))
    return 0


def _run_scans(args: argparse.Namespace) -> int:
    from facegpt_ros.evaluation.scan_scores import score_scans, table
    from facegpt_ros.morphable.loaders import load_model
    from facegpt_ros.morphable.model import MorphableModel

    def show(name: str) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)

    model = load_model(args.model) if args.model else MorphableModel.load()
    result = {"set": args.set, **score_scans(model, args.data, val=args.set.endswith("val"), show=show)}
    print(file=sys.stderr)
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def _run_fits(args: argparse.Namespace) -> int:
    from facegpt_ros.evaluation.fit_scores import score_fits
    from facegpt_ros.fit_cli import PORTRAIT_FOV_DEG
    from facegpt_ros.morphable.fit_image import ImageFitter
    from facegpt_ros.morphable.model import MorphableModel
    from facegpt_ros.viz.fit_sheet import photo_sheet

    if args.set not in SETS:
        raise ConfigError(f"--method {args.method} is for photos, --set is {args.set}; give one of {', '.join(SETS)}")
    tiles: list[np.ndarray] = []
    pipeline = None
    if args.method == "fit":
        names = {"perception.hysteresis_frames": 1, "perception.smoothing": False}
        config = Config.from_flat(names)
        pipeline = build_pipeline(replace(config, estimator=replace(config.estimator, weights=args.weights)))
    fitter = ImageFitter(pipeline.model if pipeline else MorphableModel.load(args.model))

    def show(name: str, image: np.ndarray, face: Face, psnr: float, error: float) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)
        if args.sheet:
            tile = photo_sheet(image, face, fitter.surface, 160)
            _write(tile, f"{psnr:.1f} dB {100 * error:.1f} %")
            tiles.append(tile)

    try:
        folder, split = args.set.split("-")
        scores = score_fits(fitter, args.data / folder, split, PORTRAIT_FOV_DEG, pipeline=pipeline, show=show)
    finally:
        if pipeline:
            pipeline.close()
    print(file=sys.stderr)
    result = {
        "set": args.set,
        "method": args.method,
        "model": pipeline.model_id if pipeline else None,
        "morphable_model": fitter.model.model_id,
        **scores.as_json(),
    }
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    if args.sheet and tiles:
        chosen = np.linspace(0, len(tiles) - 1, min(args.tiles, len(tiles))).round().astype(int)
        cv2.imwrite(str(args.sheet), contact_sheet([tiles[i] for i in chosen], 2))
    return 0


def _tile(model, image: np.ndarray, face: Face | None, error: float | None) -> np.ndarray:
    """The face and its surroundings with the mesh over it, square, with its error in percent."""
    if face is None:
        picture, label = image, "not found"
        centre, half = np.array(image.shape[1::-1]) / 2, max(image.shape[:2]) / 2
    else:
        picture, label = draw_overlay(image, [face], model), f"{100 * (error or 0):.1f} %"
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        centre, half = (low + high) / 2, 0.9 * (high - low).max()
    scale = _TILE / (2 * half)
    view = np.array([[scale, 0, _TILE / 2 - scale * centre[0]], [0, scale, _TILE / 2 - scale * centre[1]]])
    tile = cv2.warpAffine(picture, view, (_TILE, _TILE), flags=cv2.INTER_AREA)
    _write(tile, label)
    return tile


def _write(tile: np.ndarray, label: str) -> None:
    where = (6, tile.shape[0] - 8)
    cv2.putText(tile, label, where, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
