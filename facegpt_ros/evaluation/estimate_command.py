"""`facegpt evaluate` of an estimator: photos, renders, NoW's protocol, identity and jitter."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from facegpt_ros.config import Config
from facegpt_ros.evaluation.report import tell
from facegpt_ros.evaluation.scores import RENDER_SEEDS, score_photos, score_renders
from facegpt_ros.evaluation.sheet import face_tile, save_sheet
from facegpt_ros.face import Face
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline

FOLDERS = ("congress", "sfhq")
PHOTO_SETS = tuple(f"{what}-{split}" for what in FOLDERS for split in ("val", "test"))
_COLUMNS = 8
Show = Callable[[str, np.ndarray, Face | None, float | None], None]


def open_pipeline(args: argparse.Namespace) -> FacePipeline:
    """The estimator that the command names, in a pipeline that judges each picture alone."""
    return judging_pipeline(args.estimator, args.weights, args.precision, args.layers)


def judging_pipeline(estimator: str = "", weights: str = "", precision: str = "", layers: int = 0) -> FacePipeline:
    """A pipeline that judges each picture alone; what is empty is as in the node.

    Raises:
        ConfigError: no estimator has that name.
    """
    values: dict[str, object] = {
        "perception.hysteresis_frames": 1,
        "perception.smoothing": False,
        "perception.max_faces": 4,
        "estimator.weights": weights,
        "estimator.layers": layers,
    }
    if precision:
        values["estimator.precision"] = precision
    if estimator:
        values["estimator.name"] = estimator
    return build_pipeline(Config.from_flat(values))


def run_estimates(args: argparse.Namespace) -> int:
    pipeline = open_pipeline(args)
    tiles: list[np.ndarray] = []
    unit = "mm" if args.set.startswith("now") else "%"

    def show(name: str, image: np.ndarray, face: Face | None, error: float | None) -> None:
        print(f"\r{args.set} {name:<40}", end="", file=sys.stderr, flush=True)
        if args.sheet:
            label = "" if error is None else f"{error:.2f} mm" if unit == "mm" else f"{100 * error:.1f} %"
            tiles.append(face_tile(pipeline.model, image, face, label))

    try:
        if args.set in PHOTO_SETS:
            folder, split = args.set.split("-")
            figures = score_photos(pipeline, args.data / folder, split, _fov(args), show).as_json()
        else:
            what, _, split = args.set.partition("-")
            score = {"renders": _renders, "now": _now, "identity": _identity, "jitter": _jitter}[what]
            figures = score(pipeline, args, split or "test", show)
    finally:
        pipeline.close()
    result = {
        "set": args.set,
        "model": pipeline.model_id,
        "morphable_model": pipeline.model.model_id,
        **figures,
    }
    tell(result, args.json)
    if args.sheet and tiles:
        save_sheet(args.sheet, tiles, args.tiles, _COLUMNS)
    return 0


def _fov(args: argparse.Namespace) -> float:
    return float(Config().camera.assumed_fov_deg)


def _renders(pipeline: FacePipeline, args: argparse.Namespace, split: str, show: Show) -> dict:
    return score_renders(pipeline, args.count or 300, split, show).as_json()


def _now(pipeline: FacePipeline, args: argparse.Namespace, split: str, show: Show) -> dict:
    from facegpt_ros.evaluation.demo_face import demo_face, demo_shots
    from facegpt_ros.evaluation.now import YAW_DEG, NowScorer
    from facegpt_ros.evaluation.now_folder import now_shots
    from facegpt_ros.evaluation.realy_folder import score_realy
    from facegpt_ros.evaluation.renders import held_out_people, renders

    model, scorer, seed = pipeline.model, NowScorer(pipeline.model), RENDER_SEEDS[split]
    count = args.count or 200
    pictures = renders(model, held_out_people(model, split), count, seed, yaw_deg=YAW_DEG)
    out = {"yaw_deg": YAW_DEG, "people": scorer.score(pipeline, scorer.shots_of_people(pictures), show)}
    if split == "test" and (args.data / "scans").is_dir():
        face = demo_face(model, args.data)
        shots = demo_shots(model, face, max(1, count // 4), seed + 1, YAW_DEG)
        out["scan"] = scorer.score(pipeline, shots, show)
    if args.now:
        out["now"] = scorer.score(pipeline, now_shots(model, args.now, _fov(args), count=args.count), show)
    if args.realy:
        out["realy"] = score_realy(pipeline, args.realy, _fov(args), count=args.count, show=show)
    return out


def _identity(pipeline: FacePipeline, args: argparse.Namespace, split: str, show: Show) -> dict:
    from facegpt_ros.evaluation.identity_scores import IdentityScores, identity_of_photos, identity_of_renders

    crowd, out = IdentityScores(), {}
    for name in FOLDERS:
        if (args.data / name).is_dir():
            part = identity_of_photos(pipeline, args.data / name, split, _fov(args), show, count=args.count)
            crowd += part
            out[name] = part.as_json()
    photos = crowd.as_json() if crowd.people else None
    rendered = identity_of_renders(pipeline, split, show, count=args.count).as_json()
    return {
        "identity_top1": photos["top1_cosine"] if photos else None,
        "identity_top1_renders": rendered["top1_cosine"],
        "photos": photos,
        "renders": rendered,
        **out,
    }


def _jitter(pipeline: FacePipeline, args: argparse.Namespace, split: str, show: Show) -> dict:
    from facegpt_ros.evaluation.jitter import NOISE, PATH_FRAMES, path_jitter, still_jitter
    from facegpt_ros.evaluation.motion import paths, still_photos, still_renders

    model, count = pipeline.model, args.count or 8
    stills = {"renders": still_jitter(pipeline, still_renders(model, split, count), show)}
    for name in FOLDERS:
        if (args.data / name).is_dir():
            photos = still_photos(args.data / name, split, _fov(args), count)
            stills[name] = still_jitter(pipeline, photos, show)
    every = [part["head_mm"] for part in stills.values() if "head_mm" in part]
    moved = list(paths(model, split, max(1, count // 2), PATH_FRAMES))
    return {
        "noise_levels": NOISE,
        "jitter_mm": float(np.max(every)) if every else None,
        "still": stills,
        "path": {
            "unsmoothed": path_jitter(pipeline, moved, show, smoothing=False),
            "smoothed": path_jitter(pipeline, moved, show, smoothing=True),
        },
    }
