"""`facegpt morphable landmarks`: put a model's landmarks where labelled photographs have them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from facegpt_ros.errors import ConfigError
from facegpt_ros.evaluation.photos import labels
from facegpt_ros.morphable.fit_landmarks import LandmarkFitter
from facegpt_ros.morphable.landmarks import GROUPS, IBUG68_FROM_MEDIAPIPE, OUTER_EYES
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.camera import Camera


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="model file to start from (default: the shipped one)")
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        required=True,
        metavar="FOLDER",
        help="folder with split.csv and mediapipe468.npz; its train split is learnt from; may be given again",
    )
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--fov", type=float, default=15.0, help="field of view of the photos' longer side, degrees")
    parser.add_argument("--rounds", type=int, default=6, help="rounds at most")


def run(args: argparse.Namespace) -> int:
    from facegpt_ros.morphable.embedding import refine

    model = MorphableModel.load(args.model)
    train = _labelled(args.photos, "train", args.fov)
    held_out = {folder.resolve().name: _labelled([folder], "val", args.fov) for folder in args.photos}
    before = {name: landmark_errors(model, *photos) for name, photos in held_out.items()}
    refined = refine(model, *train, rounds=args.rounds, say=print)
    for name, photos in held_out.items():
        after = landmark_errors(refined, *photos)
        print(f"{name} val, 68 points of a fit to 468, % of the outer-eye distance (before → after):")
        print("  " + ", ".join(f"{group} {before[name][group]:.2f} → {after[group]:.2f}" for group in after))
    write_landmarks(args.model, refined, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")
    return 0


def landmark_errors(model: MorphableModel, landmarks: np.ndarray, cameras: Sequence[Camera]) -> dict[str, float]:
    """How far the 68 points of the model, fitted to 468 labels, lie from theirs: % of the outer-eye distance, by group.

    Args:
        landmarks: (N, 468, 2) px; cameras: one each.
    """
    ibug = list(IBUG68_FROM_MEDIAPIPE)
    fit, truth = LandmarkFitter(model, "mediapipe478").fit(landmarks, cameras).landmarks[:, ibug], landmarks[:, ibug]
    unit = np.linalg.norm(truth[:, OUTER_EYES[1]] - truth[:, OUTER_EYES[0]], axis=1)
    gap = 100 * (np.linalg.norm(fit - truth, axis=2) / unit[:, None]).mean(0)  # (68,)
    return {"all": float(gap.mean()), **{name: float(gap[rows].mean()) for name, rows in GROUPS.items()}}


def write_landmarks(source: Path | None, model: MorphableModel, out: Path) -> None:
    """Writes the model file `source` anew with the landmarks of `model`; all else stays as it is."""
    from facegpt_ros.morphable.model import SHIPPED

    with safe_open(str(source or SHIPPED), framework="np") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata() or {})
    for scheme in model.schemes:
        triangle, barycentric = model.surface_points(scheme)
        tensors[f"landmarks.{scheme}.triangle"] = triangle
        tensors[f"landmarks.{scheme}.barycentric"] = barycentric
    if model.contour is not None:
        tensors["landmarks.ibug68.contour.yaw"] = np.asarray(model.contour.yaw, np.float32)
        tensors["landmarks.ibug68.contour.triangle"] = np.asarray(model.contour.triangle, np.int32)
        tensors["landmarks.ibug68.contour.barycentric"] = np.asarray(model.contour.barycentric, np.float32)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, str(partial), metadata)
    partial.chmod(0o644)
    partial.replace(out)


def _labelled(folders: Sequence[Path], split: str, fov_deg: float) -> tuple[np.ndarray, list[Camera]]:
    """Landmarks (N, 468, 2) px and cameras of one split of all folders."""
    found = [labels(folder, split) for folder in folders]
    landmarks = np.concatenate([points for points, _ in found])
    if not len(landmarks):
        raise ConfigError(f"no photo of split '{split}' in {', '.join(map(str, folders))}; give other --photos")
    return landmarks, [Camera.from_fov(width, height, fov_deg) for _, sizes in found for width, height in sizes]
