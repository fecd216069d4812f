"""`facegpt bench path`: the per-frame path without ROS, stage by stage, by faces and by cameras."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facegpt_ros import engines
from facegpt_ros.backends.onnx_runtime import language_threads
from facegpt_ros.bench import cameras, ceilings
from facegpt_ros.bench.chart import Panels, chart
from facegpt_ros.bench.graph_cost import Cost, convolution_cost, language_cost
from facegpt_ros.bench.interleaved import Turn, interleaved, ratio, summary
from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError
from facegpt_ros.face import Face
from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.perception.crop import CropCamera
from facegpt_ros.perception.pipeline import FacePipeline, build_pipeline
from facegpt_ros.perception.relight import Relighting
from facegpt_ros.portrait import PORTRAIT_CENTRE, PORTRAIT_FACE
from facegpt_ros.render.camera import Camera
from facegpt_ros.up import split_parameters

_TILE = (160, 240)  # px, of one face
_COLUMNS, _ROWS = 4, 2
_MOST = _COLUMNS * _ROWS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--faces", type=int, nargs="+", default=[1, 2, 4, 8], metavar="N", help="default: 1 2 4 8")
    parser.add_argument(
        "--cameras", type=int, nargs="+", default=[1, 2, 3, 4], metavar="N", help="of one face each; default: 1 2 3 4"
    )
    parser.add_argument("--repeats", type=int, default=60, help="frames of each (default: %(default)s)")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the stages, and frames a second")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="one parameter, see `facegpt config`"
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Figures, and the exit status."""
    if not all(1 <= count <= _MOST for count in args.faces + args.cameras) or not 2 <= args.repeats <= 10_000:
        asked = f"--faces is {args.faces}, --cameras {args.cameras} and --repeats {args.repeats}"
        raise ConfigError(f"{asked}; give 1 to {_MOST} of each, and 2 to 10000 repeats")
    given, _ = split_parameters(args.set)
    config = Config.from_flat({"estimator.name": "facegpt", "perception.max_faces": _MOST} | given)
    paths = {count: _Path(config, count) for count in sorted(set(args.faces))}
    turns = {f"{count} {name}": turn for count, path in paths.items() for name, turn in path.turns.items()}
    before_cameras = build_pipeline(config)
    groups = {n: cameras.FollowedCameras(before_cameras, config, n, crowd(1)) for n in sorted(set(args.cameras))}
    turns |= {f"{n} cameras {name}": turn for n, group in groups.items() for name, turn in group.turns.items()}
    energy, begun = ceilings.energy_uj(), time.monotonic()
    taken = interleaved(turns, args.repeats, what="frames", settling=1)
    watts = _watts(energy, ceilings.energy_uj(), time.monotonic() - begun)
    best = ceilings.measure(config.estimator.threads or language_threads())
    first = min(paths)
    figures: dict[str, Any] = {
        "estimator": paths[first].pipeline.model_id,
        "provider": paths[first].pipeline.provider,
        "ceilings": best.as_json(),
        "watts": watts,
        "faces": {},
        "cameras": cameras.figures(
            {n: {name: taken[f"{n} cameras {name}"] for name in group.turns} for n, group in groups.items()}
        ),
    }
    for count, path in paths.items():
        spent = {name: taken[f"{count} {name}"] for name in path.turns}
        row: dict[str, Any] = {"ms": {name: summary(values) for name, values in spent.items()}}
        row["fps"] = round(1e3 / row["ms"]["frame"]["median"], 1)
        row[f"times_{first}"] = ratio(spent["frame"], taken[f"{first} frame"])
        row["of_ceiling"] = {name: _reached(parts, best, row["ms"][name]) for name, parts in path.costs.items()}
        figures["faces"][str(count)] = row
        path.pipeline.close()
    before_cameras.close()
    if args.plot is not None:
        chart(args.plot, _panels(figures))
    return figures, 0


_Parts = list[tuple[str, Cost]]  # of a stage: what each part is computed in, and what it costs


class FollowedCrowd:
    """A pipeline that follows so many faces of an image, or one that fills an image of another size.

    Attributes: pipeline; image (H, W, 3) uint8 BGR; faces; pixels (N, S, S, 3) uint8, their crops.

    Raises:
        ConfigError: not all of them are followed.
    """

    def __init__(self, config: Config, count: int, size: tuple[int, int] | None = None) -> None:
        self.pipeline = build_pipeline(config)
        self.image = crowd(count) if size is None else cv2.resize(crowd(count)[60:180, :160], size)
        self._camera = Camera.from_fov(self.image.shape[1], self.image.shape[0], config.camera.assumed_fov_deg)
        self.faces: list[Face] = []
        for _ in range(cameras.SETTLING):
            self.faces = self.frame()
        if len(self.faces) != count:
            found = f"{len(self.faces)} of {count} faces are followed"
            raise ConfigError(f"{found}; leave the perception parameters as they are")
        self.crops = [CropCamera.from_points(self._camera, _points(self.pipeline, face)) for face in self.faces]
        self.pixels = self.cut()

    def frame(self) -> list[Face]:
        """The image once more."""
        return self.pipeline.process(self.image, self._camera, 0.0)

    def cut(self) -> np.ndarray:
        return np.stack([crop.extract(self.image, self.pipeline.estimator.crop_size) for crop in self.crops])


class _Path:
    """The frame and its stages one by one, and what some of them must multiply and read."""

    def __init__(self, config: Config, count: int) -> None:
        followed = FollowedCrowd(config, count)
        pipeline, estimator = followed.pipeline, followed.pipeline.estimator
        self.pipeline = pipeline
        self.turns: dict[str, Turn] = {"frame": followed.frame, "crop": followed.cut}
        self.costs: dict[str, _Parts] = {}
        pixels, half_extent = followed.pixels, np.array([crop.half_extent for crop in followed.crops])
        estimate = estimator.infer(pixels)
        if isinstance(estimator, FaceGPTEstimator):
            tokens, guess = estimator.see(pixels)
            self.turns["vision"] = lambda: estimator.see(pixels)
            self.turns["language"] = lambda: estimator.reader.frames(tokens, guess)
            self.turns["vision and language"] = lambda: estimator.infer(pixels)
            if "cpu" in estimator.provider.lower():  # whose ceilings are measured
                sees = (estimator.vision_precision, convolution_cost(estimator.vision_path, count))
                reads = (estimator.precision, _language_cost(estimator, tokens))
                self.costs = {"vision": [sees], "language": [reads], "vision and language": [sees, reads]}
        else:
            self.turns["estimator"] = lambda: estimator.infer(pixels)
        if pipeline.config.relight:
            relighting = Relighting(pipeline.model)
            self.turns["relight"] = lambda: relighting.refine(pixels, half_extent, estimate)


def crowd(count: int) -> np.ndarray:
    """(480, 640, 3) uint8 BGR with so many portraits, of one size however many they are."""
    portrait = cv2.imread(str(engines.fetch("astronaut")))
    width, height = _TILE
    image = np.full((height * _ROWS, width * _COLUMNS, 3), 96, np.uint8)
    for place in range(count):
        scale = (0.5 + 0.01 * place) * height / PORTRAIT_FACE
        matrix = cv2.getRotationMatrix2D(PORTRAIT_CENTRE, 3.0 * (place - 3), scale)
        matrix[:, 2] += np.array([width, height]) / 2 - PORTRAIT_CENTRE
        tile = cv2.warpAffine(portrait, matrix, _TILE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        row, column = divmod(place, _COLUMNS)
        image[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return image


def _points(pipeline: FacePipeline, face: Face) -> np.ndarray:
    """Landmarks of a face in the optical frame, (68, 3) m."""
    one = (face.identity[None], face.expression[None], face.rotation[None], face.translation[None])
    return posed_landmarks(pipeline.model, *one)[0]


def _language_cost(estimator: FaceGPTEstimator, tokens: np.ndarray) -> Cost:
    reader = estimator.reader
    each = {"int8": 1.0, "int8_blocks": 1.125, "fp16": 2.0, "fp32": 4.0}[estimator.precision]
    return language_cost(reader.config, reader.layers, tokens.shape[1] + reader.after, reader.before, len(tokens), each)


def _reached(parts: _Parts, best: ceilings.Ceilings, ms: dict[str, float]) -> dict[str, Any]:
    """The least time that this machine could take, and its share of what was taken: half the time, and at best, as
    ceilings are measured too.
    """
    bounds = [best.bound_ms(cost.multiplications, cost.bytes_read, precision) for precision, cost in parts]
    bound = {name: sum(one[name] for one in bounds) for name in bounds[0]}
    name = max(bound, key=lambda part: bound[part])
    return {
        "gmac": round(sum(cost.multiplications for _, cost in parts) / 1e9, 3),
        "mbytes": round(sum(cost.bytes_read for _, cost in parts) / 1e6, 1),
        "bound": name,
        "bound_ms": round(bound[name], 2),
        "reached": round(bound[name] / ms["median"], 3),
        "reached_at_best": round(bound[name] / ms["min"], 3),
    }


def _parts(ms: dict[str, dict[str, float]]) -> dict[str, float]:
    """Medians of the stages, and what is left of the frame."""
    parts = {name: values["median"] for name, values in ms.items() if name not in ("frame", "vision and language")}
    return parts | {"rest": max(0.0, ms["frame"]["median"] - sum(parts.values()))}


def _panels(figures: dict[str, Any]) -> Panels:
    """Milliseconds by stage, and frames a second, of each number of faces and of cameras."""
    by_faces = {_counted(n, "face"): row for n, row in figures["faces"].items()}
    by_cameras = {_counted(n, "camera"): row for n, row in figures["cameras"].items()}
    fps = {name: {"camera 1": row["fps"]} for name, row in by_faces.items()}
    fps |= {
        name: {f"camera {nth + 1}": row["fps"] for nth in range(int(name.split()[0]))}
        for name, row in by_cameras.items()
    }
    return {
        "ms of a frame, by stage": {name: _parts(row["ms"]) for name, row in by_faces.items()},
        "frames a second: of each camera, and of all together": fps,
    }


def _counted(count: str, what: str) -> str:
    return f"{count} {what}" if count == "1" else f"{count} {what}s"


def _watts(before: int | None, after: int | None, seconds: float) -> float | None:
    """None where the system does not tell, or the counter began anew."""
    if before is None or after is None or after < before:
        return None
    return round((after - before) / 1e6 / seconds, 1)
