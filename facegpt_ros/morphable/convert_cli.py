"""`facegpt morphable convert`: a face's coefficients, carried from one model to another."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.morphable.show_cli import model_of

if TYPE_CHECKING:
    from facegpt_ros.morphable.carry import Carried
    from facegpt_ros.morphable.theta_file import Theta

HELP = "carry coefficients from one model to another, by fitting"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FROM", help="model of the coefficients: a file or folder, or 'open'")
    parser.add_argument("target", metavar="TO", help="model to carry them to: a file or folder, or 'open'")
    parser.add_argument(
        "--theta",
        type=Path,
        required=True,
        help='.json with "identity", "expression", "albedo" (lists, or numbers by name) and "pose", such as `facegpt '
        'reconstruct` writes; or with "deep3d", Deep3DFaceRecon\'s 257 numbers; or .npz with arrays of these names',
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help=".json or .npz to write")
    parser.add_argument("--from-landmarks", type=Path, help="which vertices of FROM are iBUG's landmarks: .json, .txt")
    parser.add_argument("--to-landmarks", type=Path, help="the same of TO")
    parser.add_argument("--json", action="store_true", help="print the errors as JSON")


def run(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.carry import Carrier
    from facegpt_ros.morphable.loaders import load_model
    from facegpt_ros.morphable.theta_file import read_theta, write_theta

    source = load_model(model_of(args.source), landmarks=args.from_landmarks)
    theta = read_theta(args.theta, source)
    target = load_model(model_of(args.target), landmarks=args.to_landmarks)
    carried = Carrier(source, target).carry(theta.identity, theta.expression, theta.albedo)
    error_mm = {"neutral": summary(carried.neutral_mm), "expressive": summary(carried.expressive_mm)}
    report = {
        "from": {"model": source.model_id, "theta": str(args.theta)},
        "error_mm": error_mm,
        "covered": round(carried.covered, 3),
        "albedo_carried": bool(source.albedo_names and target.albedo_names),
    }
    write_theta(args.out, _placed(theta, carried), target, {"converted": report})
    if args.json:
        print(json.dumps({"file": str(args.out), "to": {"model": target.model_id}, **report}))
        return 0
    print(f"{args.out}: {target.name}, {target.licence}")
    for face, error in error_mm.items():
        print(f"{face:>10}: median {error['median']:.2f} mm, mean {error['mean']:.2f}, 95 % within {error['p95']:.2f}")
    print(f"over {100 * carried.covered:.0f} % of the face's vertices; the rest has no counterpart in {source.name}")
    if not report["albedo_carried"]:
        print(f"albedo is the mean one: {(source if not source.albedo_names else target).name} has no albedo axes")
    return 0


def summary(errors_mm: np.ndarray) -> dict[str, float]:
    """Median, mean and 95th percentile of distances (N,), mm."""
    return {
        "median": round(float(np.median(errors_mm)), 3),
        "mean": round(float(np.mean(errors_mm)), 3),
        "p95": round(float(np.quantile(errors_mm, 0.95)), 3),
    }


def _placed(theta: Theta, carried: Carried) -> Theta:
    """The target's θ, its pose such that the two faces coincide in the camera's frame."""
    from facegpt_ros.morphable.theta_file import Theta

    pose: dict[str, Any] = {}
    if theta.rotation is not None and theta.translation is not None:
        pose["rotation"] = theta.rotation @ carried.rotation
        pose["translation"] = theta.rotation @ carried.translation + theta.translation
    return Theta(carried.identity, carried.expression, carried.albedo, **pose)
